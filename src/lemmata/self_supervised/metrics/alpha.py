"""alpha-ReQ (Agrawal et al. 2022): how fast the spectrum of a representation falls."""

from __future__ import annotations

import torch

from lemmata.errors import LemmataError
from lemmata.self_supervised.metrics.spectrum import Array, covariance_eigenvalues


def alpha_req(features: Array, first: int, last: int) -> float:
    """alpha of eigenvalue l_j ~ j^(-alpha) of the centred covariance of features (N, p).

    Least squares of log l_j on log j for j = first..last, counted from 1, with weights 1/j. The
    reference range is 10..100, which needs p > 100; the range can change even the sign of a
    correlation, so it has no default [secondary]. Near 1 is called good; a fall to 0 is an error.
    """
    values = covariance_eigenvalues(features)
    if not 1 <= first < last <= len(values):
        raise LemmataError(
            f"alpha-ReQ: indices {first}..{last}: need 1 <= first < last <= {len(values)}"
        )
    own = values[first - 1 : last]
    # Squares of singular values that are 0 but for rounding.
    if float(own[-1]) <= 1e-26 * float(values[0]):
        raise LemmataError(f"alpha-ReQ: eigenvalue {last} is 0: choose a smaller `last`")
    j = torch.arange(first, last + 1, dtype=torch.float64, device=own.device)
    x, y, weight = j.log(), own.log(), 1.0 / j
    x = x - (weight * x).sum() / weight.sum()
    return -float((weight * x * y).sum() / (weight * x * x).sum())
