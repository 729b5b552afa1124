"""What tests ask of prepared tables: the function that gives them, and their features."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

TableOf = Callable[..., pd.DataFrame]


def features(table: pd.DataFrame) -> pd.DataFrame:
    return table.filter(regex="^x_").rename(columns=lambda name: name.removeprefix("x_"))
