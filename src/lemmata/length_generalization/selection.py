"""Which configuration of a sweep is run with every seed.

The rule of arXiv 2410.02140 [secondary]: among the configurations that fit the trained lengths, the
one with the highest exact match on longer strings, the simplest of equals (layers, heads, width).
Chosen on those strings, they say nothing of it any more: the longest bin takes no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from lemmata.errors import LemmataError
from lemmata.length_generalization.strings import BINS

FALLBACK: Final = "fallback"
CONFIGURATION: Final = ("layers", "heads", "width", "learning_rate", "steps")


def select(
    names: Sequence[str],
    configurations: Sequence[Mapping[str, Any]],
    answers: Sequence[pd.DataFrame],
    fits: float,
    fallback: Mapping[str, Any],
) -> pd.DataFrame:
    """One row a configuration: name, its settings, exact match by bin, fits, selected.

    fits: exact match on trained lengths from which a configuration may be chosen. Where none may,
    a last row `fallback` without answers is selected. Raises LemmataError for an empty sweep.
    """
    if not names:
        raise LemmataError("sweep: no configuration to choose from")
    rows = []
    for name, own, table in zip(names, configurations, answers, strict=True):
        by_bin = table.groupby("bin", sort=False)["exact"].mean()
        bins = {b: by_bin.get(b) for b in BINS}
        tried = [b for b in BINS if b in by_bin.index][1:-1]  # longer ones but the longest
        between = table.loc[table["bin"].isin(tried), "exact"].mean()
        rows.append({"name": name, **own, **bins, "between": between})
    found = pd.DataFrame(rows)
    found[list(BINS)] = found[list(BINS)].astype("float64")
    found["fits"] = found[BINS[0]] >= fits
    order = ["between", "layers", "heads", "width"]
    ranked = found[found["fits"]].sort_values(order, ascending=[False, True, True, True])
    found["selected"] = found.index == (ranked.index[0] if len(ranked) else -1)
    if ranked.empty:
        last = {"name": FALLBACK, **fallback, "fits": False, "selected": True}
        found.loc[len(found)] = pd.Series(last)
    return found.astype({"fits": bool, "selected": bool})


def chosen(selection: pd.DataFrame) -> dict[str, Any]:
    """The settings of the configuration that a selection chose."""
    row = selection.loc[selection["selected"]].iloc[0]
    return {
        key: float(row[key]) if key == "learning_rate" else int(row[key]) for key in CONFIGURATION
    }


def place_of_choice(selection: pd.DataFrame) -> int | None:
    """Which of the configurations, in the order of `select`, was chosen; None for the fallback."""
    place = int(selection.index[selection["selected"]][0])
    return None if selection.loc[place, "name"] == FALLBACK else place
