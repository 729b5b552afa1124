"""SmoothECE of torch tensors on their own device: the same method, without a copy to NumPy.

See `lemmata.calibration.smooth_ece`, whose functions this follows one by one: linear splitting onto
a grid, one cosine transform, and a bracketed fixed point. In float64 on every device that has it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from lemmata.calibration.fixed_point import fixed_points
from lemmata.calibration.smooth_ece import MAX_GRID_SIZE, NODES_PER_BANDWIDTH, grid_size_for
from lemmata.errors import LemmataError


def smooth_ece(p: Tensor, y: Tensor, grid_size: int, tolerance: float) -> float:
    """SmECE of predictions p (N,) in [0, 1] with outcomes y (N,) in [0, 1], to +- tolerance.

    The grid is refined as the NumPy version does. Raises LemmataError for shapes that differ, no
    predictions, tensors on two devices, a value outside [0, 1], or a bad tolerance.
    """
    x, outcome = _checked(p, y)
    while True:
        residual = node_residuals(x, outcome, grid_size)
        s = _solve(residual, tolerance)
        fine_enough = s * grid_size >= NODES_PER_BANDWIDTH
        if fine_enough or grid_size >= MAX_GRID_SIZE or not bool(residual.any()):
            return s
        grid_size = min(grid_size_for(s, NODES_PER_BANDWIDTH, 2 * grid_size), MAX_GRID_SIZE)


def node_residuals(p: Tensor, y: Tensor, grid_size: int) -> Tensor:
    """Mean of p - y, each split linearly between the two nodes around p: (N,) -> (M + 1,)."""
    scaled = p * grid_size
    cell = scaled.long().clamp_(max=grid_size - 1)  # (N,)
    a = scaled - cell
    residual = p - y
    nodes = torch.zeros(grid_size + 1, dtype=p.dtype, device=p.device)
    nodes.index_add_(0, cell, residual * (1.0 - a))
    nodes.index_add_(0, cell + 1, residual * a)
    return nodes / p.numel()


def cosine_transform(values: Tensor) -> Tensor:
    """DCT-I as SciPy has it, x_0 + (-1)^k x_M + 2 sum of x_j cos(pi j k / M): (M + 1,)."""
    mirrored = torch.cat([values, values[1:-1].flip(0)])  # (2 M,)
    transformed: Tensor = torch.fft.rfft(mirrored).real
    return transformed


def smece_at(residual: Tensor, bandwidth: float) -> float:
    """SmECE_s of node residuals (M + 1,) at bandwidth s."""
    return _at(_coefficients(residual), bandwidth)


def _coefficients(residual: Tensor) -> Tensor:
    halved = residual * 0.5  # DCT-I counts inner nodes twice
    halved[0], halved[-1] = residual[0], residual[-1]
    return cosine_transform(halved)


def _at(coefficients: Tensor, bandwidth: float) -> float:
    k = torch.arange(len(coefficients), dtype=coefficients.dtype, device=coefficients.device)
    damped = coefficients * torch.exp(-0.5 * (math.pi * bandwidth * k) ** 2)
    height = cosine_transform(damped).abs()
    inner = height.sum() - 0.5 * (height[0] + height[-1])
    return float(inner / (len(coefficients) - 1))


def _solve(residual: Tensor, tolerance: float) -> float:
    """The fixed point; only its few values leave the device."""
    coefficients = _coefficients(residual)
    found = fixed_points(lambda _, s: np.array([_at(coefficients, float(s[0]))]), 1, tolerance)
    return float(found[0])


def _checked(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    if p.ndim != 1 or p.shape != y.shape or p.numel() == 0:
        found = f"p has shape {tuple(p.shape)}, y {tuple(y.shape)}"
        raise LemmataError(f"{found}: both must be (N,) with N >= 1")
    if p.device != y.device:
        raise LemmataError(f"p is on {p.device}, y on {y.device}: must be on one device")
    x, outcome = p.to(torch.float64), y.to(torch.float64)
    for name, values in (("p", x), ("y", outcome)):
        low, high = float(values.min()), float(values.max())
        if not (low >= 0.0 and high <= 1.0):  # false for NaN too
            raise LemmataError(f"{name} holds {low} to {high}: must lie in [0, 1]")
    return x, outcome
