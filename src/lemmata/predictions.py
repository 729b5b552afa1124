"""The common table of predictions, made from a prepared data table and class probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError


def predictions_frame(
    table: pd.DataFrame,
    probabilities: NDArray[np.float64],
    seed: int,
    splits: Sequence[str] = ("validation", "test"),
) -> pd.DataFrame:
    """Predictions of one seed on the rows of `splits`, as `lemmata.tables` lays them out.

    table: N rows with row, split, y and any ``g_<group>`` flags, which are carried over;
    probabilities: (N, K), row by row of the table. Two classes give ``p`` = P(y = 1), more give
    ``p_0, p_1, ...``.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(table):
        raise LemmataError(f"probabilities {probabilities.shape} for a table of {len(table)} rows")
    chosen = table["split"].isin(list(splits)).to_numpy()  # (N,)
    rows = table.loc[chosen]
    groups = [name for name in table.columns if name.startswith("g_")]
    frame = pd.DataFrame(
        {
            "seed": np.int64(seed),
            "split": rows["split"],
            "row": rows["row"].astype(np.int64),
            "y": rows["y"].astype(np.int64),
        }
    )
    for name, column in _columns(probabilities[chosen]).items():
        frame[name] = column
    return pd.concat([frame, rows[groups]], axis=1).reset_index(drop=True)


def _columns(probabilities: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    classes = probabilities.shape[1]
    if classes == 2:
        return {"p": probabilities[:, 1]}
    return {f"p_{k}": probabilities[:, k] for k in range(classes)}
