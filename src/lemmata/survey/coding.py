"""Agreement of coders who read the same free answers, and how much a result hangs on one coder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError

Codes = Sequence[Sequence[object]]
Floats = NDArray[np.float64]


def krippendorff_alpha(codes: Codes, *, ordinal: bool = False) -> float:
    """Krippendorff's alpha: 1 - observed over expected disagreement; 1 agree, 0 as by chance.

    codes: one row a coder, one column an answer, None where a coder left it; (coders, answers).
    ordinal: values are ordered, and far ones disagree more. Source: Krippendorff (2011),
    "Computing Krippendorff's alpha-reliability". Raises LemmataError where no answer has two codes.
    """
    units = [[v for v in unit if v is not None] for unit in zip(*codes, strict=True)]
    pairable = [unit for unit in units if len(unit) > 1]
    values = sorted({v for unit in pairable for v in unit}, key=lambda v: (str(type(v)), v))
    if not values:
        raise LemmataError("krippendorff_alpha: no answer was coded twice")
    counts = np.array([[unit.count(v) for v in values] for unit in pairable], dtype=float)  # (U, V)
    size = counts.sum(axis=1)
    together = np.einsum("uv,uw->vw", counts / (size - 1)[:, None], counts)
    together -= np.diag((counts / (size - 1)[:, None]).sum(axis=0))  # no code pairs with itself
    n = together.sum(axis=1)
    distance = _ordinal(n) if ordinal else 1.0 - np.eye(len(values))
    expected = float((np.outer(n, n) * distance).sum() / (n.sum() - 1))
    if expected == 0.0:
        raise LemmataError("krippendorff_alpha: every code is the same, so agreement says nothing")
    return 1.0 - float((together * distance).sum()) / expected


def _ordinal(n: Floats) -> Floats:
    """Squared number of codes between two values, each end by half."""
    upto = np.cumsum(n)
    middle = upto - n / 2
    found: Floats = (middle[:, None] - middle[None, :]) ** 2
    return found


def kappas(codes: Codes) -> list[float]:
    """Cohen's kappa of every pair of coders, on the answers that both coded."""
    from statsmodels.stats.inter_rater import cohens_kappa, to_table  # loads scipy.stats: dear

    found = []
    for a, b in combinations(codes, 2):
        both = [(str(x), str(y)) for x, y in zip(a, b, strict=True) if None not in (x, y)]
        if len({code for pair in both for code in pair}) > 1:  # else 0 / 0
            found.append(float(cohens_kappa(to_table(both)[0]).kappa))
    return found


def pivoted(codes: pd.DataFrame) -> tuple[list[str], list[list[object]]]:
    """Coders, and their stances on the same answers; None where a coder left one.

    codes: one row per answer and coder, with the columns answer, coder, stance.
    """
    coders, answers = (list(dict.fromkeys(codes[key])) for key in ("coder", "answer"))
    known = dict(
        zip(zip(codes["coder"], codes["answer"], strict=True), codes["stance"], strict=True)
    )
    return coders, [[known.get((coder, answer)) for answer in answers] for coder in coders]


def agreement_text(codes: pd.DataFrame) -> str:
    """Alpha and kappas of an edition's coders in a sentence, or why there are none."""
    coders, stances = pivoted(codes)
    if len(coders) < 2:
        return "One coder: how far coders agree cannot be told."
    try:
        alpha = krippendorff_alpha(stances)
    except LemmataError as error:
        return f"{len(coders)} coders; {str(error).partition(': ')[2]}."
    each = ", ".join(f"{kappa:.2f}" for kappa in kappas(stances))
    return (
        f"{len(coders)} coders: Krippendorff's alpha {alpha:.2f}, Cohen's kappa {each or 'none'}."
    )


def by_coder(
    codes: Codes, coders: Sequence[str], statistic: Callable[[Sequence[object]], float]
) -> dict[str, float]:
    """The statistic as each coder alone would have it: how much hangs on who coded."""
    rows = zip(coders, codes, strict=True)
    return {name: statistic([v for v in row if v is not None]) for name, row in rows}
