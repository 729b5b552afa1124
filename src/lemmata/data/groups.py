"""Which groups each row of a data set is in: published groups, then those of config/groups.yaml."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.data.group_definitions import alternatives
from lemmata.errors import LemmataError

LEAST_SHARE: Final = 0.005
"""Groups of this share of the rows or less are refused: the paper that studies such groups, arXiv
2406.06487, drops them [official code]."""
MEAN_PIXEL: Final = "mean_pixel"
"""Derived feature of image sets: the mean over pixels, that is, how much ink there is."""

_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "equals": operator.eq,
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
    "above_quantile": operator.gt,
    "at_most_quantile": operator.le,
}


def group_flags(name: str, table: pd.DataFrame, definitions: Mapping[str, Any]) -> pd.DataFrame:
    """Flags of every row: row (int64) and g_<group> (bool), published groups first.

    table: the prepared table of data set `name`; definitions: its part of config/groups.yaml.
    Quantiles are those of the training rows. Raises LemmataError, naming data set and group, for an
    unknown feature, a level that does not occur, a group that holds everybody or at most 0.5
    percent of the rows, and a name that is taken.
    """
    published = [column for column in table.columns if column.startswith("g_")]
    flags = {column: table[column].to_numpy(bool) for column in published}
    for group, definition in definitions.items():
        where = f"groups: {name}.{group}"
        if f"g_{group}" in flags:
            raise LemmataError(f"{where}: the data set has a published group of this name")
        found = np.zeros(len(table), dtype=bool)
        for conditions in alternatives(definition):
            found |= _all_of(table, conditions, where)
        share = float(found.mean())
        if not LEAST_SHARE < share < 1.0:
            raise LemmataError(
                f"{where}: holds {int(found.sum())} of {len(table)} rows;"
                f" must be more than {LEAST_SHARE:.1%} and not all"
            )
        flags[f"g_{group}"] = found
    return pd.DataFrame({"row": table["row"].to_numpy(np.int64), **flags})


def _all_of(
    table: pd.DataFrame, conditions: Mapping[str, Mapping[str, Any]], where: str
) -> NDArray[np.bool_]:
    held = np.ones(len(table), dtype=bool)
    for feature, tests in conditions.items():
        values = _feature(table, feature, where)
        for name, wanted in tests.items():
            held &= _holds(values, name, wanted, table, f"{where}.{feature}")
    return held


def _feature(table: pd.DataFrame, feature: str, where: str) -> pd.Series:
    column = f"x_{feature}"
    if column in table.columns:
        return table[column]
    pixels = [c for c in table.columns if c.startswith("x_") and table[c].dtype == np.float32]
    if feature == MEAN_PIXEL and pixels:
        return table[pixels].mean(axis=1).astype(np.float64)
    features = ", ".join(c.removeprefix("x_") for c in table.columns if c.startswith("x_"))
    raise LemmataError(f"{where}.{feature}: no such feature; allowed: {features[:300]}")


def _holds(
    values: pd.Series, name: str, wanted: Any, table: pd.DataFrame, where: str
) -> NDArray[np.bool_]:
    """Where `values` meet one test; categories are strings, numbers may be written for them."""
    numeric = pd.api.types.is_numeric_dtype(values)
    if name in ("equals", "one_of"):
        levels = wanted if name == "one_of" else [wanted]
        levels = [float(v) if numeric else str(v) for v in levels]
        absent = [level for level in levels if not (values == level).any()]
        if absent:
            raise LemmataError(f"{where}: level {absent[0]!r} does not occur")
        return values.isin(levels).to_numpy(bool)
    if not numeric:
        raise LemmataError(f"{where}: {name} needs a number, this is a category")
    bound = float(wanted)
    if name.endswith("_quantile"):
        bound = float(values[(table["split"] == "train").to_numpy()].quantile(bound))
    compared = _COMPARISONS[name](values.to_numpy(np.float64), bound)
    return np.asarray(compared, dtype=bool)
