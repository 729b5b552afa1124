"""One look for every figure of post-processors: names, colours, markers; and shared reductions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.calibration.figures.common import draw_means
from lemmata.plotting import PALETTE
from lemmata.stats import mean_interval

NAMES: Final = {
    "erm": "ERM",
    "platt": "Platt",
    "isotonic": "isotonic",
    "temperature": "temperature",
    "hkrr": "HKRR",
    "hjz": "HJZ",
    "boosted": "boosted",
    "mcgrad": "mcgrad",
}
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "erm": {"color": PALETTE["black"], "marker": "*"},
    "platt": {"color": PALETTE["orange"], "marker": "v"},
    "isotonic": {"color": PALETTE["bluish_green"], "marker": "s"},
    "temperature": {"color": PALETTE["sky_blue"], "marker": "^"},
    "hkrr": {"color": PALETTE["vermillion"], "marker": "o"},
    "hjz": {"color": PALETTE["blue"], "marker": "D"},
    "boosted": {"color": PALETTE["reddish_purple"], "marker": "P"},
    "mcgrad": {"color": PALETTE["yellow"], "marker": "X"},
}
MODELS: Final = {
    "logistic_regression": "logistic regression",
    "random_forest": "random forest",
    "mlp": "MLP",
    "decision_tree": "decision tree",
    "naive_bayes": "naive Bayes",
    "svm": "SVM",
}
SHORT: Final = {
    "logistic_regression": "LR",
    "random_forest": "RF",
    "mlp": "MLP",
    "decision_tree": "DT",
    "naive_bayes": "NB",
    "svm": "SVM",
}
"""Where there is no room for `MODELS`."""
FLOOR: Final[dict[str, Any]] = {"color": "0.6", "lw": 0.8, "ls": (0, (4, 2))}
FLOOR_BAND: Final[dict[str, Any]] = {"color": "0.9", "lw": 0}
MAX_LABEL: Final = "largest group SmoothECE"


def draw_floor(ax: Axes, selected: pd.DataFrame, *, along_x: bool = False) -> None:
    """The null floor, over rows: its mean as a line, up to the 95% quantile as a band."""
    low, high = selected["floor_mean"].mean(), selected["floor_upper"].mean()
    if along_x:
        ax.axvspan(low, high, zorder=0, **FLOOR_BAND)
        ax.axvline(low, zorder=0.5, **FLOOR)
    else:
        ax.axhspan(low, high, zorder=0, **FLOOR_BAND)
        ax.axhline(low, zorder=0.5, **FLOOR)


def erm_rows(selected: pd.DataFrame) -> pd.DataFrame:
    """The base model on all training rows: fraction 0, or the population's only one."""
    erm = selected[selected["post_processor"] == "erm"]
    return erm[(erm["fraction"] == 0.0) | erm["fraction"].isna()]


def draw_choice(ax: Axes, rows: pd.DataFrame, name: str, by: str, value: str) -> None:
    """Mean and 95% interval over seeds of one post-processor against `by`."""
    if rows.groupby(by).size().min() < 2:
        return
    draw_means(ax, rows, by, value, ms=3, **LOOKS[name])


def interval(values: pd.Series) -> tuple[float, float, float]:
    """Mean and 95% interval over seeds; the value alone where there is one seed."""
    if len(values) < 2:
        value = float(values.iloc[0])
        return value, value, value
    return mean_interval(values.to_numpy())[:3]


def legend(
    fig: Figure, names: Iterable[str], extra: Iterable[Line2D] = (), columns: int = 9
) -> None:
    """Post-processors below the panels, and the floor."""
    handles = [Line2D([], [], lw=0, ms=4, label=NAMES[name], **LOOKS[name]) for name in names]
    handles += [*extra, Line2D([], [], label="null floor, to 95%", **FLOOR)]
    fig.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(handles), columns),
        columnspacing=1.0,
        handletextpad=0.4,
    )


def present(tables: Iterable[pd.DataFrame]) -> list[str]:
    """Post-processors that occur, in the order of the look."""
    found = set(np.concatenate([t["post_processor"].unique() for t in tables]))
    return [name for name in NAMES if name in found]
