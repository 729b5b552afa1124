"""Readers of three public surveys of people in the form that their publishers give them.

Features, labels and groups as far as "When is multicalibration post-processing necessary?" (arXiv
2406.06487) documents them; where its own files differ, the reader says so.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lemmata.data.columns import Paths, assemble

_ACS_FEATURES: Final = [
    *("AGEP", "COW", "SCHL", "MAR", "OCCP"),
    *("POBP", "RELP", "WKHP", "SEX", "RAC1P"),
]


def read_acs_income(paths: Paths) -> pd.DataFrame:
    """Working adults of the Californian PUMS of 2018; y = 1 for an income above 50,000 dollars.

    Rows, features and label as in folktables' ACSIncome: AGEP > 16, PINCP > 100, WKHP > 0,
    PWGTP >= 1; all ten features are read as numbers, missing ones as -1. The 9 groups of arXiv
    2406.06487 [official code].
    """
    columns = [*_ACS_FEATURES, "PINCP", "PWGTP"]
    frame = _csv_member(paths["csv_pca.zip"], "psam_p06.csv", columns).astype(np.float64)
    kept = (frame["AGEP"] > 16) & (frame["PINCP"] > 100) & (frame["WKHP"] > 0)
    frame = frame[kept & (frame["PWGTP"] >= 1)].reset_index(drop=True)
    adult, race = frame["AGEP"] >= 18, frame["RAC1P"]
    female = frame["SEX"] == 2
    groups = {
        "black_adults": (race == 2) & adult & (frame["AGEP"] < 100),
        "black_females": (race == 2) & female,
        "women": female,
        "never_married": frame["MAR"] == 5,
        "american_indian": race == 3,
        "seniors": frame["AGEP"] >= 65,
        "white_women": (race == 1) & female & adult,
        "multiracial": race == 9,
        "asian": race == 6,
    }
    return assemble(frame["PINCP"] > 50_000, frame[_ACS_FEATURES].fillna(-1.0), groups)


_HMDA_CODES: Final = [
    *("agency_code", "loan_type", "property_type", "loan_purpose", "owner_occupancy"),
    *("preapproval", "applicant_ethnicity", "co_applicant_ethnicity", "applicant_race_1"),
    *("co_applicant_race_1", "applicant_sex", "co_applicant_sex", "lien_status"),
]
_HMDA_NUMBERS: Final = [
    *("loan_amount_000s", "applicant_income_000s", "population", "minority_population"),
    *("hud_median_family_income", "tract_to_msamd_income", "number_of_owner_occupied_units"),
    "number_of_1_to_4_family_units",
]
HMDA_SAMPLE: Final = 150_000
"""Applications drawn before any is left out, with HMDA_SEED [official code]."""
HMDA_SEED: Final = 42
_ACCEPTED: Final = (1, 2, 8)
_REFUSED: Final = (3, 5, 7)


def read_hmda(paths: Paths) -> pd.DataFrame:
    """Texan applications of 2017 under the Home Mortgage Disclosure Act; y = 1 for acceptance.

    150,000 applications drawn with random state 42, of which those with actions 1, 2, 8 (accepted)
    or 3, 5, 7 (refused) stay, and the 12 groups of arXiv 2406.06487 [official code]. The paper
    starts from a cleaned copy (114,185 rows); this reads the register itself and leaves out rows
    without an income or the facts of their tract, so rows differ. What is known only with the
    decision (purchaser, reason of denial, rate spread) is no feature.
    """
    columns = [*_HMDA_CODES, *_HMDA_NUMBERS, "action_taken"]
    name = "hmda_2017_tx_all-records_codes"
    frame = _csv_member(paths[f"{name}.zip"], f"{name}.csv", columns)
    frame = frame.sample(min(HMDA_SAMPLE, len(frame)), random_state=HMDA_SEED)
    unknown = set(frame["action_taken"]) - set(range(1, 9))
    if unknown:
        raise ValueError(f"unknown actions {sorted(unknown)}")
    frame = frame[frame["action_taken"].isin([*_ACCEPTED, *_REFUSED])]
    frame = frame.dropna(subset=_HMDA_NUMBERS).reset_index(drop=True)
    codes = frame[_HMDA_CODES].astype("int64")
    applicant, ethnicity = codes["applicant_race_1"], codes["applicant_ethnicity"]
    partner = codes["co_applicant_race_1"]
    groups = {
        "hispanic": ethnicity == 1,
        "not_hispanic": ethnicity == 2,
        "ethnicity_not_provided": ethnicity == 3,
        "applicant_female": codes["applicant_sex"] == 2,
        "applicant_male": codes["applicant_sex"] == 1,
        "co_applicant_female": codes["co_applicant_sex"] == 2,
        "co_applicant_male": codes["co_applicant_sex"] == 1,
        "applicant_black": applicant == 3,
        "applicant_asian": applicant == 2,
        "applicant_native": applicant == 1,
        "co_applicant_black": partner == 3,
        "co_applicant_asian": partner == 2,
    }
    features = pd.concat([codes.astype("str"), frame[_HMDA_NUMBERS].astype(np.float64)], axis=1)
    return assemble(frame["action_taken"].isin(_ACCEPTED), features, groups)


_MEPS_ROUND: Final = {  # columns of a round, by the names that do not change with the panel
    "REGION53": "REGION",
    "MARRY53X": "MARRY",
    "FTSTU53X": "FTSTU",
    "ACTDTY53": "ACTDTY",
    "HONRDC53": "HONRDC",
    "RTHLTH53": "RTHLTH",
    "MNHLTH53": "MNHLTH",
    "CHBRON53": "CHBRON",
    "JTPAIN53": "JTPAIN",
    "PREGNT53": "PREGNT",
    "WLKLIM53": "WLKLIM",
    "ACTLIM53": "ACTLIM",
    "SOCLIM53": "SOCLIM",
    "COGLIM53": "COGLIM",
    "EMPST53": "EMPST",
    "POVCAT15": "POVCAT",
    "INSCOV15": "INSCOV",
}
_MEPS_CODES: Final = [
    *("SEX", "HIBPDX", "CHDDX", "ANGIDX", "MIDX", "OHRTDX", "STRKDX", "EMPHDX", "CHOLDX"),
    *("CANCERDX", "DIABDX", "ARTHDX", "ARTHTYPE", "ASTHDX", "ADHDADDX", "DFHEAR42", "DFSEE42"),
    *("ADSMOK42", "PHQ242", *_MEPS_ROUND.values()),
]
_MEPS_VISITS: Final = ["OBTOTV15", "OPTOTV15", "ERTOT15", "IPNGTD15", "HHTOTD15"]
_MEPS_SCORES: Final = ["PCS42", "MCS42", "K6SUM42"]


def read_meps(paths: Paths) -> pd.DataFrame:
    """Panel 19 of the Medical Expenditure Panel Survey of 2015; y = 1 for more than 10 visits.

    Visits: office, outpatient, emergency, nights in hospital, days of home care. Features and the
    rows left out (negative codes, which stand for missing) as in AIF360's recipe; the 14 groups of
    arXiv 2406.06487 [official code]. The paper starts from a processed copy of 11,079 rows.
    """
    with zipfile.ZipFile(paths["h181ssp.zip"]) as archive:
        member = next((n for n in archive.namelist() if n.lower().endswith(".ssp")), "h181.ssp")
        with archive.open(member) as stream:
            whole = pd.read_sas(stream, format="xport")
    frame = whole[whole["PANEL"] == 19].rename(columns={**_MEPS_ROUND, "AGE53X": "AGE"})
    known = (frame[["REGION", "AGE", "MARRY", "ASTHDX"]] >= 0).all(axis=1)
    others = [*_MEPS_CODES, "EDUCYR", "HIDEG"]
    known &= (frame[others] >= -1).all(axis=1)  # -1 is "inapplicable", a level of its own
    frame = frame[known].reset_index(drop=True)
    white = (frame["HISPANX"] == 2) & (frame["RACEV2X"] == 1)
    codes = frame[_MEPS_CODES].astype("int64").astype("str")
    features = pd.concat([codes, frame[["AGE", *_MEPS_SCORES]]], axis=1).assign(
        RACE=white.map({True: "white", False: "not_white"})
    )
    regions = {"northeast": 1, "midwest": 2, "south": 3, "west": 4}
    ages = [(0, 18), (19, 34), (35, 50), (51, 64), (65, 79)]
    groups = {
        **{f"age_{low}_to_{high}": frame["AGE"].between(low, high) for low, high in ages},
        "not_white": ~white,
        **{name: frame["REGION"] == code for name, code in regions.items()},
        **{f"poverty_category_{code}": frame["POVCAT"] == code for code in range(1, 5)},
    }
    return assemble(frame[_MEPS_VISITS].sum(axis=1) > 10, features, groups)


def _csv_member(path: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of the table `name` in a zip archive; KeyError names one that is missing."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as member:
        return pd.read_csv(member, usecols=lambda column: column in columns, low_memory=False)[
            columns
        ]
