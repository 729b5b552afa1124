"""Products of positional vectors alone: which relations of positions extrapolate, and why R(T).

The experiment of appendix G2 of arXiv 2410.02140 [official code], smaller: learn
f(i, j) = p_i^T Q K^T p_j, that is 2 ln(train length) where a relation of i >= j holds and 0
elsewhere, on random windows of the train length; then look at distances that no window held. All
combinations of a relation and a penalty train side by side, a leading axis M, on the same windows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.training.batches import stream, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Device, select
from lemmata.training.loop import Run, train

Relation = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


def _prime(distance: NDArray[np.int64]) -> NDArray[np.bool_]:
    largest = int(distance.max())
    sieve = np.ones(largest + 1, dtype=bool)
    sieve[:2] = False
    for factor in range(2, math.isqrt(largest) + 1):
        sieve[factor * factor :: factor] = False
    found: NDArray[np.bool_] = sieve[distance]
    return found


RELATIONS: Final[dict[str, Relation]] = {
    "local": lambda d: d == 1,
    "periodic": lambda d: d % 3 == 1,
    "near": lambda d: d < 3,
    "far": lambda d: d > 5,
    "prime": _prime,
}
"""By distance d = i - j >= 0."""


@dataclass(frozen=True)
class Settings:
    """table: positions; train_length: of a window; width: d; relations; penalties: coefficients of
    the mean over j of sum_{i >= j} f(i, j)^2, each with each relation; l2: of all parameters.
    """

    table: int
    train_length: int
    width: int
    relations: tuple[str, ...]
    penalties: tuple[float, ...]
    l2: float
    steps: int
    batch_size: int
    learning_rate: float
    seed: int
    device: Device
    checkpoint_every: int

    def __post_init__(self) -> None:
        """Refuse relations that do not exist."""
        for relation in self.relations:
            if relation not in RELATIONS:
                allowed = ", ".join(RELATIONS)
                raise LemmataError(f"relations: {relation!r}: allowed: {allowed}")


class Products(nn.Module):
    """M independent models: positions (M, N, D), queries and keys (M, D, D)."""

    def __init__(self, models: int, table: int, width: int, generator: torch.Generator) -> None:
        super().__init__()

        def drawn(*shape: int) -> nn.Parameter:
            # The same start for every model: they differ in what is asked of them alone.
            one = torch.randn(shape, generator=generator) / math.sqrt(width)
            return nn.Parameter(one.expand(models, *shape).clone())

        self.positions, self.query, self.key = (
            drawn(table, width),
            *(drawn(width, width) for _ in range(2)),
        )

    def forward(self) -> Tensor:
        """f (M, N, N) of all pairs of places, row i, column j."""
        q, k = self.positions @ self.query, self.positions @ self.key  # (M, N, D)
        return q @ k.transpose(1, 2)


def train_products(
    settings: Settings,
    *,
    threads: int,
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
) -> pd.DataFrame:
    """Mean and mean squared error of f by distance over the whole table, after training.

    Columns: relation, penalty, width, seed, distance, target, mean, error (mean of (f - target)^2).
    """
    compute = select(settings.device, "float32", threads)
    cases = [(r, penalty) for r in settings.relations for penalty in settings.penalties]
    generator = torch_generator(settings.seed, "positional products")
    model = Products(len(cases), settings.table, settings.width, generator).to(compute.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
    run = Run(model, optimizer, checkpoints, segments=[] if segments is None else segments)
    targets = torch.from_numpy(_targets(settings, cases)).to(compute.device)  # (M, N)
    penalties = torch.tensor([p for _, p in cases], device=compute.device)  # (M,)
    for _ in train(
        run,
        _loss(settings, model, targets, penalties),
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
    ):
        pass
    return _by_distance(settings, cases, model, targets)


def _targets(settings: Settings, cases: Sequence[tuple[str, float]]) -> NDArray[np.float32]:
    """What f should be at each distance: (M, N)."""
    distance = np.arange(settings.table)
    height = 2 * math.log(settings.train_length)
    return np.stack([height * RELATIONS[r](distance) for r, _ in cases]).astype(np.float32)


def _loss(
    settings: Settings, model: Products, targets: Tensor, penalties: Tensor
) -> Callable[[int], dict[str, Tensor]]:
    """step -> sum over the models of their losses, whose gradients do not meet.

    Windows overlap, so f is computed once of all pairs, and a pair weighs as often as windows of
    the batch hold it.
    """
    length, table, device = settings.train_length, settings.table, targets.device
    distance = (torch.arange(table)[:, None] - torch.arange(table)).clamp(min=0)
    wanted = targets[:, distance.to(device)]  # (M, N, N)
    pairs = settings.batch_size * length * (length + 1) / 2

    def loss(step: int) -> dict[str, Tensor]:
        rng = stream(settings.seed, "windows", step)
        start = rng.integers(0, table - length + 1, settings.batch_size)
        after = np.arange(table) - start[:, None]  # (B, N)
        held = torch.from_numpy((after >= 0) & (after < length)).to(device, targets.dtype)
        weight = (held.T @ held).tril() / pairs  # (N, N)
        products = model()
        fit = ((products - wanted).square() * weight).sum(dim=(1, 2))  # (M,)
        penalty = penalties * products.tril().square().sum(dim=(1, 2)) / table
        size = sum(v.square().sum(dim=(1, 2)) for v in model.parameters())
        return {"loss": (fit + penalty + settings.l2 * size).sum()}

    return loss


@torch.no_grad()
def _by_distance(
    settings: Settings, cases: Sequence[tuple[str, float]], model: Products, targets: Tensor
) -> pd.DataFrame:
    found = model().double().cpu().numpy()  # (M, N, N)
    wanted = targets.double().cpu().numpy()
    frames = []
    for (relation, penalty), f, target in zip(cases, found, wanted, strict=True):
        diagonals = [np.diagonal(f, -d) for d in range(settings.table)]
        frames.append(
            pd.DataFrame(
                {
                    "relation": relation,
                    "penalty": penalty,
                    "width": settings.width,
                    "seed": settings.seed,
                    "distance": np.arange(settings.table),
                    "target": target,
                    "mean": [d.mean() for d in diagonals],
                    "error": [
                        np.square(d - t).mean() for d, t in zip(diagonals, target, strict=True)
                    ],
                    "pairs": [len(d) for d in diagonals],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def far_error(table: pd.DataFrame, train_length: int) -> pd.Series[float]:
    """Mean squared error at distances of train_length and more, by relation, penalty and seed."""
    far = table[table["distance"] >= train_length]
    keys = ["relation", "penalty", "width", "seed"]
    total = (far["error"] * far["pairs"]).groupby([far[k] for k in keys], sort=False).sum()
    pairs = far.groupby(keys, sort=False)["pairs"].sum()
    return total / pairs
