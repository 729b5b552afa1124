"""What people think that others think: mean predicted share less actual share.

The form asks for predicted shares in steps of five points, so that respondents fall into few cells
(stance, predicted share) and a bootstrap over respondents is one over the counts of these cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.stats import Interval
from lemmata.survey.instrument import Asked
from lemmata.survey.resampling import bootstrap_counts
from lemmata.survey.shares import Precision

FALSE_BELIEF = 0.10
"""Smallest gap that is called a false sociological belief, when its interval excludes 0."""


def gap(frame: pd.DataFrame, asked: Asked, precision: Precision) -> Interval | None:
    """Gap of one question with its percentile interval; None where no share was predicted.

    The actual share is that of the upper end among who takes a stance; the prediction that of all
    who predict. Both come from the same people, and the bootstrap keeps them together.
    """
    own = frame[(frame["question"] == asked.question.id) & frame["shown"]]
    cells, counts = _cells(own)
    if not np.isfinite(cells[:, 1]).any() or not (cells[:, 0] > 0).any():
        return None
    rng = np.random.default_rng(precision.seed)
    drawn = bootstrap_counts(counts[None], precision.resamples, rng)[:, 0]  # (R, C)
    upper = len(asked.labels) - len(asked.labels) // 2
    with np.errstate(invalid="ignore"):  # a draw without any stance or prediction
        replicates = statistic(drawn, cells, upper)
    tail = (1.0 - precision.level) / 2.0
    low, high = np.nanquantile(replicates, [tail, 1.0 - tail])
    return Interval(
        float(statistic(counts, cells, upper)), float(low), float(high), int(counts.sum())
    )


def _cells(own: pd.DataFrame) -> tuple[Any, Any]:
    """Distinct pairs (stance or 0, predicted share or NaN), (C, 2), and how many of each, (C,)."""
    pairs = pd.DataFrame(
        {
            "stance": own["stance"].fillna(0).astype(float),
            "predicted": own["predicted_share"].fillna(-1.0),
        }
    )
    counted = pairs.value_counts(sort=False).sort_index()
    cells = np.array(list(counted.index), dtype=np.float64).reshape(-1, 2)
    cells[cells[:, 1] < 0, 1] = np.nan
    return cells, counted.to_numpy(dtype=np.int64)


def statistic(counts: NDArray[np.int64], cells: NDArray[np.float64], upper: int) -> Any:
    """Mean predicted share less actual share. counts: (..., C) -> (...)."""
    predicts, takes = np.isfinite(cells[:, 1]), cells[:, 0] > 0
    predicted = counts[..., predicts] @ cells[predicts, 1] / counts[..., predicts].sum(axis=-1)
    actual = counts[..., cells[:, 0] > upper].sum(axis=-1) / counts[..., takes].sum(axis=-1)
    return predicted - actual


def is_false_belief(found: Interval) -> bool:
    """The interval excludes 0 and the gap is at least ten points."""
    return (found.lower > 0 or found.upper < 0) and abs(found.value) >= FALSE_BELIEF
