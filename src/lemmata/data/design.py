"""Design matrix of a prepared table; nothing about it is learned outside the training split."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError


def design_matrix(table: pd.DataFrame) -> tuple[NDArray[np.float64], list[str]]:
    """Numbers for a model from the columns x_*: N rows -> (N, D) float64 and D names.

    table: with `split`. Numeric columns are standardised with mean and standard deviation of the
    training rows (a column constant there is only centred); a category becomes one 0/1 column
    ``x_<name>=<level>`` per level seen in training, so an unseen level is all zeros. Raises
    LemmataError without training rows or features, or when a number is missing or infinite.
    """
    train = (table["split"] == "train").to_numpy()  # (N,)
    features = [column for column in table.columns if column.startswith("x_")]
    if not train.any() or not features:
        raise LemmataError("design matrix: the table has no training rows or no x_ columns")
    numeric = [name for name in features if pd.api.types.is_numeric_dtype(table[name])]
    numbers = dict(zip(numeric, _standardise(table, numeric, train).T, strict=True))
    blocks: list[NDArray[np.float64]] = []
    names: list[str] = []
    for name in features:
        if name in numbers:
            blocks.append(numbers[name][:, None])  # (N, 1)
            names.append(name)
        else:
            values = table[name].to_numpy()  # (N,)
            levels = sorted(set(values[train]))
            blocks.append(np.stack([values == level for level in levels], axis=1).astype(float))
            names.extend(f"{name}={level}" for level in levels)
    return np.concatenate(blocks, axis=1), names  # (N, D)


def _standardise(
    table: pd.DataFrame, columns: list[str], train: NDArray[np.bool_]
) -> NDArray[np.float64]:
    x = table[columns].to_numpy(dtype=np.float64)  # (N, D)
    if not np.isfinite(x).all():
        raise LemmataError("design matrix: a feature is missing or infinite")
    mean, std = x[train].mean(axis=0), x[train].std(axis=0)  # (D,), (D,)
    # Rounding can leave a constant column a deviation near 1e-17; compare values instead.
    std[x[train].max(axis=0) == x[train].min(axis=0)] = 1.0
    standardised: NDArray[np.float64] = (x - mean) / std  # (N, D)
    return standardised
