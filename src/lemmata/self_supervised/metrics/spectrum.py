"""Spectra: arrays as float64 tensors on their own device, and the rank that an entropy counts."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lemmata.errors import LemmataError

Array = NDArray[np.floating] | Tensor


def tensor(values: Array, axes: str) -> Tensor:
    """Values as a tensor of any float type; axes, as "N p", names what each is.

    Raises LemmataError for another number of axes, an empty one, and values that are not finite.
    """
    if isinstance(values, Tensor):
        found = values.detach()
    else:
        found = torch.from_numpy(np.require(values, requirements=["C", "W"]))
    if found.ndim != len(axes.split()) or not found.numel() or not found.is_floating_point():
        kind = f"{str(found.dtype).removeprefix('torch.')} {tuple(found.shape)}"
        raise LemmataError(f"metric of a representation: found {kind}; need floats ({axes})")
    if not bool(torch.isfinite(torch.stack(found.aminmax())).all()):  # NaN is both of its ends
        raise LemmataError("metric of a representation: not all values are finite")
    return found


def centred(x: Tensor) -> Tensor:
    """x (N, p) less its mean row; what is left of constant columns by rounding is 0."""
    found = x - x.mean(dim=0)
    return torch.where(found.abs() <= 1e-14 * x.abs().amax(dim=0), 0.0, found)


def shares_rank(values: Tensor, eps: float) -> float:
    """exp(-sum p log p) with p = values / sum(values) + eps: how many of (K,) values count.

    With eps = 0 a zero counts nothing (0 log 0 = 0). Values that are all 0 give 1.
    """
    total = values.sum()
    if float(total) <= 0.0:
        return 1.0
    p = values / total + eps
    return float(torch.exp(-torch.special.xlogy(p, p).sum()))


def covariance_eigenvalues(features: Array) -> Tensor:
    """Eigenvalues (p,) of the centred covariance of features (N, p), the largest first."""
    x = tensor(features, "N p").double()
    if len(x) < 2:
        raise LemmataError("covariance of a representation: needs 2 samples or more")
    found = torch.linalg.svdvals(centred(x)) ** 2 / (len(x) - 1)  # (min(N, p),)
    return torch.nn.functional.pad(found, (0, x.shape[1] - len(found)))
