"""Readers of surveys on hand-made files in the very form that their publishers give them."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from lemmata.data.fetch import fetch
from lemmata.data.raw import RawFile
from lemmata.data.readers import READERS, read_raw
from lemmata.data.registry import raw_file
from lemmata.data.surveys import read_acs_income, read_hmda, read_meps
from lemmata.errors import LemmataError

ACS = "RT,SERIALNO,SPORDER,PUMA,PWGTP,AGEP,COW,MAR,RELP,SCHL,SEX,WKHP,OCCP,PINCP,POBP,RAC1P"
ACS_ROWS = [
    "P,2018GQ0000004,01,01300,00120,30,1,5,00,21,2,40,0136,60000,006,2",  # black woman
    "P,2018GQ0000005,01,01300,00001,70,2,1,01,16,1,20,4720,50000,006,9",  # multiracial senior
    "P,2018GQ0000006,01,01300,00010,17,,5,02,14,2,10,,50001,006,1",  # no class of worker
    "P,2018GQ0000007,01,01300,00010,16,1,5,02,14,2,10,4720,50001,006,1",  # too young
    "P,2018GQ0000008,01,01300,00010,40,1,5,02,14,2,10,4720,100,006,6",  # too little income
    "P,2018GQ0000009,01,01300,00010,40,1,5,02,14,2,,4720,9000,006,6",  # no hours
    "P,2018GQ0000010,01,01300,00010,40,1,1,02,14,1,60,4720,9000,006,6",  # Asian man
]


def zipped(path: Path, member: str, lines: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ACS2018_PUMS_README.pdf", b"")  # archives hold other files besides
        archive.writestr(member, "\n".join(lines) + "\n")
    return path


def rows_of(table: pd.DataFrame, group: str) -> list[int]:
    return np.flatnonzero(table[f"g_{group}"]).tolist()


def test_acs_income(tmp_path: Path) -> None:
    path = zipped(tmp_path / "csv_pca.zip", "psam_p06.csv", [ACS, *ACS_ROWS])
    table = read_acs_income({"csv_pca.zip": path})
    assert table["y"].tolist() == [1, 0, 1, 0]  # 50,000 is not above 50,000
    assert table["x_agep"].tolist() == [30.0, 70.0, 17.0, 40.0]
    assert table["x_cow"].tolist() == [1.0, 2.0, -1.0, 1.0]
    assert table["x_occp"].tolist() == [136.0, 4720.0, -1.0, 4720.0]
    found = {name: rows_of(table, name) for name in ("women", "black_females", "seniors")}
    assert found == {"women": [0, 2], "black_females": [0], "seniors": [1]}
    found = {name: rows_of(table, name) for name in ("black_adults", "white_women", "multiracial")}
    assert found == {"black_adults": [0], "white_women": [], "multiracial": [1]}  # she is 17
    found = {name: rows_of(table, name) for name in ("never_married", "american_indian", "asian")}
    assert found == {"never_married": [0, 2], "american_indian": [], "asian": [3]}


HMDA = (
    "as_of_year,respondent_id,agency_code,loan_type,property_type,loan_purpose,owner_occupancy,"
    "loan_amount_000s,preapproval,action_taken,msamd,state_code,county_code,census_tract_number,"
    "applicant_ethnicity,co_applicant_ethnicity,applicant_race_1,applicant_race_2,"
    "co_applicant_race_1,co_applicant_race_2,applicant_sex,co_applicant_sex,applicant_income_000s,"
    "purchaser_type,denial_reason_1,rate_spread,hoepa_status,lien_status,edit_status,"
    "sequence_number,population,minority_population,hud_median_family_income,"
    "tract_to_msamd_income,number_of_owner_occupied_units,number_of_1_to_4_family_units,"
    "application_date_indicator"
)


def application(action: int, ethnicity: int, races: tuple[int, int], sexes: tuple[int, int]) -> str:
    income = "" if action == 7 else "64"
    return (
        f"2017,0000451965,9,1,1,1,1,145,3,{action},26420,48,201,2231.00,{ethnicity},5,"
        f"{races[0]},,{races[1]},,{sexes[0]},{sexes[1]},{income},0,,,2,1,,,4763,80.11,71500,"
        "87.62,1022,1370,0"
    )


def test_hmda(tmp_path: Path) -> None:
    rows = [
        application(1, 1, (5, 8), (1, 5)),  # originated; Hispanic
        application(2, 2, (3, 3), (2, 1)),  # approved; both black
        application(3, 3, (2, 2), (1, 2)),  # denied; both Asian
        application(4, 2, (5, 5), (1, 2)),  # withdrawn
        application(6, 2, (5, 5), (1, 2)),  # purchased
        application(7, 2, (5, 5), (1, 2)),  # without an income
        application(8, 2, (1, 8), (2, 5)),  # approved; native
    ]
    name = "hmda_2017_tx_all-records_codes"
    path = zipped(tmp_path / f"{name}.zip", f"{name}.csv", [HMDA, *rows])
    table = read_hmda({f"{name}.zip": path})
    # The sample shuffles; race, sex and ethnicity tell the rows apart.
    keys = [*("y", "x_applicant_ethnicity", "x_applicant_race_1", "x_applicant_sex")]
    found = sorted(table[keys].itertuples(index=False, name=None))
    assert found == [(0, "3", "2", "1"), (1, "1", "5", "1"), (1, "2", "1", "2"), (1, "2", "3", "2")]
    assert (table["x_applicant_income_000s"] == 64.0).all()
    leaks = ("denial_reason", "purchaser", "rate_spread", "action", "edit")
    assert not [c for c in table.columns if any(leak in c for leak in leaks)]
    sizes = {c.removeprefix("g_"): int(table[c].sum()) for c in table if c.startswith("g_")}
    expected = {"hispanic": 1, "not_hispanic": 2, "ethnicity_not_provided": 1}
    expected |= {"applicant_female": 2, "applicant_male": 2, "co_applicant_female": 1}
    expected |= {"co_applicant_male": 1, "applicant_black": 1, "applicant_asian": 1}
    expected |= {"applicant_native": 1, "co_applicant_black": 1, "co_applicant_asian": 1}
    assert sizes == expected
    zipped(path, f"{name}.csv", [HMDA, application(9, 1, (5, 8), (1, 5))])
    with pytest.raises(LemmataError, match=r"data set hmda: .*unknown actions \[9\]"):
        read_raw("hmda", {f"{name}.zip": path})
    zipped(path, f"{name}.csv", [HMDA.replace("loan_type", "kind"), rows[0]])
    with pytest.raises(LemmataError, match="loan_type"):
        read_raw("hmda", {f"{name}.zip": path})


def meps_frame() -> pd.DataFrame:
    codes = "SEX HIBPDX CHDDX ANGIDX MIDX OHRTDX STRKDX EMPHDX CHOLDX CANCERDX DIABDX ARTHDX"
    codes += " ARTHTYPE ASTHDX ADHDADDX DFHEAR42 DFSEE42 ADSMOK42 PHQ242 REGION53 MARRY53X"
    codes += " FTSTU53X ACTDTY53 HONRDC53 RTHLTH53 MNHLTH53 CHBRON53 JTPAIN53 PREGNT53 WLKLIM53"
    codes += " ACTLIM53 SOCLIM53 COGLIM53 EMPST53 POVCAT15 INSCOV15 EDUCYR HIDEG"
    rows = 6
    frame = pd.DataFrame({name: [1.0] * rows for name in codes.split()})
    own: dict[str, list[float]] = {
        "PANEL": [19, 19, 19, 20, 19, 19],
        "AGE53X": [10, 40, 70, 40, 40, -1],  # the last one's age is not known
        "REGION53": [1, 2, 4, 3, 3, 3],
        "HISPANX": [2, 1, 2, 2, 2, 2],
        "RACEV2X": [1, 1, 2, 1, 1, 1],
        "POVCAT15": [1, 4, 5, 1, 1, 1],
        "PREGNT53": [-1, 2, -1, 1, -8, 1],  # inapplicable stays, unknown does not
        "OBTOTV15": [10, 8, 0, 50, 0, 0],
        "OPTOTV15": [0, 1, 0, 0, 0, 0],
        "ERTOT15": [0, 1, 0, 0, 0, 0],
        "IPNGTD15": [0, 1, 0, 0, 0, 0],
        "HHTOTD15": [0, 0, 31, 0, 0, 0],
        "PCS42": [-1, 52.25, 30.5, 1, 1, 1],
        "MCS42": [-1, 40, 41, 1, 1, 1],
        "K6SUM42": [-1, 3, 20, 1, 1, 1],
    }
    return frame.assign(**{name: np.array(values, float) for name, values in own.items()})


def test_meps(tmp_path: Path) -> None:
    transport = tmp_path / "H181.ssp"
    pyreadstat.write_xport(meps_frame(), transport, table_name="H181", file_format_version=5)
    path = tmp_path / "h181ssp.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(transport, "H181.ssp")
    table = read_raw("meps", {"h181ssp.zip": path})
    pd.testing.assert_frame_equal(table, read_meps({"h181ssp.zip": path}))
    assert table["y"].tolist() == [0, 1, 1]  # 10, 11 and 31 visits
    assert table["x_age"].tolist() == [10.0, 40.0, 70.0]
    assert table["x_race"].tolist() == ["white", "not_white", "not_white"]
    assert table["x_pregnt"].tolist() == ["-1", "2", "-1"]
    assert table["x_pcs42"].tolist() == [-1.0, 52.25, 30.5]
    found = {c.removeprefix("g_"): rows_of(table, c[2:]) for c in table if c.startswith("g_")}
    expected = {"age_0_to_18": [0], "age_19_to_34": [], "age_35_to_50": [1], "age_51_to_64": []}
    expected |= {"age_65_to_79": [2], "not_white": [1, 2], "northeast": [0], "midwest": [1]}
    expected |= {"south": [], "west": [2], "poverty_category_1": [0], "poverty_category_2": []}
    assert found == expected | {"poverty_category_3": [], "poverty_category_4": [1]}
    path.write_bytes(b"no zip")
    with pytest.raises(LemmataError, match="data set meps: not in the documented format"):
        read_raw("meps", {"h181ssp.zip": path})


@pytest.mark.parametrize("name", ["acs_income", "hmda", "meps"])
def test_without_the_users_sha256_nothing_is_fetched(name: str, tmp_path: Path) -> None:
    (file,) = READERS_FILES[name]
    raw = raw_file(name, file)
    assert raw.source is not None
    with pytest.raises(LemmataError, match=rf"data: {{sha256: {{{name}/{file}: \.\.\.}}}}"):
        fetch(raw, tmp_path / file)
    assert list(tmp_path.iterdir()) == []
    mirror = tmp_path / "mirror" / name
    mirror.mkdir(parents=True)
    (mirror / file).write_bytes(b"bytes")
    vouched = RawFile(**{**vars(raw), "sha256": hashlib.sha256(b"bytes").hexdigest()})
    fetch(vouched, tmp_path / file, str(mirror.parent))
    assert (tmp_path / file).read_bytes() == b"bytes"


READERS_FILES = {
    "acs_income": ["csv_pca.zip"],
    "hmda": ["hmda_2017_tx_all-records_codes.zip"],
    "meps": ["h181ssp.zip"],
}


def test_a_row_too_few_is_no_acs_income(tmp_path: Path) -> None:
    path = zipped(tmp_path / "csv_pca.zip", "psam_p06.csv", [ACS, *ACS_ROWS])
    with pytest.raises(LemmataError, match=r"\(4, 10, 9\), expected \(195665, 10, 9\)"):
        read_raw("acs_income", {"csv_pca.zip": path})
    assert READERS["acs_income"].rows == 195_665
