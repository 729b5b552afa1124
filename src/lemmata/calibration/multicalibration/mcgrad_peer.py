"""The published package `mcgrad` as a post-processor, to compare with where it is installed."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lemmata.calibration.multicalibration.inputs import (
    Flags,
    Floats,
    checked_groups,
    checked_inputs,
    checked_predictions,
)
from lemmata.errors import LemmataError


class McGradPeer:
    """MCGrad of the package `mcgrad` (arXiv 2509.19884) with its defaults, on group flags."""

    def __init__(self) -> None:
        try:
            from mcgrad.methods import MCGrad
        except ImportError as error:
            raise LemmataError(
                "post-processor mcgrad: its package is missing; install it: pip install mcgrad"
            ) from error
        self._model: Any = MCGrad()

    def fit(self, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Self:
        """Fit on p (N,), y (N,) in {0, 1}, groups (N, G); raises LemmataError for bad input."""
        x, outcome, flags = checked_inputs(p, y, groups)
        self.n_groups_ = flags.shape[1]
        frame = _frame(x, flags).assign(y=outcome)
        self._model.fit(
            df_train=frame,
            prediction_column_name="p",
            label_column_name="y",
            categorical_feature_column_names=_names(flags),
        )
        return self

    def predict(self, p: ArrayLike, groups: ArrayLike) -> Floats:
        """Corrected predictions (N,); raises LemmataError for bad input."""
        x = checked_predictions(p)
        flags = checked_groups(groups, len(x), self.n_groups_)
        found = self._model.predict(
            df=_frame(x, flags),
            prediction_column_name="p",
            categorical_feature_column_names=_names(flags),
        )
        return np.clip(np.asarray(found, dtype=np.float64), 0.0, 1.0)


def _names(flags: Flags) -> list[str]:
    return [f"g{k}" for k in range(flags.shape[1])]


def _frame(x: Floats, flags: Flags) -> pd.DataFrame:
    columns = {name: flags[:, k].astype(int) for k, name in enumerate(_names(flags))}
    return pd.DataFrame({"p": x, **columns})
