"""The stage that every family shares: any table of predictions, recalibrated and measured by group.

Post-processors are fitted on validation rows and measured on test rows. Multiclass predictions are
judged by their top label (arXiv 2309.12236): is the most likely class the right one?
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.calibration.multicalibration.evaluate import (
    Case,
    Floats,
    Measures,
    Part,
    measure,
    post_process,
)
from lemmata.calibration.multicalibration.post_processors import ERM, Setting
from lemmata.calibration.multicalibration.selection import null_of, summarise
from lemmata.calibration.recalibration import MulticlassTemperature
from lemmata.calibration.top_label import binary_view
from lemmata.errors import LemmataError
from lemmata.tables import probability_columns

EVERYONE: Final = "everyone"
"""The one group of a data set that has none."""


class Recalibrated(NamedTuple):
    """What the stage makes of a table of predictions.

    predictions: seed, post_processor, row, y, p of the test rows; metrics: measures by group;
    summary: overall and worst group, each with its own floor, one row per seed and post-processor.
    """

    predictions: pd.DataFrame
    metrics: pd.DataFrame
    summary: pd.DataFrame


def recalibrate(
    predictions: pd.DataFrame,
    groups: pd.DataFrame | None,
    settings: Sequence[Setting],
    measures: Measures,
) -> Recalibrated:
    """Recalibrate each seed of a table of predictions by every post-processor.

    groups: row and g_* of the data set's rows, or None; the class that a multiclass model predicts
    makes groups of its own, ``predicted_<class>``: groups must be known when one predicts, so the
    true class cannot be one. Raises LemmataError without validation or test rows.
    """
    parts: list[list[pd.DataFrame]] = [[], [], []]
    for seed in sorted(predictions["seed"].unique()):
        frame = predictions[predictions["seed"] == seed]
        case, names = _case(int(seed), frame, groups)
        test = frame[frame["split"] == "test"]
        for setting in (None, *settings):
            p = _predict(case, setting, frame)
            key: dict[str, Any] = {
                "seed": np.int64(seed),
                "post_processor": ERM if setting is None else setting.post_processor,
                "setting": "" if setting is None else setting.label,
            }
            made = {**key, "row": test["row"].to_numpy(), "y": case.test.y, "p": p}
            measured = measure(p, case.test, names, measures)
            null = null_of(p, case.test.groups, measures, (int(seed),))
            summary = summarise(measured, p, case.test, null)
            parts[0].append(pd.DataFrame(made))
            parts[1].append(measured.assign(**key))
            parts[2].append(pd.DataFrame([{**key, "n": len(p), **summary}]))
    return Recalibrated(*(pd.concat(part, ignore_index=True) for part in parts))


def _case(seed: int, frame: pd.DataFrame, groups: pd.DataFrame | None) -> tuple[Case, list[str]]:
    """The validation and test rows of one seed, with their groups and the groups' names."""
    of_split = {}
    for split in ("validation", "test"):
        rows = frame[frame["split"] == split]
        if rows.empty:
            raise LemmataError(f"predictions of seed {seed} have no {split} rows to use")
        p, y = binary_view(rows)
        flags, names = _flags(rows, groups)
        of_split[split] = Part(p, y, flags)
    test = of_split["test"]
    return Case(seed, float("nan"), False, of_split["validation"], test, test), names


def _flags(rows: pd.DataFrame, groups: pd.DataFrame | None) -> tuple[NDArray[np.bool_], list[str]]:
    """Group flags (N, G) of the rows of a predictions table, and the names (G)."""
    columns: dict[str, NDArray[np.bool_]] = {}
    if groups is not None:
        own = groups.set_index("row").loc[rows["row"]]
        columns |= {name.removeprefix("g_"): own[name].to_numpy(bool) for name in own.columns}
    classes = probability_columns(rows)
    if len(classes) > 1:
        predicted = rows[classes].to_numpy().argmax(axis=1)  # (N,)
        columns |= {f"predicted_{k}": predicted == k for k in range(len(classes))}
    if not columns:
        columns[EVERYONE] = np.ones(len(rows), dtype=bool)
    return np.stack(list(columns.values()), axis=1), list(columns)


def _predict(case: Case, setting: Setting | None, frame: pd.DataFrame) -> Floats:
    """Test predictions (N,) by one post-processor; temperature works on all classes at once."""
    columns = probability_columns(frame)
    if setting is None or setting.post_processor != "temperature" or len(columns) == 1:
        return post_process(case, setting, ("test",))["test"]
    by_split = {
        split: rows for split, rows in frame.groupby("split") if split in ("validation", "test")
    }
    fitted, wanted = by_split["validation"], by_split["test"]
    model = MulticlassTemperature(**setting.parameters).fit(
        fitted[columns].to_numpy(np.float64), fitted["y"].to_numpy(np.int64)
    )
    return np.asarray(model.predict(wanted[columns].to_numpy(np.float64)).max(axis=1))
