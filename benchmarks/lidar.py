"""LiDAR against the plain formula, in one run: explicit loops of p x p matrices, one thread.

    OMP_NUM_THREADS=1 python benchmarks/lidar.py [SAMPLES] [VIEWS] [DIMENSIONS]

Prints seconds of both, their ratio, and how far the two values are apart.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from lemmata.self_supervised.metrics.lidar import lidar

DELTA, EPS = 1e-4, 1e-8


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
    """Measure both and print."""
    shape = [int(a) for a in sys.argv[1:]] or [1000, 50, 512]
    e = embeddings(*shape)
    lidar(e[:2])  # torch's first call
    began = time.perf_counter()
    ours = lidar(e, DELTA, EPS)
    between = time.perf_counter()
    theirs = plain(e)
    ended = time.perf_counter()
    print(f"{shape[0]} samples of {shape[1]} views in {shape[2]} dimensions")
    print(f"LiDAR {ours:.10f}, plain {theirs:.10f}, apart {abs(ours / theirs - 1):.1e} relative")
    seconds = between - began, ended - between
    print(f"{seconds[0]:.2f} s, plain {seconds[1]:.1f} s: {seconds[1] / seconds[0]:.0f} times")


if __name__ == "__main__":
    main()
