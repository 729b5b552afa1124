"""SimCLR: tell the other view of an image from the views of all others (arXiv 2002.05709)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.self_supervised.encoder import Encoder, Grid, Projector, Shape
from lemmata.self_supervised.methods.method import Head, spread
from lemmata.self_supervised.views import ViewSettings, two_views, view


@dataclass(frozen=True)
class SimclrSettings(ViewSettings):
    """Views, the projector's widths, and the temperature of the similarities."""

    hidden: int
    projected: int
    temperature: float


def contrastive_loss(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """NT-Xent of projections (B, P) of two views: the paper's eq. 1, mean over all 2B views.

    Cosine similarity over temperature; each view's positive is the other view of its image, its
    negatives are the 2B - 2 views of other images.
    """
    count = len(first)
    z = functional.normalize(torch.cat([first, second]), dim=1)  # (2B, P)
    own = torch.eye(2 * count, dtype=torch.bool, device=z.device)
    logits = (z @ z.T / temperature).masked_fill(own, float("-inf"))
    positive = torch.arange(2 * count, device=z.device).roll(count)
    return functional.cross_entropy(logits, positive)


class Simclr(nn.Module):
    """Encoder and projector."""

    head_name: Head = "projector"

    def __init__(
        self, grid: Grid, shape: Shape, settings: SimclrSettings, generator: torch.Generator
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
        h = self.encoder.pooled(two_views(images, self.settings, generator)).chunk(2)
        first, second = (self.projector(e).float() for e in h)
        loss = contrastive_loss(first, second, self.settings.temperature)
        return {"loss": loss, "spread": spread(h[0].float())}

    def follow(self, progress: float) -> None:
        """Nothing moves beside the weights."""

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings (B, W) of a random view."""
        return self.encoder.pooled(view(images, self.settings, generator))

    def head_view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Projections (B, P) of a random view."""
        projected: Tensor = self.projector(self.view(images, generator))
        return projected
