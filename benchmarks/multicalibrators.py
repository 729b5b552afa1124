"""HKRR and HJZ against the authors' package, fit and predict in one run, one thread.

    pip install '.[benchmark]'
    OMP_NUM_THREADS=1 python benchmarks/multicalibrators.py [--hkrr-rows N] [--hjz-rows N]

The note gives the largest SmoothECE of any group on as many fresh rows: of the predictions as they
were, ours, the package's. The package's predict visits every row with a search through every
group's list, so a share of the fresh rows is predicted by it and its time is scaled up; all three
SmoothECE are of that share. At 100,000 rows its HJZ takes twenty minutes a round.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from measure import Report, Row, installed, one_thread, options, row_of, turns

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR

ALPHA = 0.1
SHARE = 20
FEW = slice(None, None, SHARE)  # one fresh row in so many is predicted by the package


@dataclass(frozen=True)
class Case:
    """An algorithm: ours, and the package's parameters for the same."""

    name: str
    ours: Callable[[], Any]
    parameters: dict[str, Any]


CASES = (
    Case(
        "HKRR",
        lambda: HKRR(ALPHA),
        {"lambda": 0.1, "alpha": ALPHA, "max_iter": 100, "randomized": True, "use_oracle": True},
    ),
    Case(
        "HJZ",
        lambda: HJZ("hedge", 0.9),
        {
            "algorithm": "Hedge",
            "other_algorithm": "None",
            "lr": 0.9,
            "other_lr": 0.9,
            "n_bins": 10,
            "iterations": 30,
        },
    ),
)


def population(rows: int, groups: int, seed: int) -> tuple[Any, Any, Any]:
    """Predictions that are off in some groups: p, y, flags."""
    rng = np.random.Generator(np.random.Philox(seed))
    flags = rng.random((rows, groups)) < np.linspace(0.02, 0.5, groups)
    p = rng.beta(2.0, 3.0, rows)
    truth = np.clip(p + 0.1 * flags[:, 0] - 0.1 * flags[:, -1] + 0.05 * flags[:, 1], 0, 1)
    return p, (rng.random(rows) < truth).astype(np.int64), flags


class Package:
    """The authors' predictor on one population; `out` holds what it last predicted."""

    def __init__(self, case: Case, data: Any, fresh: Any) -> None:
        from multicalibration import MulticalibrationPredictor

        vars(np).setdefault("alltrue", np.all)  # its code was written for NumPy 1
        self.new = lambda: MulticalibrationPredictor(case.name)
        self.parameters = case.parameters
        self.p, self.y, flags = data
        self.groups = [np.flatnonzero(m).tolist() for m in flags.T]
        self.fresh = fresh[0][FEW]
        self.fresh_groups = [np.flatnonzero(m).tolist() for m in fresh[2][FEW].T]

    def fit(self) -> None:
        """As its users call it; it draws from NumPy's global generator."""
        np.random.seed(0)  # noqa: NPY002
        self.model = self.new()
        with contextlib.redirect_stderr(io.StringIO()):
            self.model.fit(self.p.copy(), self.y.astype(float), self.groups, self.parameters)

    def predict(self) -> None:
        """Of the share of the fresh rows."""
        with contextlib.redirect_stderr(io.StringIO()):
            self.out = self.model.predict(self.fresh.copy(), self.fresh_groups)


def measured(case: Case, peer: str, rows: int, groups: int, rounds: int) -> Row:
    """One algorithm on one population."""
    data, fresh = population(rows, groups, 0), population(rows, groups, 1)
    package = Package(case, data, fresh)
    works = {
        "ours": lambda: case.ours().fit(*data).predict(fresh[0], fresh[2]),
        "fit": package.fit,
        "predict": package.predict,
    }
    seconds = turns(works, rounds, time.process_time)
    both = {"ours": seconds["ours"], peer: seconds["fit"] + SHARE * seconds["predict"]}
    out = case.ours().fit(*data).predict(fresh[0], fresh[2])
    largest = [
        float(group_smooth_ece(p, fresh[1][FEW], fresh[2][FEW], 1024, 1e-5).max())
        for p in (fresh[0][FEW], out[FEW], package.out)
    ]
    note = "largest group SmoothECE {:.3f} before; {:.3f}, {:.3f}".format(*largest)
    sizes = f"{rows:,} rows, {groups} groups"
    return row_of(f"{case.name}: fit and predict", sizes, both, note=note)


def main() -> None:
    """Measure both algorithms."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--hkrr-rows", type=int, default=100_000)
    parser.add_argument("--hjz-rows", type=int, default=20_000)
    parser.add_argument("--groups", type=int, default=20)
    args = parser.parse_args()
    peer = installed("multicalibration")
    if peer is None:
        return
    one_thread()
    report = Report(args.rows)
    for case, rows in zip(CASES, (args.hkrr_rows, args.hjz_rows), strict=True):
        few = (4000, 3) if args.quick else (rows, args.groups)
        report.add(measured(case, peer, *few, args.rounds))


if __name__ == "__main__":
    main()
