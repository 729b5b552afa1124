"""Multicalibration by games: learners on every prediction against an adversary of cells.

Haghtalab, Jordan, Zhao, "A unifying perspective on multi-calibration: game dynamics for
multi-objective learning", arXiv 2302.10863, as Hansen, Devic, Nakkiran, Sharan, arXiv 2406.06487,
run it [official code]. In each iteration an adversary names a cell of the predictions, a group, a
class and a sign; every prediction there takes one step of its learner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.calibration.multicalibration import learners
from lemmata.calibration.multicalibration.inputs import (
    Flags,
    Floats,
    checked_groups,
    checked_inputs,
    checked_predictions,
)
from lemmata.calibration.multicalibration.learners import LEARNERS, Learner
from lemmata.errors import LemmataError

Adversary = Literal["best_response", "hedge", "optimistic_hedge"]
TIE: Final = 1e-12
ADVERSARIES: tuple[Adversary, ...] = get_args(Adversary)


@dataclass(frozen=True)
class Action:
    """What the adversary named: predictions of `group` in `cell` over- or underestimate `label`."""

    cell: int
    group: int
    label: int
    sign: int


class HJZ:
    """The post-processor: `fit` logs the adversary's actions, `predict` replays them.

    learner: of the predictions; learning_rate: the step size of iteration t is its t-th power;
    adversary: best_response takes the largest weighted error, hedge and optimistic_hedge draw the
    action from weights of their own; adversary_rate: base of their step sizes,
    100 * adversary_rate^t. iterations, bins: 30 and 10 as published. official: the adversary keeps
    the step size 100 * adversary_rate throughout, and gradient descent leaves the simplex, as in
    the authors' code.
    """

    def __init__(
        self,
        learner: Learner,
        learning_rate: float,
        adversary: Adversary = "best_response",
        adversary_rate: float | None = None,
        iterations: int = 30,
        bins: int = 10,
        official: bool = False,
        seed: int = 0,
    ) -> None:
        for name, value, allowed in (
            ("learner", learner, LEARNERS),
            ("adversary", adversary, ADVERSARIES),
        ):
            if value not in allowed:
                raise LemmataError(f"hjz: {name} = {value!r}: allowed: {', '.join(allowed)}")
        if not 0.0 < learning_rate <= 1.0:
            raise LemmataError(f"hjz: learning_rate = {learning_rate}: must lie in (0, 1]")
        if (adversary == "best_response") != (adversary_rate is None):
            raise LemmataError("hjz: adversary_rate goes with the adversaries that learn, no other")
        self.learner: Learner = learner
        self.learning_rate = learning_rate
        self.adversary: Adversary = adversary
        self.adversary_rate = adversary_rate
        self.iterations = iterations
        self.bins = bins
        self.official = official
        self.seed = seed

    def fit(self, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Self:
        """Play the game on p (N,), y (N,) in {0, 1}, groups (N, G).

        Afterwards: actions_ (the log), fitted_ (N,), errors_ the adversary's largest weighted error
        before each iteration and at the end. Raises LemmataError for bad input.
        """
        x, outcome, flags = checked_inputs(p, y, groups)
        rng = np.random.Generator(np.random.Philox(self.seed))
        self.n_groups_ = flags.shape[1]
        self.actions_: list[Action] = []
        self.errors_: list[float] = []
        state = _State.start(x)
        actions = self.bins**2 * self.n_groups_ * 4
        log_weights, last = np.zeros(actions), np.zeros(actions)  # of an adversary that learns
        labels = np.stack([outcome == 0, outcome == 1], axis=1).astype(np.float64)  # (N, 2)
        errors = _Errors(labels, flags, self.bins**2)
        changed = cell = self.cells(state.w)
        for t in range(1, self.iterations + 1):
            error = errors.after(changed, cell, state.w)  # (cells * G * 2 * 2,)
            self.errors_.append(float(error.max()))
            if self.adversary == "best_response":
                # Of two classes one is overestimated as much as the other is underestimated: the
                # first of equals, whatever rounding says.
                chosen = int(np.flatnonzero(error >= error.max() - TIE)[0])
            else:
                loss = 0.5 - 0.5 * error
                gradient = 2.0 * loss - last if self.adversary == "optimistic_hedge" else loss
                log_weights -= self._adversary_step(t) * gradient
                last = loss
                weights = np.exp(log_weights - log_weights.max())
                chosen = int(rng.choice(actions, p=weights / weights.sum()))
            action = self._action(chosen)
            self.actions_.append(action)
            changed = self._play(state, action, flags, cell, t)
        self.errors_.append(float(errors.after(changed, cell, state.w).max()))
        self.weights_ = state.w
        self.fitted_ = state.w[:, 1].copy()
        return self

    def predict(self, p: ArrayLike, groups: ArrayLike) -> Floats:
        """Replay the actions on p (N,) with groups (N, G): (N,)."""
        x = checked_predictions(p)
        flags = checked_groups(groups, len(x), self.n_groups_)
        state = _State.start(x)
        cell = self.cells(state.w)
        for t, action in enumerate(self.actions_, start=1):
            self._play(state, action, flags, cell, t)
        return np.clip(state.w[:, 1], 0.0, 1.0)

    def cells(self, w: Floats) -> NDArray[np.int64]:
        """Cell b0 + bins b1 of each prediction, b the bin of a weight; 1 is in the last bin."""
        # Rounding first: 1 - 0.7 must not fall below the edge 0.3.
        bins = np.floor(np.round(w * self.bins, 9)).astype(np.int64)
        b = np.clip(bins, 0, self.bins - 1)  # (N, 2)
        combined: NDArray[np.int64] = b[:, 0] + self.bins * b[:, 1]
        return combined

    def _action(self, index: int) -> Action:
        shape = (self.bins**2, self.n_groups_, 2, 2)
        cell, group, label, side = (int(i) for i in np.unravel_index(index, shape))
        return Action(cell, group, label, 1 if side == 0 else -1)

    def _adversary_step(self, t: int) -> float:
        rate = float(self.adversary_rate or 0.0)
        return 100.0 * (rate if self.official else rate**t)

    def _play(
        self, state: _State, action: Action, flags: Flags, cell: NDArray[np.int64], t: int
    ) -> NDArray[np.int64]:
        """One step of the learners of the predictions that the action names.

        state and cell (N,), of the weights, are changed in place. Returned: the cells that lost,
        gained or kept a prediction that moved, some of them repeatedly.
        """
        there = np.flatnonzero(cell == action.cell)
        rows: NDArray[np.int64] = there[flags[there, action.group]]
        if rows.size == 0:
            return rows
        loss = np.full((rows.size, 2), 0.5)
        loss[:, action.label] += 0.5 * action.sign
        eta = self.learning_rate**t
        w = state.w[rows]
        if self.learner == "optimistic_hedge":
            state.w[rows] = learners.optimistic_hedge(w, loss, state.last[rows], eta)
            state.last[rows] = loss
        elif self.learner == "online_gradient_descent":
            state.w[rows] = learners.online_gradient_descent(w, loss, eta, self.official)
        else:
            step = learners.hedge if self.learner == "hedge" else learners.mlprod
            state.w[rows] = step(w, loss, eta)
        cell[rows] = reached = self.cells(state.w[rows])
        return np.append(reached, action.cell)


class _Errors:
    """Signed weighted errors (1 / N) sum of w - y by cell, group, class and sign, kept up to date.

    labels (N, 2), flags (N, G).
    """

    def __init__(self, labels: Floats, flags: Flags, cells: int) -> None:
        self.labels, self.flags = labels, flags
        self.memberships = np.count_nonzero(flags, axis=1)  # (N,)
        self.table = np.zeros((cells, flags.shape[1], 2, 2))

    def after(self, changed: NDArray[np.int64], cell: NDArray[np.int64], w: Floats) -> Floats:
        """All errors, flat, those of the cells named in `changed` anew; cell (N,), w (N, 2).

        A cell adds up its rows in their order, so its errors are the same to the bit as when all
        cells are added up.
        """
        cells, groups = self.table.shape[:2]
        anew = np.zeros(cells, dtype=np.bool_)
        anew[changed] = True
        rows = np.flatnonzero(anew[cell])
        memberships = self.memberships[rows]
        place = np.flatnonzero(self.flags[rows])  # row * G + group; then cell * G + group
        place += np.repeat((cell[rows] - np.arange(rows.size)) * groups, memberships)
        residual = w[rows] - self.labels[rows]
        for label in (0, 1):
            weights = np.repeat(residual[:, label], memberships)
            sums = np.bincount(place, weights=weights, minlength=cells * groups) / len(cell)
            found = sums.reshape(cells, groups)[anew]
            self.table[anew, :, label, 0] = found
            self.table[anew, :, label, 1] = -found
        return self.table.reshape(-1)


@dataclass
class _State:
    """Weights (N, 2) and last losses (N, 2) of the predictions' learners."""

    w: Floats
    last: Floats

    @classmethod
    def start(cls, p: Floats) -> _State:
        """Weights are the base probabilities."""
        return cls(np.stack([1.0 - p, p], axis=1), np.zeros((len(p), 2)))


def violations(model: HJZ, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> dict[str, float]:
    """What a fitted model owes on its own calibration set; each is <= 0 (or 0) when it holds.

    replay_difference: largest |replay - fit|; simplex_difference: largest |w_0 + w_1 - 1|;
    logit_over_bound: largest movement of a logit less the sum of eta_t / 2 (Hedge alone);
    error_growth: the adversary's largest error at the end less at the start (best response alone)
    [derived].
    """
    x, _, flags = checked_inputs(p, y, groups)
    found = {
        "replay_difference": float(np.abs(model.predict(x, flags) - model.fitted_).max()),
        "simplex_difference": float(np.abs(model.weights_.sum(axis=1) - 1.0).max()),
    }
    if model.learner == "hedge":
        inner = (x > 1e-9) & (x < 1.0 - 1e-9)
        moved = _logit(model.fitted_[inner]) - _logit(x[inner])
        bound = 0.5 * sum(model.learning_rate**t for t in range(1, model.iterations + 1))
        found["logit_over_bound"] = float(np.abs(moved).max(initial=0.0)) - bound
    if model.adversary == "best_response":
        found["error_growth"] = model.errors_[-1] - model.errors_[0]
    return found


def _logit(p: Floats) -> Floats:
    return np.log(p) - np.log1p(-p)
