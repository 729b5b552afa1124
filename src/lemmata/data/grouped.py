"""Readers of the tabular data sets whose rows are people in overlapping groups."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lemmata.data.columns import Paths, assemble, flags_of

_ADULT_COLUMNS: Final = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
]


def read_adult(paths: Paths) -> pd.DataFrame:
    """45,222 people without missing values, the published training part (30,162 rows) first.

    y = 1 for an income above 50,000 dollars. Groups: every value of race, sex and occupation that
    more than 0.5 percent of the rows have, as in the loader of Hansen, Devic, Nakkiran, Sharan
    (2024, "When is multicalibration post-processing necessary?") [official code].
    """
    # adult.test opens with a comment line, and its labels end in a full stop.
    parts = [_adult_part(paths["adult.data"], skiprows=0), _adult_part(paths["adult.test"], 1)]
    if [len(part) for part in parts] != [32_561, 16_281]:
        raise ValueError(f"{[len(p) for p in parts]} rows, documented are [32561, 16281]")
    frame = pd.concat(parts, ignore_index=True).dropna().reset_index(drop=True)
    income = frame["income"].str.removesuffix(".")
    groups = {
        f"{column}_{value}": frame[column] == value
        for column in ("race", "sex", "occupation")
        for value, share in frame[column].value_counts(normalize=True).items()
        if share > 0.005
    }
    if set(income.unique()) != {"<=50K", ">50K"}:
        raise ValueError(f"unknown income labels {sorted(income.unique())}")
    return assemble(income == ">50K", frame.drop(columns=["fnlwgt", "income"]), groups)


def _adult_part(path: Path, skiprows: int) -> pd.DataFrame:
    return pd.read_csv(
        path,
        names=_ADULT_COLUMNS,
        skiprows=skiprows,
        skipinitialspace=True,
        na_values="?",
        keep_default_na=False,
    )


def read_bank_marketing(paths: Paths) -> pd.DataFrame:
    """45,211 calls of a Portuguese bank; y = 1 when a term deposit was subscribed.

    `duration` is left out because it is known only with the outcome, `day` as in the loader of
    Hansen et al. (2024), which keeps `duration` [official code]. Their 15 groups; age is rounded
    to the nearest 5 before it is grouped.
    """
    with zipfile.ZipFile(paths["bank.zip"]) as archive, archive.open("bank-full.csv") as member:
        # "unknown" is a level of its own; nothing is missing.
        frame = pd.read_csv(member, sep=";", keep_default_na=False)
    if set(frame["y"].unique()) != {"no", "yes"}:
        raise ValueError(f"unknown labels {sorted(frame['y'].unique())}")
    age = (frame["age"] / 5).round() * 5
    groups = {
        **flags_of(
            frame, "job", ["management", "technician", "entrepreneur", "blue-collar", "retired"]
        ),
        **flags_of(frame, "marital", ["married", "single"]),
        **flags_of(frame, "education", ["primary", "secondary", "tertiary"]),
        **flags_of(frame, "housing", ["yes", "no"]),
        "age_below_30": age < 30,
        "age_30_to_39": age.between(30, 39),
        "age_50_and_above": age >= 50,
    }
    return assemble(frame["y"] == "yes", frame.drop(columns=["duration", "day", "y"]), groups)


def read_credit_default(paths: Paths) -> pd.DataFrame:
    """30,000 card holders in Taiwan; y = 1 for default in the next month.

    The 13 groups of Hansen et al. (2024) [official results]. SEX, EDUCATION, MARRIAGE are codes,
    so categories, undocumented levels (EDUCATION 0, 5, 6; MARRIAGE 0) included.
    """
    frame, groups = _credit_default(paths)
    codes = ["SEX", "EDUCATION", "MARRIAGE"]
    features = frame.drop(columns=["ID", "default.payment.next.month"])
    features = features.astype(dict.fromkeys(codes, "int64")).astype(dict.fromkeys(codes, "str"))
    return assemble(frame["default.payment.next.month"], features, groups)


_TERCILES: Final = [
    "LIMIT_BAL",
    "AGE",
    *(f"BILL_AMT{month}" for month in range(1, 7)),
    *(f"PAY_AMT{month}" for month in range(1, 7)),
]


def read_credit_default_published(paths: Paths) -> pd.DataFrame:
    """The same rows and groups with the features of Hansen et al. (2024) [official code].

    Amounts and age are cut into terciles; all but SEX are categories. What ties leave of the
    terciles and the levels make 118 columns of a design matrix, SEX included.
    """
    frame, groups = _credit_default(paths)
    features = frame.drop(columns=["ID", "default.payment.next.month"])
    cut = {name: pd.qcut(features[name], 3, labels=False, duplicates="drop") for name in _TERCILES}
    features = features.assign(**cut)
    levels = features.drop(columns="SEX").astype("int64").astype("str")
    return assemble(frame["default.payment.next.month"], levels.assign(SEX=features["SEX"]), groups)


def _credit_default(paths: Paths) -> tuple[pd.DataFrame, dict[str, pd.Series[bool]]]:
    """The file as numbers, and the 13 groups."""
    # Other public copies write 1e+05, so numbers are read as float first.
    frame = pd.read_csv(paths["UCI_Credit_Card.csv"], dtype=np.float64)
    female, age = frame["SEX"] == 2, frame["AGE"]
    married, single = frame["MARRIAGE"] == 1, frame["MARRIAGE"] == 2
    graduate, university, school = (frame["EDUCATION"] == level for level in (1, 2, 3))
    groups = {
        "male_below_30": ~female & (age < 30),
        "single": single,
        "single_above_30": single & (age > 30),
        "female": female,
        "married_below_30": married & (age < 30),
        "married_above_60": married & (age > 60),
        "high_school": school,
        "high_school_married": school & married,
        "high_school_above_40": school & (age > 40),
        "university_below_25": university & (age < 25),
        "university_female": university & female,
        "graduate_school": graduate,
        "graduate_school_female": graduate & female,
    }
    return frame, groups


_COMPAS_FEATURES: Final = [
    "sex",
    "age",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
]
_COMPAS_FILTER: Final = ["days_b_screening_arrest", "is_recid", "score_text"]


def read_compas(paths: Paths) -> pd.DataFrame:
    """6,172 defendants after ProPublica's filter; y = 1 for a new offence within two years.

    Filter of Larson, Mattu, Kirchner, Angwin (2016): screened within 30 days of arrest, is_recid
    known, no ordinary traffic offence, a score given. The 14 groups are ours [derived]. Names,
    dates of birth and case numbers in the file are never read.
    """
    frame = pd.read_csv(
        paths["compas-scores-two-years.csv"],
        usecols=[*_COMPAS_FEATURES, *_COMPAS_FILTER, "two_year_recid"],
        keep_default_na=False,
        na_values={"days_b_screening_arrest": [""]},
    )
    if len(frame) != 7_214:
        raise ValueError(f"{len(frame)} rows, documented are 7214")
    frame = frame[
        frame["days_b_screening_arrest"].between(-30, 30)
        & (frame["is_recid"] != -1)
        & (frame["c_charge_degree"] != "O")
        & (frame["score_text"] != "N/A")
    ].reset_index(drop=True)
    return assemble(frame["two_year_recid"], frame[_COMPAS_FEATURES], _compas_groups(frame))


def _compas_groups(frame: pd.DataFrame) -> dict[str, pd.Series[bool]]:
    age, race = frame["age"], frame["race"]
    black, young, old = race == "African-American", age < 25, age > 45
    return {
        **flags_of(frame, "race", ["African-American", "Caucasian", "Hispanic", "Other"]),
        **flags_of(frame, "sex", ["Female", "Male"]),
        "age_below_25": young,
        "age_25_to_45": age.between(25, 45),
        "age_above_45": old,
        "african_american_female": black & (frame["sex"] == "Female"),
        "african_american_below_25": black & young,
        "caucasian_above_45": (race == "Caucasian") & old,
        "no_priors": frame["priors_count"] == 0,
        "misdemeanour": frame["c_charge_degree"] == "M",
    }
