"""HJZ against a literal point-by-point version, closed forms and invariants."""

from __future__ import annotations

import numpy as np
import pytest

from lemmata.calibration.multicalibration import hjz, learners
from lemmata.calibration.multicalibration.hjz import ADVERSARIES, HJZ, violations
from lemmata.calibration.multicalibration.learners import LEARNERS
from lemmata.errors import LemmataError
from tests.reference import stream
from tests.unit.calibration.multicalibration.test_hkrr import sample

RATE = {"best_response": None, "hedge": 0.98, "optimistic_hedge": 0.95}


def step(learner: str, w: list[float], loss: list[float], last: list[float], eta: float) -> list:
    if learner == "hedge":
        new = [a * np.exp(-eta * b) for a, b in zip(w, loss, strict=True)]
    elif learner == "optimistic_hedge":
        new = [a * np.exp(-eta * (2 * b - c)) for a, b, c in zip(w, loss, last, strict=True)]
    elif learner == "mlprod":
        new = [a * max(1 - eta * b, 1e-8) for a, b in zip(w, loss, strict=True)]
    else:  # projection on the simplex by its sorting algorithm
        v = [a - eta * b for a, b in zip(w, loss, strict=True)]
        u = sorted(v, reverse=True)
        rho = max(k for k in (1, 2) if u[k - 1] + (1 - sum(u[:k])) / k > 0)
        shift = (1 - sum(u[:rho])) / rho
        return [max(a + shift, 0.0) for a in v]
    return [a / sum(new) for a in new]


def literal(model: HJZ, p: np.ndarray, y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The game as published, with loops over points, cells and groups; the same random draws."""
    rng = np.random.Generator(np.random.Philox(model.seed))
    n, count = groups.shape
    w = [[1.0 - float(a), float(a)] for a in p]
    last = [[0.0, 0.0] for _ in p]
    size = 100 * count * 4
    adversary, last_adversary = np.zeros(size), np.zeros(size)
    for t in range(1, model.iterations + 1):
        cells = []
        for pair in w:
            b = [min(int(np.floor(round(value * 10, 9))), 9) for value in pair]
            cells.append(b[0] + 10 * b[1])
        error = np.zeros((100, count, 2, 2))
        for i in range(n):
            for g in np.flatnonzero(groups[i]):
                for c in (0, 1):
                    off = (w[i][c] - (y[i] == c)) / n
                    error[cells[i], g, c, 0] += off
                    error[cells[i], g, c, 1] -= off
        flat = error.reshape(-1)
        if model.adversary == "best_response":
            # Sums in another order differ by rounding: of equal ones the first, as argmax has it.
            chosen = int(np.flatnonzero(flat >= flat.max() - 1e-12)[0])
        else:
            loss = 0.5 - 0.5 * flat
            gain = 2 * loss - last_adversary if model.adversary == "optimistic_hedge" else loss
            adversary -= 100 * (model.adversary_rate or 0.0) ** t * gain
            last_adversary = loss
            weights = np.exp(adversary - adversary.max())
            chosen = int(rng.choice(size, p=weights / weights.sum()))
        cell, g, c, side = np.unravel_index(chosen, error.shape)
        for i in range(n):
            if cells[i] == cell and groups[i, g]:
                loss = [0.5, 0.5]
                loss[c] += 0.5 if side == 0 else -0.5
                w[i] = step(model.learner, w[i], loss, last[i], model.learning_rate**t)
                last[i] = loss
    return np.array(w)[:, 1]


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("adversary", ADVERSARIES)
def test_equals_the_literal_game(learner: str, adversary: str) -> None:
    p, y, groups = sample(7, n=80, groups=3)
    model = HJZ(learner, 0.9, adversary, RATE[adversary], iterations=12, seed=3)  # type: ignore[arg-type]
    model.fit(p, y, groups)
    np.testing.assert_allclose(model.fitted_, literal(model, p, y, groups), atol=1e-10)


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("adversary", ADVERSARIES)
@pytest.mark.parametrize("seed", range(3))
def test_keeps_what_it_owes(learner: str, adversary: str, seed: int) -> None:
    p, y, groups = sample(seed)
    model = HJZ(learner, 0.95, adversary, RATE[adversary], seed=seed).fit(p, y, groups)  # type: ignore[arg-type]
    found = violations(model, p, y, groups)
    assert found["replay_difference"] == 0.0
    assert found["simplex_difference"] <= 1e-12
    if learner == "hedge":
        assert found["logit_over_bound"] <= 1e-9
    if adversary == "best_response":
        assert found["error_growth"] < 0.0


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("adversary", ADVERSARIES)
def test_adding_up_changed_cells_alone_is_to_the_bit_adding_up_all(
    learner: str, adversary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = sample(5, n=500, groups=6)

    def fitted() -> HJZ:
        return HJZ(learner, 0.9, adversary, RATE[adversary], seed=1).fit(*data)  # type: ignore[arg-type]

    ours = fitted()
    after, few = hjz._Errors.after, []

    def all_cells(
        self: hjz._Errors, changed: np.ndarray, cell: np.ndarray, w: np.ndarray
    ) -> np.ndarray:
        few.append(len(np.unique(changed)) < len(np.unique(cell)))
        return after(self, np.arange(100), cell, w)

    monkeypatch.setattr(hjz._Errors, "after", all_cells)
    other = fitted()
    assert any(few)
    assert ours.actions_ == other.actions_
    assert ours.errors_ == other.errors_
    assert np.array_equal(ours.weights_, other.weights_)


def test_hedge_shifts_the_logit_by_half_the_step() -> None:
    p = np.array([0.1, 0.4, 0.9])
    w = np.stack([1 - p, p], axis=1)
    loss = np.tile([0.5, 1.0], (3, 1))  # class 1 is overestimated
    moved = learners.hedge(w, loss, 0.8)[:, 1]
    logit = np.log(p / (1 - p))
    np.testing.assert_allclose(np.log(moved / (1 - moved)), logit - 0.4, atol=1e-12)
    twice = learners.optimistic_hedge(w, loss, np.zeros((3, 2)), 0.8)[:, 1]
    np.testing.assert_allclose(np.log(twice / (1 - twice)), logit - 0.8, atol=1e-12)
    repeated = learners.optimistic_hedge(w, loss, loss, 0.8)[:, 1]
    np.testing.assert_allclose(repeated, moved, atol=1e-12)


def test_projection_is_the_nearest_point_of_the_simplex() -> None:
    rng = stream("project")
    grid = np.linspace(0.0, 1.0, 100_001)
    for v in rng.normal(0.5, 1.0, (20, 2)):
        distance = (grid - v[0]) ** 2 + (1 - grid - v[1]) ** 2
        assert learners.project(v[None])[0, 0] == pytest.approx(grid[distance.argmin()], abs=1e-5)


def test_saturated_predictions_move_under_gradient_descent_alone() -> None:
    p = np.repeat([0.0, 1.0], 100)
    y = (np.arange(200) % 4 == 0).astype(int)
    groups = np.ones((200, 1), dtype=bool)
    for learner in ("hedge", "mlprod", "optimistic_hedge"):
        assert np.array_equal(HJZ(learner, 0.9).fit(p, y, groups).fitted_, p)
    moved = HJZ("online_gradient_descent", 0.9).fit(p, y, groups).fitted_
    assert abs(moved - y.mean()).max() < abs(p - y.mean()).max()


def test_official_gradient_descent_leaves_the_simplex() -> None:
    p, y, groups = sample(8)
    official = HJZ("online_gradient_descent", 0.9, official=True).fit(p, y, groups)
    found = violations(official, p, y, groups)
    assert found["simplex_difference"] > 0.1
    assert found["replay_difference"] == 0.0


def test_official_adversary_keeps_its_first_step() -> None:
    model = HJZ("hedge", 0.9, "hedge", 0.9)
    official = HJZ("hedge", 0.9, "hedge", 0.9, official=True)
    assert [model._adversary_step(t) for t in (1, 2)] == pytest.approx([90.0, 81.0])
    assert [official._adversary_step(t) for t in (1, 2)] == pytest.approx([90.0, 90.0])


def test_drawn_adversary_names_empty_cells() -> None:
    """Why a learning adversary changes little in 30 iterations: best responses never do."""
    p, y, groups = sample(9, n=2000)
    drawn = HJZ("hedge", 0.9, "hedge", 0.98).fit(p, y, groups)
    best = HJZ("hedge", 0.9).fit(p, y, groups)
    cells = set(np.unique(drawn.cells(np.stack([1 - p, p], axis=1))))
    assert len(cells) <= 20
    assert np.mean([action.cell in cells for action in drawn.actions_]) < 0.8
    assert best.errors_[-1] < drawn.errors_[-1]
    assert np.abs(drawn.fitted_ - p).mean() < np.abs(best.fitted_ - p).mean()


def test_cells_are_half_open_with_the_last_closed() -> None:
    p = np.array([0.0, 0.1, 0.3, 0.7, 0.95, 1.0])
    cells = HJZ("hedge", 0.9).cells(np.stack([1 - p, p], axis=1))
    assert (cells // 10).tolist() == [0, 1, 3, 7, 9, 9]
    assert (cells % 10).tolist() == [9, 9, 7, 3, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("newton", 0.9), "learner = 'newton': allowed: hedge, mlprod"),
        (("hedge", 0.9, "random"), "adversary = 'random': allowed: best_response, hedge"),
        (("hedge", 0.0), "learning_rate = 0.0"),
        (("hedge", 0.9, "hedge"), "adversary_rate goes with the adversaries that learn"),
        (("hedge", 0.9, "best_response", 0.9), "adversary_rate goes with"),
    ],
)
def test_refuses_parameters(arguments: tuple, said: str) -> None:
    with pytest.raises(LemmataError) as error:
        HJZ(*arguments)
    assert said in str(error.value)
