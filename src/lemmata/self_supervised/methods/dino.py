"""DINO: agree with a slow teacher's soft choice among prototypes on another view.

arXiv 2104.14294, with two views and no smaller crops. The teacher's choice is centred and
sharpened, which together keep it from collapsing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.self_supervised.encoder import Encoder, Grid, Shape, initialise
from lemmata.self_supervised.methods.method import (
    Head,
    Weights,
    move_towards,
    rising,
    slow_copy,
    spread,
    weights_of,
)
from lemmata.self_supervised.views import ViewSettings, two_views, view

CENTRE_DECAY = 0.9  # [official code]


@dataclass(frozen=True)
class DinoSettings(ViewSettings):
    """Views, the head's widths and number of prototypes, the temperatures, and the first decay of
    the teacher, which rises to 1.
    """

    hidden: int
    projected: int
    prototypes: int
    student_temperature: float
    teacher_temperature: float
    ema: float


def distillation_loss(
    student: Tensor, teacher: Tensor, centre: Tensor, temperatures: tuple[float, float]
) -> Tensor:
    """Cross entropy of the student's choice under the teacher's, mean over images.

    student, teacher: logits (B, P); centre: (P,), taken off the teacher's; temperatures: theirs.
    """
    wanted = ((teacher - centre) / temperatures[1]).softmax(dim=1)
    return -(wanted * (student / temperatures[0]).log_softmax(dim=1)).sum(dim=1).mean()


class DinoHead(nn.Module):
    """MLP, then cosine similarities to prototypes."""

    def __init__(self, width: int, settings: DinoSettings, generator: torch.Generator) -> None:
        super().__init__()
        self.inner = nn.Linear(width, settings.hidden)
        self.outer = nn.Linear(settings.hidden, settings.projected)
        self.prototypes = nn.Linear(settings.projected, settings.prototypes, bias=False)
        initialise(self, generator)

    def forward(self, h: Tensor) -> Tensor:
        """(B, W) -> (B, P)."""
        prototypes = functional.normalize(self.prototypes.weight, dim=1)
        return functional.linear(self.projected(h), prototypes)

    def projected(self, h: Tensor) -> Tensor:
        """(B, W) -> what is compared with prototypes, of length 1."""
        return functional.normalize(self.outer(functional.gelu(self.inner(h))), dim=1)


class Dino(nn.Module):
    """Student and teacher, each with its head, and the centre of the teacher's logits."""

    head_name: Head = "projector"
    centre: Tensor
    last: Tensor

    def __init__(
        self, grid: Grid, shape: Shape, settings: DinoSettings, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.settings = settings
        self.student = Encoder(grid, shape, generator)
        self.student_head = DinoHead(shape.width, settings, generator)
        self.teacher, self.teacher_head = slow_copy(self.student), slow_copy(self.student_head)
        self.register_buffer("centre", torch.zeros(settings.prototypes))
        self.register_buffer("last", torch.zeros(settings.prototypes))

    @property
    def probed(self) -> Encoder:
        """The teacher."""
        return self.teacher

    def loss(self, images: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of two views of a batch, each told by the other."""
        own = self.settings
        seen = two_views(images, own, generator)
        with torch.no_grad():
            h = self.teacher.pooled(seen)
            logits = self.teacher_head(h).float()
            self.last.copy_(logits.mean(dim=0))
        teacher = logits.chunk(2)
        student = self.student_head(self.student.pooled(seen)).float().chunk(2)
        both = (own.student_temperature, own.teacher_temperature)
        pairs = ((student[0], teacher[1]), (student[1], teacher[0]))
        parts = [distillation_loss(s, t, self.centre, both) for s, t in pairs]
        return {"loss": (parts[0] + parts[1]) / 2.0, "spread": spread(h[: len(images)].float())}

    @torch.no_grad()
    def follow(self, progress: float) -> None:
        """Move the teacher and the centre."""
        move_towards(*self._weights, rising(self.settings.ema, progress))
        self.centre.lerp_(self.last, 1.0 - CENTRE_DECAY)

    @cached_property
    def _weights(self) -> tuple[Weights, Weights]:
        slow, fast = (self.teacher, self.teacher_head), (self.student, self.student_head)
        return weights_of(*slow), weights_of(*fast)

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The teacher's embeddings (B, W) of a random view."""
        return self.teacher.pooled(view(images, self.settings, generator))

    def head_view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The teacher's projections of a random view, before the prototypes."""
        return self.teacher_head.projected(self.view(images, generator))
