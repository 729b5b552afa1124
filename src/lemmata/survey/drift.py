"""What moved between two editions, on comparable questions alone, with permutation tests.

Three statistics of one question: the mean stance, the share of the upper end, and how far the whole
distribution moved (normalised earth mover's distance), which is the one tested. Edition labels are
permuted between respondents within strata. Members of a panel answered twice: they are no two
respondents, so the two answers of each change places instead, or not; and their differences have a
sign-flip test of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from lemmata.errors import LemmataError
from lemmata.survey.indices import mean_stance, movement, top
from lemmata.survey.ingest import answer_counts
from lemmata.survey.instrument import Asked
from lemmata.survey.resampling import p_value, permuted_counts, sign_flip_p, swapped_counts
from lemmata.survey.weighting import post_stratified

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def pooled(counts: ArrayLike) -> Floats:
    """Shares of answers over all strata. counts: (..., G, 1 + K), no stance first -> (..., K)."""
    answers = np.asarray(counts, dtype=float)[..., 1:].sum(axis=-2)
    total = answers.sum(axis=-1, keepdims=True)
    found: Floats = np.divide(answers, total, out=np.zeros_like(answers), where=total > 0)
    return found


def permutation_p(
    first: Counts, second: Counts, resamples: int, rng: np.random.Generator,
    pairs: Counts | None = None,
) -> dict[str, float]:  # fmt: skip
    """Two-sided p of the three statistics. first, second: (G, 1 + K) by stratum.

    pairs: (1 + K, 1 + K), panel members by first and second answer, who are in neither count.
    """
    c = first.shape[-1]
    n = np.zeros((c, c), dtype=np.int64) if pairs is None else pairs
    permuted = permuted_counts(first, second, resamples, rng)
    swapped = swapped_counts(n, resamples, rng)
    a, b = (
        pooled(np.concatenate([x, y[:, None]], axis=1))
        for x, y in zip(permuted, swapped, strict=True)
    )
    p, q = (pooled(np.vstack([x, n.sum(axis=1 - i)])) for i, x in enumerate((first, second)))
    return {
        "p_mean": p_value(abs(float(mean_stance(q - p))), np.abs(mean_stance(b - a))),
        "p_top": p_value(abs(float(top(q - p))), np.abs(top(b - a))),
        "p_moved": p_value(float(movement(p, q)), movement(a, b)),
    }


def comparable(first: Mapping[str, Asked], second: Mapping[str, Asked]) -> list[str]:
    """Questions of both editions whose wordings may be compared, with scales of one length."""
    return [
        name
        for name, item in second.items()
        if name in first
        and item.comparable
        and first[name].wording.version >= item.question.comparable_from
        and len(item.labels) == len(first[name].labels)
    ]


def drift(
    frames: tuple[pd.DataFrame, pd.DataFrame],
    asked: tuple[Mapping[str, Asked], Mapping[str, Asked]],
    resamples: int,
    level: float,
    seed: int,
) -> pd.DataFrame:
    """One row per comparable question; see the module. Holm and BH run over these rows."""
    strata = [c for c in frames[0].columns if c.startswith("stratum_") and c in frames[1].columns]
    rows = []
    for name in comparable(*asked):
        if not asked[1][name].labels:
            continue
        first, second, pairs = _without_panel(frames, asked[1][name])
        tables = [_table(frame, asked[1][name], strata) for frame in (*frames, first, second)]
        rng = np.random.default_rng(
            [seed, *name.encode()]
        )  # a question's own, whatever is beside it
        rows.append(
            {
                "question": name,
                **_moved(*_aligned(*tables[:2])),
                **permutation_p(*_aligned(*tables[2:]), resamples, rng, pairs),
                **_panel(frames, name, resamples, rng),
            }
        )
    return adjusted(pd.DataFrame(rows), level)


def _table(frame: pd.DataFrame, asked: Asked, strata: list[str]) -> pd.DataFrame:
    names, counts = answer_counts(frame, asked, strata)
    return pd.DataFrame(counts, index=names)


def _aligned(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Counts, Counts]:
    """Counts of both editions over the union of their strata, (G, 1 + K) each."""
    every = first.index.union(second.index)
    a, b = (t.reindex(every, fill_value=0).to_numpy() for t in (first, second))
    return a, b


def _without_panel(
    frames: tuple[pd.DataFrame, pd.DataFrame], asked: Asked
) -> tuple[pd.DataFrame, pd.DataFrame, Counts]:
    """The frames without who was shown a question in both, and these by first and second answer."""
    own = [
        f[(f["question"] == asked.question.id) & f["shown"] & f["panel"].notna()] for f in frames
    ]
    both = own[0].merge(own[1], on="panel", suffixes=("_first", "_second"))
    points = len(asked.labels) + 1
    pairs = np.zeros((points, points), dtype=np.int64)
    stances = [both[f"stance_{end}"].fillna(0).astype(int) for end in ("first", "second")]
    np.add.at(pairs, tuple(stance.to_numpy() for stance in stances), 1)
    first, second = (
        f[~(f["panel"].isin(both["panel"]) & (f["question"] == asked.question.id))] for f in frames
    )
    return first, second, pairs


def _moved(first: Counts, second: Counts) -> dict[str, Any]:
    """The statistics, and the mean's difference with the earlier edition's composition."""
    if not first[:, 1:].sum() or not second[:, 1:].sum():
        raise LemmataError("drift: a comparable question has no answer in one of the editions")
    p, q = pooled(first), pooled(second)
    again = post_stratified(second[:, 1:], first[:, 1:].sum(axis=1))
    return {
        "first_mean": float(mean_stance(p)),
        "second_mean": float(mean_stance(q)),
        "mean": float(mean_stance(q - p)),
        "mean_post_stratified": float(mean_stance(again - p)),
        "top": float(top(q - p)),
        "moved": float(movement(p, q)),
        "first_n": int(first[:, 1:].sum()),
        "second_n": int(second[:, 1:].sum()),
    }


def _panel(
    frames: tuple[pd.DataFrame, pd.DataFrame], name: str, resamples: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Sign-flip test of who answered both times; p is NaN where fewer than five did."""
    own = [f[(f["question"] == name) & f["stance"].notna() & f["panel"].notna()] for f in frames]
    both = own[0].merge(own[1], on="panel", suffixes=("_first", "_second"))
    change = (both["stance_second"] - both["stance_first"]).to_numpy(dtype=np.int64)
    p = sign_flip_p(change, resamples, rng) if change.size >= 5 else float("nan")
    mean = float(change.mean()) if change.size >= 5 else float("nan")
    return {"panel_n": int(change.size), "panel_mean": mean, "panel_p": p}


def adjusted(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """With Holm's and Benjamini and Hochberg's p of `p_moved`, and whether each drifted by BH."""
    from statsmodels.stats.multitest import multipletests  # loads scipy.stats: dear

    if rows.empty:
        return rows
    alpha = 1.0 - level
    holm = multipletests(rows["p_moved"], alpha, method="holm")[1]
    fdr = multipletests(rows["p_moved"], alpha, method="fdr_bh")[1]
    return rows.assign(p_holm=holm, p_fdr=fdr, drifted=fdr <= alpha)


def welch_p(first: tuple[float, float, int], second: tuple[float, float, int]) -> float:
    """Welch's two-sided p from mean, standard deviation and n of two editions."""
    from scipy.stats import ttest_ind_from_stats  # dear to load

    return float(ttest_ind_from_stats(*first, *second, equal_var=False).pvalue)


def least_n(first: float, second: float, second_n: int, alpha: float = 0.05) -> int:
    """The smallest n of the first edition at which two shares differ (pooled z test).

    For an edition whose n is not known: how many it would have taken. Raises LemmataError where
    no n up to a million does.
    """
    n = np.arange(2, 1_000_001)
    pooled_share = (first * n + second * second_n) / (n + second_n)
    error = np.sqrt(pooled_share * (1.0 - pooled_share) * (1.0 / n + 1.0 / second_n))
    enough = abs(first - second) > -ndtri(alpha / 2) * error
    if enough.any():
        return int(n[np.argmax(enough)])
    raise LemmataError("least_n: these shares differ at no n")
