"""A trained network as the guided score or velocity that samplers follow."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from lemmata.diffusion.clock import VP_COSINE
from lemmata.diffusion.guidance import guided
from lemmata.diffusion.prediction import Prediction, noise_of
from lemmata.errors import LemmataError
from lemmata.training.device import Compute

CPU: Final = Compute(torch.device("cpu"), "float32")


class LearnedGuidance:
    """A trained network as guided score (VE view) and as guided velocity of the linear flow.

    condition: (C,), the one asked for, for every row; or (B, C), one a row. compute: where the
    network is, and how precisely it is evaluated.
    """

    def __init__(
        self,
        model: nn.Module,
        prediction: Prediction,
        condition: Tensor,
        compute: Compute = CPU,
    ) -> None:
        self.model, self.prediction, self.condition = model, prediction, condition
        self.compute = compute

    def asked(self, condition: Tensor) -> LearnedGuidance:
        """The same network, asked for another condition."""
        return LearnedGuidance(self.model, self.prediction, condition, self.compute)

    @torch.no_grad()
    def score(self, x: Tensor, level: float, guidance_weight: float) -> Tensor:
        """The guided score at x (B, D) of the VE view."""
        if self.prediction == "velocity":
            raise LemmataError("a flow's network has no score in the VP view; use its velocity")
        alpha, time = VP_COSINE.alpha(level), VP_COSINE.time(level)
        here = alpha * x
        said = self._predict(here, time, guidance_weight)
        return -noise_of(self.prediction, said, here, alpha, level * alpha) / level

    @torch.no_grad()
    def velocity(self, x: Tensor, time: float, guidance_weight: float) -> Tensor:
        """The guided velocity at x (B, D) of the linear flow."""
        if self.prediction != "velocity":
            raise LemmataError(f"a network of {self.prediction} has no velocity; use its score")
        return self._predict(x, time, guidance_weight)

    def _predict(self, x: Tensor, time: float, guidance_weight: float) -> Tensor:
        wanted = self.condition.to(x)
        wanted = wanted[None] if wanted.ndim == 1 else wanted  # (1, C), or the rows' own (B, C)

        def ask(known: float) -> Tensor:
            # What all rows are told alike is told once: the network's layers of it cost a third.
            told = wanted if known else wanted[:1]
            times = torch.full((len(told),), time, dtype=x.dtype, device=x.device)
            with self.compute.autocast():
                found: Tensor = self.model(x, times, told, torch.full_like(times, known))
            return found.to(x.dtype)

        return guided(lambda: ask(1.0), lambda: ask(0.0), guidance_weight)
