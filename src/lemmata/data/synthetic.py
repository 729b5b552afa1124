"""Populations with known probabilities: one with overlapping groups (ours), one of a paper.

`synthetic_groups` [derived]: four attributes A in {0, 1} with P(A = 1) = (.5, .35, .2, .1), six
normal covariates Z and four age classes; the labels follow

    logit p = -0.6 + 0.9 w.Z + 0.5 A0 - 0.4 A1 + 0.9 A0 A1 - 1.0 A2 A3
              + 0.5 (Z0^2 - 1) A2 + 0.25 (age - 1.5),     w = (1, -.8, .6, .4, -.3, .2),

so a logistic regression is misspecified inside groups, and p is known for every row. It stands in
for the tables of Hansen, Devic, Nakkiran, Sharan (2024), whose groups overlap in the same way.

`oscillating`: uniform predictions whose true frequency swings around them, the synthetic example of
Błasiok, Nakkiran, arXiv 2309.12236 [official code].
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray
from scipy.special import expit, ndtri

ATTRIBUTE_SHARES: Final = np.array([0.5, 0.35, 0.2, 0.1])
COVARIATE_WEIGHTS: Final = np.array([1.0, -0.8, 0.6, 0.4, -0.3, 0.2])
AGES: Final = 4
_TINY: Final = 2.0**-54  # keeps the quantile of a drawn 0 finite


def synthetic_groups(rows: int, seed: int) -> pd.DataFrame:
    """Table of `rows` rows: y, p_true, 14 features x_*, 14 groups g_*.

    Row i takes words 12 i to 12 i + 11 of a Philox stream of the seed, so a longer table begins
    with the shorter one.
    """
    stream = SeedSequence(seed, spawn_key=tuple(b"synthetic_groups"))
    uniform = Generator(Philox(stream)).random((rows, 12))  # (N, 12)
    a = uniform[:, :4] < ATTRIBUTE_SHARES  # (N, 4)
    z = ndtri(np.maximum(uniform[:, 4:10], _TINY))  # (N, 6)
    age = np.floor(AGES * uniform[:, 10]).astype(np.int64)  # (N,) in 0..3
    p_true = probability(a, z, age)  # (N,)
    columns: dict[str, NDArray[np.generic]] = {
        "y": (uniform[:, 11] < p_true).astype(np.int64),
        "p_true": p_true,
        **{f"x_a{k}": a[:, k].astype(np.float64) for k in range(4)},
        **{f"x_z{k}": z[:, k] for k in range(6)},
        **{f"x_age_{k}": (age == k).astype(np.float64) for k in range(AGES)},
        **{f"g_{name}": flags for name, flags in _groups(a, age).items()},
    }
    return pd.DataFrame(columns)


def oscillating_truth(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(y = 1 | p) = (z + 0.2 sin(4 pi z) + 1) / 2 with z = 2 p - 1: (N,) -> (N,)."""
    z = 2.0 * p - 1.0
    return np.clip(0.5 * (z + 0.2 * np.sin(4.0 * np.pi * z) + 1.0), 0.0, 1.0)


def oscillating(rows: int, seed: int) -> pd.DataFrame:
    """Table of `rows` rows: y, p uniform on [0, 1], p_true (the paper draws 1000 rows)."""
    stream = SeedSequence(seed, spawn_key=tuple(b"oscillating"))
    uniform = Generator(Philox(stream)).random((rows, 2))  # (N, 2)
    p_true = oscillating_truth(uniform[:, 0])
    y = (uniform[:, 1] < p_true).astype(np.int64)
    return pd.DataFrame({"y": y, "p": uniform[:, 0], "p_true": p_true})


def probability(
    a: NDArray[np.bool_], z: NDArray[np.float64], age: NDArray[np.int64]
) -> NDArray[np.float64]:
    """True P(y = 1) of `synthetic_groups`: (N, 4), (N, 6), (N,) -> (N,)."""
    a0, a1, a2, a3 = a.T.astype(np.float64)  # each (N,)
    logit = (
        -0.6
        + 0.9 * (z @ COVARIATE_WEIGHTS)
        + 0.5 * a0
        - 0.4 * a1
        + 0.9 * a0 * a1
        - 1.0 * a2 * a3
        + 0.5 * (z[:, 0] ** 2 - 1.0) * a2
        + 0.25 * (age - 1.5)
    )  # (N,)
    return np.asarray(expit(logit), dtype=np.float64)


def _groups(a: NDArray[np.bool_], age: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    a0, a1, a2, a3 = a.T  # each (N,)
    return {
        "a0": a0,
        "a1": a1,
        "a2": a2,
        "a3": a3,
        "not_a0": ~a0,
        "not_a1": ~a1,
        **{f"age_{k}": age == k for k in range(AGES)},
        "a0_and_a1": a0 & a1,
        "a2_and_a0": a2 & a0,
        "a2_and_a1": a2 & a1,
        "a3_and_age_0": a3 & (age == 0),
    }
