"""What every method of self-supervised learning has in common, and moving averages of weights."""

from __future__ import annotations

import copy
from typing import Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from lemmata.self_supervised.encoder import Encoder

M = TypeVar("M", bound=nn.Module)
Head = Literal["projector", "predictor"]
Weights: TypeAlias = tuple[Tensor, ...]


class Method(Protocol):
    """A method holds its networks, so that they are the state of a run.

    probed: the encoder that is evaluated, the slow one where there are two.
    """

    @property
    def probed(self) -> Encoder:
        """The encoder that is evaluated."""
        ...

    def loss(self, images: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Named scalars of a batch (B, C, side, side): "loss", and "spread", see `spread`."""
        ...

    def follow(self, progress: float) -> None:
        """What happens after a step; progress: share of the steps that are done."""
        ...

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings (B, W) of one random positive of each image, by the probed encoder."""
        ...


@runtime_checkable
class Headed(Protocol):
    """A method with a layer between encoder and loss on which LiDAR can be measured as well."""

    head_name: Head

    def head_view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """What the layer makes (B, P) of one random positive of each image."""
        ...


def slow_copy(module: M) -> M:
    """A copy that no gradient changes."""
    return copy.deepcopy(module).requires_grad_(requires_grad=False)


@torch.no_grad()
def move_towards(slow: Weights, fast: Weights, decay: float) -> None:
    """slow <- decay * slow + (1 - decay) * fast, weight by weight.

    Weights are those of `weights_of`, which a method looks up once: that takes as long as this.
    """
    get_ema_multi_avg_fn(decay)(slow, fast, torch.tensor(0))  # type: ignore[no-untyped-call]


def weights_of(*modules: nn.Module) -> Weights:
    """The parameters of modules, in their order."""
    return tuple(weight for module in modules for weight in module.parameters())


def rising(first: float, progress: float) -> float:
    """A decay that rises linearly from its first value to 1, as I-JEPA's does [official code]."""
    return first + (1.0 - first) * progress


@torch.no_grad()
def spread(embeddings: Tensor) -> Tensor:
    """Root mean square over features of their standard deviation over images: 0 is collapse.

    embeddings: (B, W).
    """
    return embeddings.var(dim=0).mean().sqrt()
