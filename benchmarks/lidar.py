"""LiDAR against the plain formula, in one run: explicit loops of p x p matrices, one thread.

    OMP_NUM_THREADS=1 python benchmarks/lidar.py [--shape SAMPLES VIEWS DIMENSIONS]

Also tells how far the two values are apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from measure import Report, one_thread, options, versus

from lemmata.self_supervised.metrics.lidar import lidar

DELTA, EPS = 1e-4, 1e-8
AGREE = 1e-10


def embeddings(n: int, q: int, p: int) -> Any:
    """Samples (n, q, p) with a falling spectrum, and noise in every view."""
    rng = np.random.Generator(np.random.Philox(0))
    own = rng.standard_normal((n, 1, p)) * np.arange(1, p + 1) ** -0.5
    return own + 0.1 * rng.standard_normal((n, q, p))


def plain(e: Any) -> float:
    """The definition, step by step."""
    n, q, p = e.shape
    means = [sum(e[i, j] for j in range(q)) / q for i in range(n)]
    mean = sum(means) / n
    between, within = np.zeros((p, p)), DELTA * np.eye(p)
    for i in range(n):
        between += np.outer(means[i] - mean, means[i] - mean) / (n - 1)
        for j in range(q):
            within += np.outer(e[i, j] - means[i], e[i, j] - means[i]) / (n * (q - 1))
    spread, axes = np.linalg.eigh(within)
    root = axes @ np.diag(spread**-0.5) @ axes.T
    values = np.linalg.eigvalsh(root @ between @ root).clip(min=0.0)
    shares = values / values.sum() + EPS
    return float(np.exp(-(shares * np.log(shares)).sum()))


def main() -> None:
    """Compare and measure."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--shape", type=int, nargs=3, default=[1000, 50, 512])
    args = parser.parse_args()
    one_thread()
    n, q, p = [20, 5, 16] if args.quick else args.shape
    e = embeddings(n, q, p)
    gap = abs(lidar(e, DELTA, EPS) / plain(e) - 1)
    assert gap < AGREE, f"the values are {gap:.1e} apart, relatively"
    works = {"ours": lambda: lidar(e, DELTA, EPS), "explicit loops": lambda: plain(e)}
    sizes = f"{n:,} samples, {q} views, {p} dimensions"
    row = versus("LiDAR", sizes, works, args.rounds, note=f"values {gap:.0e} apart, relatively")
    Report(args.rows).add(row)


if __name__ == "__main__":
    main()
