"""Multiclass predictions as binary ones: is the most likely class the right one?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError
from lemmata.tables import probability_columns


def top_label(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Confidence max_k p_k and correctness 1[argmax_k p_k = label]: (N, K), (N,) -> (N,), (N,).

    The first of tied classes counts. Source: Błasiok, Nakkiran, arXiv 2309.12236, multiclass
    calibration as confidence calibration. Raises LemmataError for other shapes: labels (N, 1) would
    broadcast to an (N, N) table without a word.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if p.ndim != 2 or y.shape != p.shape[:1] or p.shape[1] < 2:
        found = f"probabilities have shape {p.shape}, labels {y.shape}"
        raise LemmataError(f"{found}: must be (N, K) with K >= 2, and (N,)")
    predicted = p.argmax(axis=1)  # (N,)
    return p.max(axis=1), (predicted == y).astype(np.int64)


def binary_view(predictions: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """p and y (N,) of a table of predictions: as they are if binary, else top-label reduced."""
    columns = probability_columns(predictions)
    y = predictions["y"].to_numpy(dtype=np.int64)
    if len(columns) == 1:
        return predictions[columns[0]].to_numpy(dtype=np.float64), y
    # float32 softmax may round sums past 1
    return top_label(predictions[columns].to_numpy(dtype=np.float64), y)
