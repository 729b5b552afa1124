"""What every study of the controlled experiments reads off histories."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lemmata.reinforcement_finetuning.controlled.groups import GROUPS
from lemmata.stats import Interval, exact
from lemmata.tables import read_table


def read_all(paths: Iterable[str]) -> pd.DataFrame:
    """Histories of all seeds, one under the other."""
    return pd.concat([read_table(path) for path in paths], ignore_index=True)


def finals(history: pd.DataFrame, column: str = "reward") -> pd.DataFrame:
    """The last value of the main phase: variant, seed, low_std, high_std, overall (all inputs)."""
    main = history[history["phase"] == "main"]
    keys = ["variant", "seed"]
    last = main[main["epoch"] == main.groupby(keys)["epoch"].transform("max")]
    wide = last.pivot_table(index=keys, columns="group", values=column, sort=False)
    sizes = last.pivot_table(index=keys, columns="group", values="inputs").loc[wide.index]
    total = (wide * sizes)[list(GROUPS)].sum(axis=1) / sizes.sum(axis=1)
    found: pd.DataFrame = wide.assign(overall=np.asarray(total)).reset_index()
    found.columns.name = None
    return found


def of_variant(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    """One variant's rows by seed."""
    found: pd.DataFrame = table[table["variant"] == variant].set_index("seed").sort_index()
    return found


def at_start(history: pd.DataFrame, variant: str, group: str) -> pd.DataFrame:
    """The measures of one group before finetuning, by seed."""
    own = history[(history["variant"] == variant) & (history["group"] == group)]
    first = own[(own["epoch"] == 0) & (own["phase"] == own["phase"].iloc[0])]
    found: pd.DataFrame = first.set_index("seed").sort_index()
    return found


def extreme(values: ArrayLike, *, largest: bool = True) -> Interval:
    """The largest or smallest of the seeds' values: a claim about every seed must bear it."""
    x = np.asarray(values, dtype=np.float64)
    return exact(float(x.max() if largest else x.min()), x.size)
