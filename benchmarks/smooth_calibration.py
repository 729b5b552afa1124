"""Smooth calibration error: our near-linear exact solver against the linear program by HiGHS.

    OMP_NUM_THREADS=1 python benchmarks/smooth_calibration.py [--largest 1e5]

The program has a variable for each distinct prediction and a Lipschitz condition, both ways, for
each neighbouring pair. HiGHS gets it as a sparse matrix through SciPy, made within the time that is
counted. Both optima are compared first and must agree to 1e-9.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from measure import Report, one_thread, options, versus
from scipy import sparse
from scipy.optimize import linprog

from lemmata.calibration.smooth_calibration import smooth_calibration_error

AGREE = 1e-9
EXACTLY = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def predictions(n: int, seed: int = 0) -> tuple[Any, Any]:
    """Distinct predictions p (n,) and overconfident outcomes y (n,)."""
    rng = np.random.Generator(np.random.Philox(seed))
    p = rng.random(n)
    return p, (rng.random(n) < p**1.5).astype(np.float64)


def by_highs(p: Any, y: Any) -> float:
    """SmCE of p, y (N,): the maximum over 1-Lipschitz w in [-1, 1] of the mean of w (y - p)."""
    values, index = np.unique(p, return_inverse=True)
    residual = np.bincount(index, weights=y - p) / len(p)  # (m,)
    m, gaps = len(values), np.diff(values)
    step = sparse.diags_array([-np.ones(m - 1), np.ones(m - 1)], offsets=[0, 1], shape=(m - 1, m))
    found = linprog(
        -residual,
        A_ub=sparse.vstack([step, -step]),
        b_ub=np.concatenate([gaps, gaps]),
        bounds=(-1.0, 1.0),
        method="highs",
        options=EXACTLY,
    )
    assert found.status == 0, found.message
    return float(-found.fun)


def main() -> None:
    """Compare and measure every size."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--largest", type=float, default=1e5)
    args = parser.parse_args()
    one_thread()
    report = Report(args.rows)
    for n in (300, 1000, 3000, 10_000, 30_000):
        if n > (300 if args.quick else args.largest):
            break
        p, y = predictions(n)
        gap = abs(smooth_calibration_error(p, y) - by_highs(p, y))
        assert gap < AGREE, f"n = {n}: the optima are {gap:.1e} apart"
        works = {
            "ours": lambda p=p, y=y: smooth_calibration_error(p, y),
            f"HiGHS in scipy {scipy.__version__}": lambda p=p, y=y: by_highs(p, y),
        }
        note = f"optima {gap:.0e} apart"
        report.add(versus("smooth calibration error", f"n = {n:,}", works, args.rounds, note=note))


if __name__ == "__main__":
    main()
