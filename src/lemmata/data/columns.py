"""Prepared tables: label, features and group flags under their column names.

A prepared table has ``y`` (int64), features ``x_<name>`` (float64, or str for a category) and
group flags ``g_<group>`` (bool). One row of adult::

    y  x_age  x_workclass  ...  x_sex  g_race_black  g_sex_female  ...
    0  39.0   State-gov    ...  Male   False         False         ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Paths = Mapping[str, Path]
"""Raw files of one data set by file name."""


def flags_of(frame: pd.DataFrame, column: str, levels: list[str]) -> dict[str, pd.Series[bool]]:
    """One group per level of a category, named ``<column>_<level>``."""
    return {f"{column}_{level}": frame[column] == level for level in levels}


def assemble(
    y: pd.Series,
    features: pd.DataFrame,
    groups: Mapping[str, pd.Series[bool]] | None = None,
) -> pd.DataFrame:
    """Prepared table of N rows from label, features and groups; numbers become float64."""
    columns: dict[str, NDArray[np.generic] | pd.Series] = {"y": y.to_numpy(np.int64)}
    for name, values in features.items():
        numeric = pd.api.types.is_numeric_dtype(values)
        columns[f"x_{_plain(str(name))}"] = values.to_numpy(np.float64) if numeric else values
    for name, flags in (groups or {}).items():
        columns[f"g_{_plain(name)}"] = flags.to_numpy(np.bool_)
    return pd.DataFrame(columns)


def _plain(name: str) -> str:
    """Lower case with underscores: ``Adm-clerical`` is adm_clerical."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
