"""SmoothECE against relplot, the authors' package, in one run on one thread.

    OMP_NUM_THREADS=1 python benchmarks/smooth_ece.py [--largest 1e7]

At n = 1,000 to the largest, uniform predictions, calibrated and overconfident. The values of both
are printed: they differ where relplot weighs predictions at 0 and 1 by half, and by its grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from measure import Report, installed, one_thread, options, versus

from lemmata.calibration.smooth_ece import smooth_ece

GRID, TOLERANCE = 2**14, 1e-6


def predictions(n: int, power: float) -> tuple[Any, Any]:
    """Uniform predictions p (n,) and outcomes y (n,) of chance p^power."""
    rng = np.random.Generator(np.random.Philox(n))
    p = rng.random(n)
    return p, (rng.random(n) < p**power).astype(np.float64)


def main() -> None:
    """Measure every size."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--largest", type=float, default=1e7)
    args = parser.parse_args()
    peer = installed("relplot")
    if peer is None:
        return
    import relplot

    one_thread()
    report = Report(args.rows)
    n = 1000
    while n <= (1000 if args.quick else args.largest):
        for name, power in (("calibrated", 1.0), ("overconfident", 1.5)):
            p, y = predictions(n, power)
            values = smooth_ece(p, y, GRID, TOLERANCE), float(relplot.smECE(p, y))
            works = {
                "ours": lambda p=p, y=y: smooth_ece(p, y, GRID, TOLERANCE),
                peer: lambda p=p, y=y: relplot.smECE(p, y),
            }
            note = f"values {values[0]:.4f}, {values[1]:.4f}"
            rounds = min(args.rounds, 3) if n >= 10**7 else args.rounds
            report.add(versus(f"SmoothECE, {name}", f"n = {n:,}", works, rounds, note=note))
        n *= 10


if __name__ == "__main__":
    main()
