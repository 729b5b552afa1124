"""Slow, plain versions of the library's numbers: what the tests trust."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stream(name: str, *keys: int) -> np.random.Generator:
    """A generator of its own for each name and keys."""
    sequence = np.random.SeedSequence(keys, spawn_key=tuple(name.encode()))
    return np.random.Generator(np.random.Philox(sequence))


def reflected_kernel(t: Floats, p: Floats, s: float) -> Floats:
    """K_s(t, p), summed over the images of p on the line: (T,), (N,) -> (T, N)."""
    total = np.zeros((t.size, p.size))
    for k in range(-int(2 + 4 * s), int(2 + 4 * s) + 1):
        for image in (2 * k + p, 2 * k - p):
            total += np.exp(-0.5 * ((t[:, None] - image) / s) ** 2)
    return total / (s * np.sqrt(2 * np.pi))


def smece_by_quadrature(p: Floats, y: Floats, s: float, nodes: int = 4001) -> float:
    """smECE_s by its definition: trapezoid rule of |mean of K_s(t, p) (p - y)|."""
    t = np.linspace(0.0, 1.0, nodes)
    value = np.abs(reflected_kernel(t, p, s) @ (p - y)) / p.size
    return float(np.trapezoid(value, t))


def smooth_ece_by_bisection(p: Floats, y: Floats, nodes: int = 4001) -> float:
    """The fixed point of `smece_by_quadrature`."""
    lower, upper = 0.0, 1.0
    for _ in range(18):
        middle = 0.5 * (lower + upper)
        if smece_by_quadrature(p, y, middle, nodes) > middle:
            lower = middle
        else:
            upper = middle
    return 0.5 * (lower + upper)


def curve_by_quadrature(t: Floats, p: Floats, y: Floats, s: float) -> tuple[Floats, Floats]:
    """Nadaraya-Watson curve and density at t."""
    kernel = reflected_kernel(t, p, s)
    return kernel @ y / kernel.sum(axis=1), kernel.mean(axis=1)
