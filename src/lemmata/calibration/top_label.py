"""Multiclass calibration as binary: is the predicted class right as often as its confidence says?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.tables import probability_columns

Array = NDArray[np.float64]


def top_label(probabilities: Array, y: NDArray[np.int64]) -> tuple[Array, Array]:
    """Confidence of the predicted class, and whether it was right: (N, K), (N,) -> (N,), (N,).

    Ties go to the first class. (arXiv 2309.12236 calibrates the top label in multiclass problems
    [paper].) Raises LemmataError when shapes do not fit.
    """
    if probabilities.ndim != 2 or y.shape != probabilities.shape[:1]:
        shapes = f"probabilities {probabilities.shape}, labels {y.shape}"
        raise LemmataError(f"{shapes}: must be (N, K) and (N,)")
    predicted = probabilities.argmax(axis=1)  # (N,)
    return probabilities.max(axis=1), (predicted == y).astype(np.float64)


def binary_view(predictions: pd.DataFrame) -> tuple[Array, Array]:
    """(p, y) of a predictions table: as it is when binary, top-label reduced when multiclass."""
    columns = probability_columns(predictions)
    values = predictions[columns].to_numpy(dtype=np.float64)  # (N, 1) or (N, K)
    y = predictions["y"].to_numpy()
    return (values[:, 0], y.astype(np.float64)) if columns == ["p"] else top_label(values, y)
