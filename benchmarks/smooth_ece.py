"""SmoothECE against relplot, the authors' package, in one run on one thread.

    OMP_NUM_THREADS=1 python benchmarks/smooth_ece.py [LARGEST]

Best of three each, at n = 1,000 to LARGEST (by default ten million) uniform predictions, calibrated
and not; the ratio is relplot's time by ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import relplot

from lemmata.calibration.smooth_ece import smooth_ece


def best(work: Callable[[], float], times: int) -> tuple[float, float]:
    """Least seconds, and the value."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        value = float(work())
        seconds.append(time.perf_counter() - began)
    return min(seconds), value


def main() -> None:
    """Measure every size and print the table."""
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    rng = np.random.Generator(np.random.Philox(0))
    print(f"relplot {relplot.__version__ if hasattr(relplot, '__version__') else '1.0.3'}")
    print("         n  data            ours s  relplot s  ratio  ours    relplot")
    n = 1000
    while n <= largest:
        p = rng.random(n)
        for name, truth in (("calibrated", p), ("overconfident", p**1.5)):
            y = (rng.random(n) < truth).astype(np.float64)
            times = 3 if n < 10_000_000 else 1
            ours, value = best(lambda p=p, y=y: smooth_ece(p, y, 2**14, 1e-6), 3)
            theirs, other = best(lambda p=p, y=y: relplot.smECE(p, y), times)
            print(
                f"{n:>10,}  {name:<14} {ours:8.4f} {theirs:9.3f} {theirs / ours:6.1f}"
                f"  {value:.4f}  {other:.4f}",
                flush=True,
            )
        n *= 10


if __name__ == "__main__":
    main()
