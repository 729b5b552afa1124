"""Readers of the tabular data sets that scikit-learn and statsmodels ship."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lemmata.data.columns import Paths, assemble

_MEASURES: Final = [
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
]
_CANCER_COLUMNS: Final = (
    [f"mean_{m}" for m in _MEASURES]
    + [f"{m}_error" for m in _MEASURES]
    + [f"worst_{m}" for m in _MEASURES]
)
_WINE_COLUMNS: Final = [
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280/od315_of_diluted_wines",
    "proline",
]
_DIABETES_COLUMNS: Final = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
DIABETES_THRESHOLD: Final = 140.0
"""Disease progression above this counts as y = 1 (ours; the median is 140.5)."""


def read_breast_cancer(paths: Paths) -> pd.DataFrame:
    """569 tumours, 30 measures; y = 1 benign, 0 malignant, as in scikit-learn."""
    frame = _numbers(paths["breast_cancer.csv"], [*_CANCER_COLUMNS, "y"], skiprows=1)
    return assemble(frame["y"], frame[_CANCER_COLUMNS])


def read_wine(paths: Paths) -> pd.DataFrame:
    """178 wines of three cultivars, 13 measures."""
    frame = _numbers(paths["wine_data.csv"], [*_WINE_COLUMNS, "y"], skiprows=1)
    return assemble(frame["y"], frame[_WINE_COLUMNS])


def read_diabetes(paths: Paths) -> pd.DataFrame:
    """442 patients, 10 unscaled measures; y = 1 when progression after a year is above 140."""
    features = _numbers(paths["diabetes_data_raw.csv.gz"], _DIABETES_COLUMNS, sep=" ")
    progression = _numbers(paths["diabetes_target.csv.gz"], ["progression"])["progression"]
    return assemble(progression > DIABETES_THRESHOLD, features)


def read_fair(paths: Paths) -> pd.DataFrame:
    """6,366 married women (Redbook survey, 1974); y = 1 for any time spent in an affair."""
    frame = pd.read_csv(paths["fair.csv"])
    return assemble(frame["affairs"] > 0, frame.drop(columns="affairs"))


def read_randhie(paths: Paths) -> pd.DataFrame:
    """20,190 person-years of the RAND experiment; y = 1 for any outpatient visit to a doctor."""
    frame = pd.read_csv(paths["randhie.csv"])
    return assemble(frame["mdvis"] > 0, frame.drop(columns="mdvis"))


HIGH_USE: Final = 5
"""More outpatient visits than this in a year are high use: 15% of the rows, as in the survey data
that arXiv 2406.06487 studies (more than 10 visits there)."""


def read_randhie_high_use(paths: Paths) -> pd.DataFrame:
    """20,190 person-years of the RAND experiment; y = 1 for more than five outpatient visits."""
    frame = pd.read_csv(paths["randhie.csv"])
    return assemble(frame["mdvis"] > HIGH_USE, frame.drop(columns="mdvis"))


def read_anes96(paths: Paths) -> pd.DataFrame:
    """944 voters; y = 1 expected vote for Dole, 0 for Clinton."""
    frame = pd.read_csv(paths["anes96.csv"], sep="\t", quotechar="'")
    return assemble(frame["vote"], frame.drop(columns="vote"))


def _numbers(path: Path, names: list[str], sep: str = ",", skiprows: int = 0) -> pd.DataFrame:
    """A headerless table of numbers, each to the last bit; raises ValueError on anything else."""
    return pd.read_csv(
        path,
        names=names,
        sep=sep,
        skiprows=skiprows,
        dtype=np.float64,
    )
