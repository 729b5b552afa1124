"""Readers of the forecast data sets: ``y`` (outcome 0 or 1) and ``p``, its forecast probability.

They are the real examples of Błasiok and Nakkiran (2023, "Smooth ECE", section 5) and three
more of the same sources; one row of imagenet_resnet34, true label 0 taken for 394::

    y  p
    0  0.3565
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lemmata.data.columns import Paths


def read_top_label(paths: Paths) -> pd.DataFrame:
    """Confidence of a network in its predicted class, and whether that class is right.

    Some files are called logits by their source; the column is a probability all the same.
    """
    frame = _only(paths, ["true_label", "pred_label", "confidence"])
    correct = frame["true_label"] == frame["pred_label"]
    return _table(correct, frame["confidence"])


def read_solar_flares_daffs(paths: Paths) -> pd.DataFrame:
    """DAFFS forecasts of at least one flare of class C1.0 in a day (Leka, Park 2019)."""
    frame = _only(paths, ["DAFFS", "rlz.C1"])
    return _table(frame["rlz.C1"], frame["DAFFS"])


def read_solar_flares_noaa(paths: Paths) -> pd.DataFrame:
    """NOAA forecasts of the same days and flares (Leka, Park 2019)."""
    frame = _only(paths, ["NOAA", "rlz.C1"])
    return _table(frame["rlz.C1"], frame["NOAA"])


def read_precipitation_niamey(paths: Paths) -> pd.DataFrame:
    """EMOS forecasts of rain on a day at Niamey (Vogel et al. 2021)."""
    frame = _only(paths, ["EMOS", "obs"])
    return _table(frame["obs"], frame["EMOS"])


def _only(paths: Paths, columns: list[str]) -> pd.DataFrame:
    (path,) = paths.values()
    return pd.read_csv(path, usecols=columns)


def _table(y: pd.Series, p: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"y": y.to_numpy(np.int64), "p": p.to_numpy(np.float64)})
