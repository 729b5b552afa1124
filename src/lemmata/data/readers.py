"""Raw files of a data set to its prepared table, checked against the set's documentation."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lemmata.data import fairness, forecasts, grouped, images, surveys, tabular, texts
from lemmata.data.columns import Paths
from lemmata.errors import LemmataError


@dataclass(frozen=True)
class Reader:
    """How to read a data set, and what must come out.

    read: raw files by name to a table; rows: N, None where nobody has published it; features:
    columns x_*, 0 for a forecast set, which has p instead; groups: columns g_*; classes: y is one
    of 0..classes-1 and every one occurs.
    """

    read: Callable[[Paths], pd.DataFrame]
    rows: int | None
    features: int = 0
    groups: int = 0
    classes: int = 2


UNREADABLE: Final = (
    ValueError,
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)
READERS: Final[dict[str, Reader]] = {
    "digits": Reader(images.read_digits, 1_797, 64, classes=10),
    "mnist": Reader(images.read_mnist, 70_000, 784, classes=10),
    "cifar10": Reader(images.read_cifar10, 60_000, 3072, classes=10),
    "breast_cancer": Reader(tabular.read_breast_cancer, 569, 30),
    "diabetes": Reader(tabular.read_diabetes, 442, 10),
    "wine": Reader(tabular.read_wine, 178, 13, classes=3),
    "fair": Reader(tabular.read_fair, 6_366, 8),
    "randhie": Reader(tabular.read_randhie, 20_190, 9),
    "randhie_high_use": Reader(tabular.read_randhie_high_use, 20_190, 9),
    "anes96": Reader(tabular.read_anes96, 944, 9),
    "adult": Reader(grouped.read_adult, 45_222, 13, groups=20),
    "bank_marketing": Reader(grouped.read_bank_marketing, 45_211, 14, groups=15),
    "compas": Reader(grouped.read_compas, 6_172, 8, groups=14),
    "credit_default": Reader(grouped.read_credit_default, 30_000, 23, groups=13),
    "credit_default_published": Reader(
        grouped.read_credit_default_published, 30_000, 23, groups=13
    ),
    "law_school": Reader(fairness.read_law_school, 18_692, 11),
    "dutch_census": Reader(fairness.read_dutch_census, 60_420, 11),
    "acs_income": Reader(surveys.read_acs_income, 195_665, 10, groups=9),
    "hmda": Reader(surveys.read_hmda, None, 21, groups=12),
    "meps": Reader(surveys.read_meps, None, 41, groups=14),
    "imagenet_resnet34": Reader(forecasts.read_top_label, 50_000),
    "imagenet_resnext50": Reader(forecasts.read_top_label, 50_000),
    "cifar10_resnet110": Reader(forecasts.read_top_label, 10_000),
    "cifar10_densenet40": Reader(forecasts.read_top_label, 10_000),
    "cifar100_resnet110": Reader(forecasts.read_top_label, 10_000),
    "cifar100_densenet40": Reader(forecasts.read_top_label, 10_000),
    "solar_flares_daffs": Reader(forecasts.read_solar_flares_daffs, 731),
    "solar_flares_noaa": Reader(forecasts.read_solar_flares_noaa, 731),
    "precipitation_niamey": Reader(forecasts.read_precipitation_niamey, 92),
    "torch_docs": Reader(texts.read_torch_docs, 2_009, 1),
    "sst2": Reader(texts.read_sst2, 9_613, 1),
    "rotten_tomatoes": Reader(texts.read_rotten_tomatoes, 10_662, 1),
}
"""Readers of all data sets that have files."""


def read_raw(name: str, paths: Paths) -> pd.DataFrame:
    """Prepared table of data set `name` from its raw files, given by file name.

    Columns: y (int64); x_<name> (float64, str for a category, float32 in [0, 1] for pixels) and
    g_<group> (bool), or p (float64) for a forecast set. Raises LemmataError when a file is missing,
    is not in the documented format, or the table is not the documented one.
    """
    if name not in READERS:
        raise LemmataError(f"no reader for data set {name!r} (there are: {', '.join(READERS)})")
    reader = READERS[name]
    try:
        frame = reader.read(paths)
    except KeyError as error:
        raise LemmataError(f"data set {name}: raw file or column {error} is missing") from error
    except UNREADABLE as error:
        detail = " ".join(str(error).split())
        raise LemmataError(f"data set {name}: not in the documented format: {detail}") from error
    problem = _problem(frame, reader)
    if problem:
        raise LemmataError(f"data set {name}: not the documented table: {problem}")
    return frame


def _problem(frame: pd.DataFrame, reader: Reader) -> str:
    """The first difference between a table and its documentation, or nothing."""
    found = (len(frame), _count(frame, "x_"), _count(frame, "g_"))
    rows = len(frame) if reader.rows is None else reader.rows
    expected = (rows, reader.features, reader.groups)
    if found != expected:
        return f"(rows, features, groups) are {found}, expected {expected}"
    labels = sorted(int(label) for label in frame["y"].unique())
    if labels != list(range(reader.classes)):
        return f"labels are {labels[:12]}, expected 0 to {reader.classes - 1}"
    if frame.isna().to_numpy().any():
        return f"values are missing in {', '.join(frame.columns[frame.isna().any()])}"
    numbers = frame.select_dtypes("number").to_numpy(np.float64)  # (N, 1 + numeric features)
    if not np.isfinite(numbers).all():
        return "a value is infinite"
    # Pixels (the only float32 features) and probabilities.
    unit = frame.select_dtypes("float32") if reader.features else frame[["p"]]
    if ((unit < 0.0) | (unit > 1.0)).to_numpy().any():
        return "a pixel or probability is outside [0, 1]"
    return ""


def _count(frame: pd.DataFrame, prefix: str) -> int:
    return sum(column.startswith(prefix) for column in frame.columns)
