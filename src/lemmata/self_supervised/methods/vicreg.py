"""VICReg: two views alike, every feature varied, no two features correlated (arXiv 2105.04906)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lemmata.self_supervised.encoder import Encoder, Grid, Projector, Shape
from lemmata.self_supervised.methods.method import Head, spread
from lemmata.self_supervised.views import ViewSettings, two_views, view


@dataclass(frozen=True)
class VicregSettings(ViewSettings):
    """Views, the projector's widths, and the weights of the three terms."""

    hidden: int
    projected: int
    invariance: float
    variance: float
    covariance: float


def vicreg_terms(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Invariance, variance and covariance of projections (B, P) of two views.

    Mean squared difference; mean over features of max(0, 1 - sqrt(var + 1e-4)), mean over views;
    sum of squared covariances off the diagonal over P, sum over views. As the paper's eqs. 1 to 6
    and its code have them: the code halves the variance term's sum over views.
    """
    invariance = (first - second).square().mean()
    variance, covariance = first.new_zeros(()), first.new_zeros(())
    for z in (first, second):
        centred = z - z.mean(dim=0)
        variance = variance + (1.0 - (z.var(dim=0) + 1e-4).sqrt()).relu().mean() / 2.0
        c = centred.T @ centred / (len(z) - 1)  # (P, P)
        covariance = covariance + (c.square().sum() - c.diagonal().square().sum()) / z.shape[1]
    return invariance, variance, covariance


class Vicreg(nn.Module):
    """Encoder and projector."""

    head_name: Head = "projector"

    def __init__(
        self, grid: Grid, shape: Shape, settings: VicregSettings, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(grid, shape, generator)
        self.projector = Projector(shape.width, settings.hidden, settings.projected, generator)

    @property
    def probed(self) -> Encoder:
        """The encoder."""
        return self.encoder

    def loss(self, images: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of two views of a batch."""
        own = self.settings
        h = self.encoder.pooled(two_views(images, own, generator)).chunk(2)
        invariance, variance, covariance = vicreg_terms(*(self.projector(e).float() for e in h))
        total = own.invariance * invariance + own.variance * variance + own.covariance * covariance
        return {"loss": total, "spread": spread(h[0].float())}

    def follow(self, progress: float) -> None:
        """Nothing moves beside the weights."""

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings (B, W) of a random view."""
        return self.encoder.pooled(view(images, self.settings, generator))

    def head_view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Projections (B, P) of a random view."""
        projected: Tensor = self.projector(self.view(images, generator))
        return projected
