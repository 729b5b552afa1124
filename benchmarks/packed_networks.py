"""Networks of the families whose loss is a function of weights and tensors alone.

That is what torch.func can put a leading axis before. Sizes are the laptop scale's; batches are
random, one for each seed, of the shapes that training has.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from families import decoder_settings, diffusion_settings, encoder_settings, language_settings
from torch import Tensor, nn
from torch.nn import functional

import lemmata.diffusion.experiment as diffusion
import lemmata.length_generalization.experiment as lengths
import lemmata.reinforcement_finetuning.language.pretraining as language
from lemmata.self_supervised.encoder import Encoder, Grid, Shape
from lemmata.training.batches import torch_generator
from lemmata.training.decoder import Decoder

Batch = tuple[Tensor, ...]


class NextToken(nn.Module):
    """Cross entropy of a decoder's next tokens.

    The decoder's own forward looks at the largest token and offset, which no vmapped call can.
    """

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """tokens, targets: (B, T)."""
        scores = self.decoder.scores(self.hidden(tokens))
        return functional.cross_entropy(scores.flatten(0, 1), targets.flatten())

    def hidden(self, tokens: Tensor) -> Tensor:
        """Final hidden states (B, T, D), as the decoder's own forward has them."""
        decoder = self.decoder
        places = torch.arange(tokens.shape[1], device=tokens.device)[None]
        x = decoder.token_embedding(tokens)
        if decoder.position_embedding is not None:
            x = x + decoder.position_embedding(places)
        for block in decoder.blocks:
            x, _ = block(x, places, None)
        hidden: Tensor = decoder.norm(x)
        return hidden


class Regression(nn.Module):
    """Mean squared error of a network's answer; the last tensor of a batch is what is wanted."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *batch: Tensor) -> Tensor:
        """batch: the network's inputs and what is wanted."""
        *inputs, wanted = batch
        error: Tensor = self.network(*inputs) - wanted
        return error.square().mean()


def decoder(seed: int) -> tuple[nn.Module, Batch]:
    """Of length generalization, rows as long as the longest trained on."""
    settings = decoder_settings(seed=seed)
    model = lengths.new_model(settings)
    return NextToken(model), token_rows(model, seed, settings.batch_size, settings.train_length)


def language_model(seed: int) -> tuple[nn.Module, Batch]:
    """Of finetuning."""
    settings = language_settings(seed=seed)
    task = language.task_of(settings)
    model = language.new_model(settings, task)
    return NextToken(model), token_rows(model, seed, settings.batch_size, task.length)


def token_rows(model: Decoder, seed: int, rows: int, length: int) -> Batch:
    """Random tokens (B, T), and what follows each."""
    generator = torch_generator(seed, "rows")
    count = model.token_embedding.num_embeddings
    tokens = torch.randint(0, count, (rows, length + 1), generator=generator)
    return tokens[:, :-1], tokens[:, 1:]


def denoiser(seed: int) -> tuple[nn.Module, Batch]:
    """Of guidance and diffusion, digits."""
    settings = diffusion_settings(seed=seed)
    count, generator = settings.batch_size, torch_generator(seed, "rows")
    x, wanted = torch.randn(2, count, 64, generator=generator)
    time, known = torch.rand(2, count, generator=generator)
    condition = torch.eye(10)[torch.arange(count) % 10]
    return Regression(diffusion.new_model(settings)), (x, time, condition, known.round(), wanted)


def encoder(seed: int) -> tuple[nn.Module, Batch]:
    """Of self-supervised learning: all patches in, tokens wanted."""
    settings, generator = encoder_settings(seed=seed), torch_generator(seed, "rows")
    shape = Shape(settings.width, settings.depth, settings.heads)
    network = Encoder(Grid(8, 1, settings.patch), shape, torch_generator(seed, "weights"))
    images = torch.randn(settings.batch_size, 1, 8, 8, generator=generator)
    wanted = torch.randn(settings.batch_size, network.grid.tokens, shape.width, generator=generator)
    return Regression(network), (images, wanted)


NETWORKS: dict[str, Callable[[int], tuple[nn.Module, Batch]]] = {
    "decoder of length generalization": decoder,
    "network of guidance and diffusion": denoiser,
    "encoder of self-supervised learning": encoder,
    "language model of finetuning": language_model,
}


def new_network(name: str, seed: int) -> tuple[nn.Module, Batch]:
    """A network of a family with its loss, and a batch."""
    return NETWORKS[name](seed)
