"""How classical base models are fitted: at once, by scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lemmata.calibration.classical import fit_predict
from lemmata.calibration.multicalibration.base_models import Fit


def classical_fit(model: str, hyper_parameters: Mapping[str, Any]) -> Fit:
    """Fit of a classical model by name."""

    def fit(
        X: NDArray[np.float64],
        y: NDArray[np.int64],
        split: NDArray[np.str_],
        seed: int,
        label: str,  # noqa: ARG001 - networks show it
    ) -> NDArray[np.float64]:
        train = split == "train"
        return fit_predict(model, hyper_parameters, X[train], y[train], X, seed)

    return fit
