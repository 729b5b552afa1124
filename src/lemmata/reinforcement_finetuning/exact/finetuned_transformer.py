"""The small transformer before and after training, to see the bounds where training leads.

Each prompt has a right output, +1 against -1 for all others. Pretraining gives it a share from 0
to 1/2 by prompt and the rest to three distractors; finetuning ascends the exact expected reward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from lemmata.reinforcement_finetuning.exact.enumeration import output_log_probabilities
from lemmata.reinforcement_finetuning.exact.policies import PROMPTS, drawn_parameters, transformer
from lemmata.training.batches import torch_generator
from lemmata.training.loop import Run, train

TOKENS, LENGTH = 4, 3
SHARES: Final = (0.0, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.5)
"""Of the right output in pretraining, by prompt."""
DISTRACTORS: Final = 3
LEARNING_RATE: Final = 3e-3


def checkpoints(seed: int, steps: int) -> Iterator[tuple[str, nn.Module, Tensor]]:
    """(name, model, reward (PROMPTS, Y)) at random weights, pretrained, finetuned; `steps` each.

    The model is one, trained between the yields.
    """
    generator = torch_generator(seed, "exact transformer")
    model = transformer(TOKENS, LENGTH)
    drawn = drawn_parameters(model, torch.ones(1, dtype=torch.float64), generator)
    model.load_state_dict({name: value[0] for name, value in drawn.items()})
    outputs = TOKENS**LENGTH
    chosen = torch.stack([torch.randperm(outputs, generator=generator) for _ in range(PROMPTS)])
    right, distractors = chosen[:, :1], chosen[:, 1 : 1 + DISTRACTORS]
    share = torch.tensor(SHARES, dtype=torch.float64)[:, None]
    target = torch.zeros(PROMPTS, outputs, dtype=torch.float64).scatter(1, right, share)
    target.scatter_(1, distractors, ((1 - share) / DISTRACTORS).expand(-1, DISTRACTORS))
    reward = torch.full_like(target, -1.0).scatter(1, right, 1.0)
    yield "initial", model, reward
    _descend(model, lambda log_p: -(target * log_p).sum(dim=1).mean(), steps, seed)
    yield "pretrained", model, reward
    _descend(model, lambda log_p: -(reward * log_p.exp()).sum(dim=1).mean(), steps, seed)
    yield "finetuned", model, reward


def _descend(model: nn.Module, loss: Callable[[Tensor], Tensor], steps: int, seed: int) -> None:
    """Adam on a loss of the log probabilities (PROMPTS, Y)."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    prompts = torch.arange(PROMPTS)

    def of_step(_: int) -> dict[str, Tensor]:
        own: dict[str, Tensor] = dict(model.named_parameters())
        logits = vmap(lambda prompt: functional_call(model, own, (prompt,)))(prompts)
        return {"loss": loss(output_log_probabilities(logits, LENGTH))}

    run = Run(model, optimizer)
    for _ in train(run, of_step, steps=steps, seed=seed, checkpoint_every=steps):
        pass
