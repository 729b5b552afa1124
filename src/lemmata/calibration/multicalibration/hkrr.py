"""Multicalibration by HKRR: patch (group, bucket) cells until none is off.

Hébert-Johnson, Kim, Reingold, Rothblum, "Multicalibration: calibration for the
(computationally-identifiable) masses", ICML 2018, algorithm 1, as Hansen, Devic, Nakkiran, Sharan,
arXiv 2406.06487, run it [official code]: sweeps over groups and buckets of predictions, one after
the other, each update seen by the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.calibration.multicalibration.inputs import (
    Flags,
    Floats,
    checked_groups,
    checked_inputs,
    checked_predictions,
)
from lemmata.errors import LemmataError

SLACK: Final = 1e-9
"""More than two ways of adding up can differ by: what is this near is added up exactly."""


@dataclass(frozen=True)
class Update:
    """One update: predictions of `group` in `bucket` moved by `delta` and clipped to [0, 1].

    rows: how many moved in the fit; brier_change: of the calibration set's Brier score.
    """

    group: int
    bucket: int
    delta: float
    rows: int
    brier_change: float


class HKRR:
    """The post-processor: `fit` logs updates, `predict` replays them.

    alpha: tolerated error of a cell; a cell is looked at when it holds at least
    alpha * bucket_width of its group. oracle: asks a statistical oracle of tolerance alpha / 4,
    which answers a number near the cell's mean label; without it, cells move to their mean
    label when they are off by bucket_width / 10 or more. snap: `predict` ends with the mean of each
    bucket, at most 1 / bucket_width values. official: the oracle answers every query near the
    truth; as published it may answer anything when the guess is further off than alpha, and then
    the answer here is the mean label itself, the one that helps most. shuffle: groups and buckets
    are visited in an order that is drawn once.
    """

    def __init__(
        self,
        alpha: float,
        bucket_width: float = 0.1,
        oracle: bool = True,
        snap: bool = True,
        official: bool = False,
        shuffle: bool = True,
        max_sweeps: int = 10_000,
        seed: int = 0,
    ) -> None:
        if not 0.0 < alpha < 1.0:
            raise LemmataError(f"hkrr: alpha = {alpha}: must lie in (0, 1)")
        if not 0.0 < bucket_width <= 0.5 or abs(1 / bucket_width - round(1 / bucket_width)) > 1e-9:
            raise LemmataError(f"hkrr: bucket_width = {bucket_width}: must be 1 / a whole number")
        self.alpha = alpha
        self.bucket_width = bucket_width
        self.oracle = oracle
        self.snap = snap
        self.official = official
        self.shuffle = shuffle
        self.max_sweeps = max_sweeps
        self.seed = seed
        self.buckets = round(1 / bucket_width)

    def fit(self, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Self:
        """Learn the updates from p (N,), y (N,) in {0, 1}, groups (N, G).

        Afterwards: updates_ (the log), fitted_ (N,) the predictions before the snap, means_ the
        mean of each bucket (NaN where empty). Raises LemmataError for bad input, or when updates do
        not end within max_sweeps.
        """
        x, outcome, flags = checked_inputs(p, y, groups)
        rng = np.random.Generator(np.random.Philox(self.seed))
        x = x.copy()
        members = [np.flatnonzero(flags[:, g]) for g in range(flags.shape[1])]
        group_order, bucket_order = np.arange(flags.shape[1]), np.arange(self.buckets)
        if self.shuffle:
            group_order, bucket_order = rng.permutation(group_order), rng.permutation(bucket_order)
        labels = [outcome[rows].astype(np.float64) for rows in members]
        self.n_groups_ = flags.shape[1]
        self.updates_: list[Update] = []
        for _ in range(self.max_sweeps):
            before = len(self.updates_)
            for group in group_order:
                self._sweep(int(group), members[group], x, labels[group], bucket_order, rng)
            if len(self.updates_) == before:
                break
        else:
            raise LemmataError(f"hkrr: updates go on after max_sweeps = {self.max_sweeps}")
        bucket = self.bucket_of(x)
        count = np.bincount(bucket, minlength=self.buckets)
        total = np.bincount(bucket, weights=x, minlength=self.buckets)
        self.means_ = np.divide(total, count, out=np.full(self.buckets, np.nan), where=count > 0)
        self.fitted_ = x
        return self

    def predict(self, p: ArrayLike, groups: ArrayLike) -> Floats:
        """Replay the updates on p (N,) with groups (N, G), then snap: (N,)."""
        x = checked_predictions(p).copy()
        flags = checked_groups(groups, len(x), self.n_groups_)
        members = [np.flatnonzero(flags[:, g]) for g in range(flags.shape[1])]
        bucket = self.bucket_of(x)
        for update in self.updates_:
            rows = members[update.group]
            moved = rows[bucket[rows] == update.bucket]
            x[moved] = np.clip(x[moved] + update.delta, 0.0, 1.0)
            bucket[moved] = self.bucket_of(x[moved])
        if not self.snap:
            return x
        means = self.means_[bucket]
        return np.where(np.isnan(means), x, means)

    def bucket_of(self, p: Floats) -> NDArray[np.int64]:
        """Integer bucket of each prediction: (v, v + width], 0 in the first."""
        # Rounding first: 0.1 * 3 / 0.1 must not end in the fourth bucket.
        scaled = np.round(p * self.buckets, 9)
        return np.clip(np.ceil(scaled).astype(np.int64) - 1, 0, self.buckets - 1)

    def _sweep(
        self,
        group: int,
        rows: NDArray[np.int64],
        x: Floats,
        labels: Floats,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """One pass over the buckets of a group: rows of x, with their labels. In place in x."""
        least = self.alpha * self.bucket_width * len(rows)
        own = x[rows]
        bucket = self.bucket_of(own)
        off = self._off(bucket, own - labels, least)
        for v in order:
            if not off[v]:
                continue
            cell = np.flatnonzero(bucket == v)
            old, wanted = own[cell], labels[cell]
            delta = self._step(float(old.mean()), float(wanted.mean()), rng)
            if delta is None:
                continue
            new = np.clip(old + delta, 0.0, 1.0)
            change = (new - wanted) ** 2 - (old - wanted) ** 2
            x[rows[cell]] = own[cell] = new
            bucket[cell] = self.bucket_of(new)
            off = self._off(bucket, own - labels, least)
            brier = float(change.sum() / len(x))
            self.updates_.append(Update(group, int(v), delta, len(cell), brier))

    def _off(self, bucket: NDArray[np.int64], residual: Floats, least: float) -> NDArray[np.bool_]:
        """Which buckets are large enough and may have to move: all that `_step` could say so of."""
        size = np.bincount(bucket, minlength=self.buckets)
        total = np.bincount(bucket, weights=residual, minlength=self.buckets)
        near = self._near - SLACK
        found: NDArray[np.bool_] = (size > 0) & (size >= least) & (np.abs(total) >= near * size)
        return found

    @property
    def _near(self) -> float:
        """A cell whose mean is less than this off stays."""
        return self.alpha / 2 if self.oracle else self.bucket_width / 10

    def _step(self, mean_p: float, mean_y: float, rng: np.random.Generator) -> float | None:
        """How far a cell moves; None when it is near enough."""
        gap = mean_y - mean_p
        if abs(gap) < self._near:
            return None
        if not self.oracle:
            return gap
        tolerance = self.alpha / 4
        if abs(gap) > 4 * tolerance and not self.official:
            return gap
        return float(rng.uniform(mean_y - tolerance, mean_y + tolerance)) - mean_p


def violations(model: HKRR, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> dict[str, float]:
    """What a fitted model owes on its own calibration set; each is <= 0 (or 0) when it holds.

    largest_brier_increase: over updates; updates_over_bound: number of updates less Brier_0 by the
    least that an update takes off it, 3 / 16 alpha^2 of its cell with the oracle, (width / 10)^2
    without; cell_error_over_bound: worst error of a cell that is large enough, less alpha / 2 or
    width / 10; replay_difference: largest |replay - fit| [derived].
    """
    x, outcome, flags = checked_inputs(p, y, groups)
    plain = HKRR(model.alpha, model.bucket_width, model.oracle, snap=False, official=model.official)
    plain.updates_, plain.n_groups_, plain.means_ = model.updates_, model.n_groups_, model.means_
    replayed = plain.predict(x, flags)
    share = float(flags.mean(axis=0).min())
    brier = float(np.mean((x - outcome) ** 2))
    least = 3 / 16 * model.alpha**2 if model.oracle else (model.bucket_width / 10) ** 2
    bound = brier / (least * model.alpha * model.bucket_width * share)
    tolerated = model.alpha / 2 if model.oracle else model.bucket_width / 10
    changes = [update.brier_change for update in model.updates_]
    return {
        "largest_brier_increase": max(changes, default=0.0),
        "updates_over_bound": len(changes) - bound,
        "cell_error_over_bound": _worst_cell(model, outcome, flags) - tolerated,
        "replay_difference": float(np.abs(replayed - model.fitted_).max()),
    }


def _worst_cell(model: HKRR, outcome: NDArray[np.int64], flags: Flags) -> float:
    bucket = model.bucket_of(model.fitted_)
    worst = 0.0
    for group in range(flags.shape[1]):
        rows = flags[:, group]
        count = np.bincount(bucket[rows], minlength=model.buckets)
        gap = np.bincount(
            bucket[rows], weights=(model.fitted_ - outcome)[rows], minlength=model.buckets
        )
        large = count >= max(model.alpha * model.bucket_width * rows.sum(), 1)
        worst = max(worst, float((np.abs(gap[large]) / count[large]).max(initial=0.0)))
    return worst
