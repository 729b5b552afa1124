"""Bootstrap and permutation of respondents, by the counts that they leave.

Every statistic here depends on the respondents only through counts of cells (stratum, answer, no
answer among them), so the law of the counts is all that resampling respondents needs, and NumPy
draws it exactly: n draws with replacement leave multinomial counts, a random choice of n of the N
respondents (a permutation of edition labels) leaves multivariate hypergeometric ones. The cost is
that of the cells, not of the respondents.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def bootstrap_counts(counts: ArrayLike, resamples: int, rng: np.random.Generator) -> Counts:
    """Counts after drawing each stratum's respondents anew. counts: (G, C) -> (R, G, C)."""
    n = np.asarray(counts, dtype=np.int64)
    drawn = np.zeros((resamples, *n.shape), dtype=np.int64)
    for g, row in enumerate(n):
        if row.sum():
            drawn[:, g] = rng.multinomial(row.sum(), row / row.sum(), size=resamples)
    return drawn


def permuted_counts(
    first: ArrayLike, second: ArrayLike, resamples: int, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """Counts of both editions after their labels are shuffled within each stratum.

    first, second: (G, C), the respondents without an answer in a column of their own, since labels
    belong to respondents -> (R, G, C) each.
    """
    a, b = (np.asarray(x, dtype=np.int64) for x in (first, second))
    drawn = np.zeros((resamples, *a.shape), dtype=np.int64)
    for g, row in enumerate(a + b):
        drawn[:, g] = rng.multivariate_hypergeometric(
            row, a[g].sum(), size=resamples, method="marginals"
        )
    return drawn, (a + b) - drawn


def swapped_counts(
    pairs: ArrayLike, resamples: int, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """Counts of both editions after each panel member's two answers change places or not.

    pairs: (C, C), how many answered i first and j then; each keeps its order with probability 1/2,
    so Binomial(n_ij, 1/2) of n_ij do -> (R, C) each.
    """
    n = np.asarray(pairs, dtype=np.int64)
    kept = rng.binomial(n, 0.5, size=(resamples, *n.shape))
    turned = n - kept
    return kept.sum(axis=2) + turned.sum(axis=1), kept.sum(axis=1) + turned.sum(axis=2)


def p_value(observed: float, replicates: ArrayLike) -> float:
    """Share of statistics, the observed one among them, that are at least as large.

    Ties count, to within rounding. Source: Phipson and Smyth (2010).
    """
    r = np.asarray(replicates, dtype=np.float64)
    return float((1 + np.count_nonzero(r >= observed - 1e-12)) / (1 + r.size))


def sign_flip_p(differences: ArrayLike, resamples: int, rng: np.random.Generator) -> float:
    """Two-sided p of paired differences (whole numbers, (N,)) whose signs are arbitrary under H0.

    Of n pairs that differ by d either way, Binomial(n, 1/2) keep the sign plus: drawn by size.
    """
    d = np.asarray(differences, dtype=np.int64)
    sizes, counts = np.unique(np.abs(d[d != 0]), return_counts=True)
    plus = rng.binomial(counts, 0.5, size=(resamples, counts.size))
    sums = (2 * plus - counts) @ sizes
    return p_value(abs(int(d.sum())), np.abs(sums))
