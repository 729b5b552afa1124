"""Rows of a table, for loops over its few rows."""

from __future__ import annotations

from typing import Any

import pandas as pd


def tuples(frame: pd.DataFrame) -> list[Any]:
    """The rows as named tuples; the table knows the types of the fields, a type checker cannot."""
    return list(frame.itertuples())


def keyed(frame: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """The rows as mappings by the values of one column, or of several as a tuple."""
    found = {}
    for row in frame.to_dict("records"):
        values = tuple(row[key] for key in keys)
        found[values if len(keys) > 1 else values[0]] = {str(k): v for k, v in row.items()}
    return found
