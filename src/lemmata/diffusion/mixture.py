"""Gaussian mixtures: densities, scores and velocities under noise, exactly, in any dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from lemmata.diffusion.guidance import guided
from lemmata.errors import LemmataError


class GaussianMixture:
    """sum_k w_k N(m_k, C_k), each component of one class; float64.

    weights: (K,), positive, normalised here; means: (K, D); covariances: (K, D, D), symmetric,
    positive semidefinite (0 is a point mass); classes: (K,) class of each component. The
    conditional law is that of one class, the unconditional that of all.
    """

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        classes: Sequence[int] | None = None,
    ) -> None:
        w = np.asarray(weights, dtype=np.float64)
        m = np.asarray(means, dtype=np.float64)
        c = np.asarray(covariances, dtype=np.float64)
        if m.ndim != 2 or w.shape != m.shape[:1] or c.shape != (*m.shape, m.shape[1]):
            raise LemmataError(
                f"mixture: weights {w.shape}, means {m.shape}, covariances {c.shape}:"
                " need (K,), (K, D), (K, D, D)"
            )
        if not (w > 0).all() or not np.isfinite(m).all() or not np.isfinite(c).all():
            raise LemmataError("mixture: weights must be positive, means and covariances finite")
        spread, axes = np.linalg.eigh(c)
        if spread.min() < -1e-9 or not np.allclose(c, c.swapaxes(1, 2)):
            raise LemmataError("mixture: covariances must be symmetric, positive semidefinite")
        self.weights = torch.from_numpy(w / w.sum())  # (K,)
        self.means = torch.from_numpy(m)  # (K, D)
        self.spread = torch.from_numpy(spread.clip(min=0.0))  # (K, D), eigenvalues
        self.axes = torch.from_numpy(axes)  # (K, D, D), eigenvectors in columns
        self.classes = torch.as_tensor(list(classes or [0] * len(w)))  # (K,)
        self._prepare()

    @property
    def dimension(self) -> int:
        """D."""
        return self.means.shape[1]

    def of_class(self, label: int) -> GaussianMixture:
        """The conditional law of a class. Raises LemmataError where no component has it."""
        own = self.classes == label
        if not bool(own.any()):
            known = ", ".join(map(str, sorted(set(self.classes.tolist()))))
            raise LemmataError(f"mixture: class {label}: allowed: {known}")
        part = object.__new__(GaussianMixture)
        part.weights = self.weights[own] / self.weights[own].sum()
        part.means, part.spread, part.axes = self.means[own], self.spread[own], self.axes[own]
        part.classes = self.classes[own]
        part._prepare()
        return part

    def _prepare(self) -> None:
        """What every evaluation needs: all axes side by side (D, K D), means along them (K, D, 1).

        Points come last in all that is made of them: sums over few components are fast that way.
        """
        self._turn = self.axes.permute(1, 0, 2).flatten(1)
        self._turned_means = torch.einsum("kij,ki->kj", self.axes, self.means)[:, :, None]

    def log_density(self, x: Tensor, level: float = 0.0) -> Tensor:
        """log p (B,) at x (B, D) after noise of this level was added."""
        return torch.logsumexp(self._joint(x, level)[0], dim=0)

    def score(self, x: Tensor, level: float = 0.0) -> Tensor:
        """grad log p (B, D) at x (B, D) after noise of this level was added."""
        joint, pulls = self._joint(x, level)
        weighted = joint.softmax(dim=0)[:, None] * pulls  # (K, D, B)
        return (self._turn @ weighted.flatten(0, 1)).T.contiguous()

    def denoised(self, x: Tensor, level: float) -> Tensor:
        """E[x0 | x] (B, D): Tweedie's formula, x + s^2 score."""
        return x + level**2 * self.score(x, level)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent draws (count, D)."""
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        z = torch.randn(count, self.dimension, dtype=torch.float64, generator=generator)
        scaled = z * self.spread.sqrt()[chosen]
        return self.means[chosen] + torch.einsum("bij,bj->bi", self.axes[chosen], scaled)

    def _joint(self, x: Tensor, level: float) -> tuple[Tensor, Tensor]:
        """log(w_k N_k(x)) (K, B), and each component's own score (K, D, B) along its axes."""
        variance = self.spread + level**2  # (K, D)
        turned = (self._turn.T @ x.T).reshape(*self.means.shape, -1) - self._turned_means
        pulls = turned / -variance[:, :, None]  # of each component, along its eigenvectors
        constant = -0.5 * (variance.log() + np.log(2 * np.pi)).sum(dim=1)  # (K,)
        own = 0.5 * (turned * pulls).sum(dim=1)  # (K, B)
        return (self.weights.log() + constant)[:, None] + own, pulls


class ExactGuidance:
    """Exact fields of a mixture guided to a class: scores (VE view), velocities of the flow."""

    def __init__(self, mixture: GaussianMixture, label: int) -> None:
        self.whole, self.own = mixture, mixture.of_class(label)

    def score(self, x: Tensor, level: float, guidance_weight: float) -> Tensor:
        """The guided score (B, D) at x (B, D)."""
        return guided(
            lambda: self.own.score(x, level),
            lambda: self.whole.score(x, level),
            guidance_weight,
        )

    def velocity(self, x: Tensor, time: float, guidance_weight: float) -> Tensor:
        """The guided velocity (B, D) of the linear flow from N(0, I), independent coupling.

        E[x0 - x1 | x] = (E[x0 | x] - x) / t; at t = 1, where x = x1 tells nothing of x0, E[x0] - x.
        """
        return guided(
            lambda: _velocity(self.own, x, time),
            lambda: _velocity(self.whole, x, time),
            guidance_weight,
        )


def _velocity(mixture: GaussianMixture, x: Tensor, time: float) -> Tensor:
    if time == 0.0:  # the limit: E[x1 | x] = 0 where the data have a density
        return x
    if time == 1.0:
        return mixture.weights @ mixture.means - x
    alpha = 1.0 - time
    return (mixture.denoised(x / alpha, time / alpha) - x) / time
