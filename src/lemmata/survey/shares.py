"""Shares of answers with intervals, and what each question's answers come to.

Two tables an edition writes. Shares, one row per question, group and category::

    edition  question  group  position  category  share  lower  upper  n  n_basis

`position` is 1..K on the scale, 0 for no stance (of all who were shown the question), -1 for the
upper end summed; `suppressed` marks strata that are too small to tell. Measures, one row per
question: mean, top, bottom, net with intervals, consensus, agreement, variance, predicted, n,
n_basis. Unknown n: no interval (NaN), and n is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lemmata.survey.aggregates import TOP, distribution
from lemmata.survey.indices import (
    agreement,
    bottom,
    consensus,
    mean_stance,
    normalised_variance,
    top,
)
from lemmata.survey.ingest import answer_counts
from lemmata.survey.instrument import Asked, Edition
from lemmata.survey.resampling import bootstrap_counts
from lemmata.survey.rows import tuples

Floats = NDArray[np.float64]
NO_STANCE, UPPER = 0, -1
UNKNOWN = (float("nan"), float("nan"))


class Precision(NamedTuple):
    """How intervals are made. k: the smallest stratum that is published."""

    level: float
    resamples: int
    k: int
    seed: int


def wilson(share: ArrayLike, n: ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Wilson's interval of shares out of n; n need not be whole (an effective sample size)."""
    from statsmodels.stats.proportion import proportion_confint  # loads scipy.stats: dear

    p, size = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    low, high = proportion_confint(p * size, size, alpha=1.0 - level, method="wilson")
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def weighted_counts(frame: pd.DataFrame, asked: Asked) -> tuple[NDArray[np.int64], Floats]:
    """Respondents with a stance by cell (weight and answer), and the weight of each cell's row.

    Cells of equal weight keep a bootstrap over respondents exact. -> (W, K), (W,)
    """
    own = frame[(frame["question"] == asked.question.id) & frame["stance"].notna()]
    table = pd.crosstab(own["weight"], own["stance"].astype(int)).reindex(
        columns=range(1, len(asked.labels) + 1), fill_value=0
    )
    return table.to_numpy(), table.index.to_numpy(dtype=np.float64)


def weighted_shares(counts: ArrayLike, weights: ArrayLike) -> Floats:
    """Shares of the answers, each respondent by weight. counts: (..., W, K), (W,) -> (..., K)."""
    heavy = np.asarray(counts, dtype=float) * np.asarray(weights, dtype=float)[:, None]
    total = heavy.sum(axis=-2)
    found: Floats = total / total.sum(axis=-1, keepdims=True)
    return found


def weighted_interval(
    frame: pd.DataFrame, asked: Asked, precision: Precision
) -> tuple[Floats, Floats, Floats]:
    """Weighted shares with the bootstrap's percentile interval over respondents, (K,) each."""
    counts, weights = weighted_counts(frame, asked)
    rng = np.random.default_rng(precision.seed)
    flat = bootstrap_counts(counts.reshape(1, -1), precision.resamples, rng)  # (R, 1, W K)
    drawn = weighted_shares(flat.reshape(-1, *counts.shape), weights)  # (R, K)
    tail = (1.0 - precision.level) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    return weighted_shares(counts, weights), low, high


def answered(
    frame: pd.DataFrame, edition: Edition, asked: Mapping[str, Asked], precision: Precision
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares and measures of an edition with microdata; see the module."""
    shares: list[dict[str, Any]] = []
    measures: list[dict[str, Any]] = []
    for item in asked.values():
        if not item.labels:
            continue
        _, counts = answer_counts(frame, item)
        if not counts[:, 1:].sum():
            continue
        shares += _own_shares(frame, item, counts.sum(axis=0), precision)
        for stratum in edition.strata:
            shares += _by_stratum(frame, item, f"stratum_{stratum}", precision)
        measures.append(_measured(frame, item, precision))
    return _tables(edition, shares, measures)


def _own_shares(
    frame: pd.DataFrame, asked: Asked, counts: NDArray[np.int64], precision: Precision
) -> list[dict[str, Any]]:
    """Categories, their upper end, and no stance apart. counts: (1 + K,)."""
    name, n = asked.question.id, int(counts[1:].sum())
    weighted = frame["weight"].nunique() > 1
    if weighted:
        p, low, high = weighted_interval(frame, asked, precision)
        method = "weighted, bootstrap"
    else:
        p = counts[1:] / n
        (low, high), method = wilson(p, n, precision.level), "Wilson"
    rows = [
        _row(name, "", i + 1, label, p[i], (low[i], high[i]), n, "reported", method)
        for i, label in enumerate(asked.labels)
    ]
    for position, category, share, size in (
        (UPPER, TOP, float(top(p)), n),
        (NO_STANCE, "no stance", counts[0] / counts.sum(), int(counts.sum())),
    ):
        ends = wilson(share, size, precision.level)
        rows.append(_row(name, "", position, category, share, ends, size, "reported", "Wilson"))
    return rows


def _by_stratum(
    frame: pd.DataFrame, asked: Asked, stratum: str, precision: Precision
) -> list[dict[str, Any]]:
    """The upper end by stratum; strata below k are suppressed, and so is one that they would leave
    computable from the total.
    """
    names, counts = answer_counts(frame, asked, [stratum])
    n = counts[:, 1:].sum(axis=1)
    hidden = n < precision.k
    if hidden.sum() == 1 and hidden.size > 1:
        hidden[np.argmin(np.where(hidden, np.iinfo(np.int64).max, n))] = True
    rows = []
    for name, row, size, secret in zip(names, counts[:, 1:], n, hidden, strict=True):
        group = f"{stratum.removeprefix('stratum_')}: {name}"
        if secret:
            rows.append(
                _row(asked.question.id, group, UPPER, TOP, np.nan, UNKNOWN, None, "", "", True)
            )
            continue
        share = float(top(row / size))
        ends = wilson(share, size, precision.level)
        found = _row(
            asked.question.id, group, UPPER, TOP, share, ends, int(size), "reported", "Wilson"
        )
        rows.append(found)
    return rows


def _row(
    question: str, group: str, position: int, category: str, share: float,
    ends: tuple[Any, Any], n: int | None, n_basis: str, method: str, suppressed: bool = False,
) -> dict[str, Any]:  # fmt: skip
    return {
        "question": question,
        "group": group,
        "position": position,
        "category": category,
        "share": float(share),
        "lower": float(ends[0]),
        "upper": float(ends[1]),
        "n": n,
        "n_basis": n_basis,
        "method": method,
        "suppressed": suppressed,
    }


def _measured(frame: pd.DataFrame, asked: Asked, precision: Precision) -> dict[str, Any]:
    """What one question's answers come to, intervals by bootstrap over respondents."""
    counts, weights = weighted_counts(frame, asked)
    rng = np.random.default_rng(precision.seed)
    flat = bootstrap_counts(counts.reshape(1, -1), precision.resamples, rng)
    drawn = weighted_shares(flat.reshape(-1, *counts.shape), weights)
    predicted = frame.loc[frame["question"] == asked.question.id, "predicted_share"].mean()
    own = _indices(asked, weighted_shares(counts, weights), int(counts.sum()), "reported")
    return own | _spread(drawn, precision.level) | {"predicted": predicted}


def _spread(drawn: Floats, level: float) -> dict[str, float]:
    """Percentile intervals of mean and net. drawn: (R, K) shares of resampled respondents."""
    found: dict[str, float] = {}
    tail = (1.0 - level) / 2.0
    for key, values in (("mean", mean_stance(drawn)), ("net", top(drawn) - bottom(drawn))):
        low, high = np.quantile(values, [tail, 1.0 - tail])
        found |= {f"{key}_lower": float(low), f"{key}_upper": float(high)}
    return found


def _indices(asked: Asked, p: ArrayLike, n: int | None, n_basis: str) -> dict[str, Any]:
    return {
        "question": asked.question.id,
        "points": len(asked.labels),
        "mean": float(mean_stance(p)),
        "top": float(top(p)),
        "bottom": float(bottom(p)),
        "net": float(top(p) - bottom(p)),
        "consensus": consensus(p),
        "agreement": agreement(p),
        "variance": normalised_variance(p),
        "n": n,
        "n_basis": n_basis,
    }


def published(
    frame: pd.DataFrame, edition: Edition, asked: Mapping[str, Asked], precision: Precision
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares and measures of an edition that is known by its published aggregates alone."""
    shares: list[dict[str, Any]] = []
    for row in tuples(frame[frame["statistic"] == "share"]):
        labels = asked[str(row.question)].labels
        position = labels.index(row.category) + 1 if row.category in labels else UPPER
        share, known = float(row.value) / 100.0, not pd.isna(row.n)
        ends = wilson(share, row.n, precision.level) if known else UNKNOWN
        method = "Wilson" if known else "none: n not stated"
        n = int(row.n) if known else None
        shares.append(
            _row(
                row.question, row.group, position, row.category, share, ends, n,
                row.n_basis, method,
            )
        )  # fmt: skip
    measures = [_published_measures(frame, item, precision) for item in asked.values()]
    return _tables(edition, shares, measures)


def _published_measures(frame: pd.DataFrame, asked: Asked, precision: Precision) -> dict[str, Any]:
    own = frame[(frame["question"] == asked.question.id) & (frame["group"] == "")]
    first = own.iloc[0] if len(own) else None
    n = None if first is None or pd.isna(first["n"]) else int(first["n"])
    basis = "not stated" if first is None else str(first["n_basis"])
    p = distribution(frame, asked)
    row = {"question": asked.question.id, "points": len(asked.labels), "n": n, "n_basis": basis}
    if p is not None:
        row = _indices(asked, p, n, basis)
        if n is not None:  # as respondents drawn anew, to within the rounding of the shares
            rng = np.random.default_rng(precision.seed)
            row |= _spread(rng.multinomial(n, p, precision.resamples) / n, precision.level)
    values = own.set_index("statistic")["value"]
    for statistic, key in (("mean", "forecast_mean"), ("sd", "forecast_sd"), ("median", "median")):
        row[key] = float(values[statistic]) if statistic in values.index else np.nan
    agree = own[(own["statistic"] == "share") & (own["category"] == TOP)]["value"]
    if len(agree):
        row["top"] = float(agree.iloc[0]) / 100.0
    row["predicted"] = float(values["predicted"]) / 100 if "predicted" in values.index else np.nan
    return row


MEASURES = (
    "mean", "mean_lower", "mean_upper", "top", "bottom", "net", "net_lower", "net_upper",
    "consensus", "agreement", "variance", "predicted", "forecast_mean", "forecast_sd", "median",
)  # fmt: skip


TEXTS = ("question", "group", "category", "n_basis", "method")


def _tables(
    edition: Edition, shares: list[dict[str, Any]], measures: list[dict[str, Any]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with the edition's name and year, in fixed columns and types."""
    own: dict[str, Any] = {
        "edition": edition.id,
        "series": edition.series,
        "year": edition.year,
    }
    empty = _row("", "", 0, "", 0.0, UNKNOWN, None, "", "")
    rows = pd.DataFrame(shares, columns=list(empty)).astype(
        {"share": float, "lower": float, "upper": float, "n": "Int64", "suppressed": bool,
         "position": int, **dict.fromkeys(TEXTS, "str")}
    )  # fmt: skip
    columns = ["question", "points", "n", "n_basis", *MEASURES]
    found = pd.DataFrame(measures, columns=columns).astype(
        {
            "question": "str",
            "points": int,
            "n": "Int64",
            "n_basis": "str",
            **dict.fromkeys(MEASURES, float),
        }
    )
    return rows.assign(**own), found.assign(**own)
