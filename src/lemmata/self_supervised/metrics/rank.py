"""Ranks of a matrix of features that need neither views nor labels.

Which spectrum, and centred or not, changes the number: each function says it.
"""

from __future__ import annotations

import torch

from lemmata.self_supervised.metrics import spectrum
from lemmata.self_supervised.metrics.spectrum import (
    Array,
    covariance_eigenvalues,
    shares_rank,
    tensor,
)


def rankme(features: Array, centred: bool = False, eps: float = 1e-7) -> float:
    """RankMe (arXiv 2210.02885) of features (N, p): exp-entropy of the singular values' shares.

    p_k = s_k / sum(s) + eps, eps = 1e-7 as published [secondary]; as published not centred, so that
    a mean far from 0 hides the rest.
    """
    x = tensor(features, "N p").double()
    return shares_rank(torch.linalg.svdvals(spectrum.centred(x) if centred else x), eps)


def effective_rank(features: Array) -> float:
    """Exp-entropy of the eigenvalues' shares of the centred covariance of features (N, p).

    Eigenvalues are squared singular values: small directions count less than in RankMe.
    """
    return shares_rank(covariance_eigenvalues(features), 0.0)


def participation_ratio(features: Array) -> float:
    """(sum l)^2 / sum(l^2), l the eigenvalues of the centred covariance; 1 for constant features.

    features: (N, p).
    """
    values = covariance_eigenvalues(features)
    total = float(values.sum())
    return total**2 / float((values**2).sum()) if total > 0.0 else 1.0
