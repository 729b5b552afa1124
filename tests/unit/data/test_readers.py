"""Prepared tables against the packages' own loaders and the documented facts of each set."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
import statsmodels.datasets
from numpy.typing import NDArray

from lemmata.data import fairness
from lemmata.data.images import IDX_IMAGES, IDX_LABELS, read_cifar10, read_idx
from lemmata.data.readers import READERS, read_raw
from lemmata.errors import LemmataError

TableOf = Callable[..., pd.DataFrame]


def features(table: pd.DataFrame) -> pd.DataFrame:
    return table.filter(regex="^x_").rename(columns=lambda name: name.removeprefix("x_"))


def groups(table: pd.DataFrame) -> dict[str, tuple[int, float]]:
    """Size and rate of y = 1 of every group."""
    flags = table.filter(regex="^g_")
    assert (flags.dtypes == np.bool_).all()
    return {
        name.removeprefix("g_"): (int(flag.sum()), round(float(table["y"][flag].mean()), 3))
        for name, flag in flags.items()
    }


# --- bundled: exactly what the packages' loaders give ---------------------------------------------


def test_digits(table_of: TableOf) -> None:
    expected = sklearn.datasets.load_digits()
    table = table_of("digits")
    assert list(table.columns) == ["y", *(f"x_{i}" for i in range(64))]
    assert (features(table).dtypes == np.float32).all()
    np.testing.assert_array_equal(features(table) * 16, expected.data)
    np.testing.assert_array_equal(table["y"], expected.target)


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_scikit_learn_tables(table_of: TableOf, name: str) -> None:
    expected = getattr(sklearn.datasets, f"load_{name}")()
    table = table_of(name)
    names = [feature.replace(" ", "_").replace("/", "_") for feature in expected.feature_names]
    assert list(features(table).columns) == names
    np.testing.assert_array_equal(features(table), expected.data)
    np.testing.assert_array_equal(table["y"], expected.target)


def test_diabetes(table_of: TableOf) -> None:
    expected = sklearn.datasets.load_diabetes(scaled=False)
    table = table_of("diabetes")
    assert list(features(table).columns) == expected.feature_names
    np.testing.assert_array_equal(features(table), expected.data)
    np.testing.assert_array_equal(table["y"], expected.target > 140)
    assert table["y"].sum() == 221  # half of 442: the median is 140.5


@pytest.mark.parametrize(
    ("name", "target", "ones"), [("fair", "affairs", 2053), ("randhie", "mdvis", 13882)]
)
def test_statsmodels_tables(table_of: TableOf, name: str, target: str, ones: int) -> None:
    expected = getattr(statsmodels.datasets, name).load_pandas().data
    table = table_of(name)
    inputs = expected.drop(columns=target)
    assert list(features(table).columns) == list(inputs.columns)
    np.testing.assert_array_equal(features(table), inputs)
    np.testing.assert_array_equal(table["y"], expected[target] > 0)
    assert table["y"].sum() == ones


def test_randhie_high_use(table_of: TableOf) -> None:
    expected = statsmodels.datasets.randhie.load_pandas().data
    table, plain = table_of("randhie_high_use"), table_of("randhie")
    np.testing.assert_array_equal(features(table), features(plain))
    np.testing.assert_array_equal(table["y"], expected["mdvis"] > 5)
    assert round(table["y"].mean(), 3) == 0.152


def test_arff_as_published(tmp_path: Path) -> None:
    """Made-up rows in the form of the two files, one of which breaks its own header."""
    law = tmp_path / "law_dataset.arff"
    names = [
        *["decile1b", "decile3", "lsat", "ugpa", "zfygpa", "zgpa", "fulltime", "fam_inc", "male"],
        "racetxt",
    ]
    header = ["@relation pandasdata", *(f"@attribute {name} real" for name in names)]
    header += ["@attribute tier {0, 1}", "@attribute pass_bar {0, 1}", "@data"]
    law.write_text(
        "\n".join([*header, "1,2,30.5,3,0,0,1,4,1,1,6,1", "1,2,20,3,0,0,2,4,0,0,3,0", ""])
    )
    table = fairness.read_law_school({"law_dataset.arff": law})
    assert table["y"].tolist() == [1, 0]
    assert table["x_tier"].tolist() == [6.0, 3.0]
    assert table["x_lsat"].tolist() == [30.5, 20.0]
    census = tmp_path / "dutch_census_2001.arff"
    header = ["@relation dutch", "", "@attribute sex {2,1}", "@attribute Marital_status {1,2}"]
    header += ["@attribute occupation {5_4_9,2_1}", "", "@data", ""]
    census.write_text("\n".join([*header, "1,2,2_1", "2,1,5_4_9"]))
    table = fairness.read_dutch_census({"dutch_census_2001.arff": census})
    assert table["y"].tolist() == [1, 0]
    assert table["x_marital_status"].tolist() == ["2", "1"]
    census.write_text("\n".join([*header, "1,2,3"]))
    with pytest.raises(ValueError, match="unknown occupations"):
        fairness.read_dutch_census({"dutch_census_2001.arff": census})
    census.write_text("@relation dutch")
    with pytest.raises(ValueError, match="no @data line"):
        fairness.read_dutch_census({"dutch_census_2001.arff": census})


def test_anes96(table_of: TableOf) -> None:
    expected = statsmodels.datasets.anes96.load_pandas().data
    table = table_of("anes96")
    names = [
        *("popul", "TVnews", "selfLR", "ClinLR", "DoleLR"),
        *("PID", "age", "educ", "income"),
    ]
    assert list(features(table).columns) == [name.lower() for name in names]
    np.testing.assert_array_equal(features(table), expected[names])
    np.testing.assert_array_equal(table["y"], expected["vote"])


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "wine", "fair", "randhie", "anes96"])
def test_dtypes_of_bundled_tables(table_of: TableOf, name: str) -> None:
    table = table_of(name)
    assert table["y"].dtype == np.int64
    assert (features(table).dtypes == np.float64).all()


def test_torch_docs_are_paragraphs_that_occur_once(table_of: TableOf) -> None:
    table = table_of("torch_docs")
    texts = table["x_text"]
    assert texts.is_unique
    assert texts.str.len().min() >= 40
    assert not texts.str.contains("\n|  ").any()
    assert (table["y"] == texts.str.contains(">>>")).all()
    assert table["y"].sum() == 437
    assert "Supports input of float, double, cfloat and cdouble data types." in set(texts)


# --- downloadable: documented counts, from the mirror ---------------------------------------------


@pytest.mark.mirror
def test_adult(table_of: TableOf, mirror: str) -> None:
    table = table_of("adult", mirror)
    assert len(table) == 32_561 - 2_399 + 16_281 - 1_221
    # UCI's adult.names: 24.78 percent above 50K among the 45,222 rows without unknowns.
    assert round(table["y"].mean(), 4) == 0.2478
    assert "x_fnlwgt" not in table
    assert table["x_sex"].unique().tolist() == ["Male", "Female"]
    assert table.iloc[0][["x_age", "x_education", "x_capital_gain"]].tolist() == [
        *(39.0, "Bachelors", 2174.0)
    ]
    sizes = groups(table)
    assert len(sizes) == 20
    assert sizes["race_black"][0] == (table["x_race"] == "Black").sum() == 4_228
    assert "occupation_armed_forces" not in sizes
    assert min(size for size, _ in sizes.values()) > 0.005 * len(table)
    assert sizes["sex_male"][0] + sizes["sex_female"][0] == len(table)
    assert not table.filter(regex="^x_").isin(["?", ""]).to_numpy().any()


@pytest.mark.mirror
def test_adult_labels_agree_with_the_published_counts(
    raw_paths: Callable[..., dict[str, Path]], mirror: str
) -> None:
    """7,841 and 3,846 rows above 50K before rows with unknowns go."""
    paths = raw_paths("adult", mirror)
    counts = [path.read_text().count(">50K") for path in paths.values()]
    assert counts == [7_841, 3_846]


@pytest.mark.mirror
def test_bank_marketing(table_of: TableOf, mirror: str) -> None:
    table = table_of("bank_marketing", mirror)
    assert (len(table), table["y"].sum()) == (45_211, 5_289)
    assert not {"x_duration", "x_day"} & set(table.columns)
    # Hansen, Devic, Nakkiran, Sharan (2024): sizes and rates of their groups.
    assert groups(table) == {
        "job_management": (9_458, 0.138),
        "job_technician": (7_597, 0.111),
        "job_entrepreneur": (1_487, 0.083),
        "job_blue_collar": (9_732, 0.073),
        "job_retired": (2_264, 0.228),
        "marital_married": (27_214, 0.101),
        "marital_single": (12_790, 0.149),
        "education_primary": (6_851, 0.086),
        "education_secondary": (23_202, 0.106),
        "education_tertiary": (13_301, 0.150),
        "housing_yes": (25_130, 0.077),
        "housing_no": (20_081, 0.167),
        "age_below_30": (3_050, 0.195),
        "age_30_to_39": (17_359, 0.113),
        "age_50_and_above": (12_185, 0.129),
    }


@pytest.mark.mirror
def test_credit_default(table_of: TableOf, mirror: str) -> None:
    table = table_of("credit_default", mirror)
    assert (len(table), table["y"].sum()) == (30_000, 6_636)
    assert sorted(table["x_education"].unique()) == list("0123456")
    assert table["x_limit_bal"].dtype == np.float64
    assert "x_id" not in table
    # Hansen, Devic, Nakkiran, Sharan (2024): sizes of their 13 groups.
    assert [size for size, _ in groups(table).values()] == [
        *(3_281, 15_964, 6_888, 18_112, 1_482, 225, 4_917),
        *(2_861, 2_456, 1_610, 8_656, 10_585, 6_231),
    ]


@pytest.mark.mirror
def test_compas(table_of: TableOf, mirror: str) -> None:
    table = table_of("compas", mirror)
    assert (len(table), round(table["y"].mean(), 3)) == (6_172, 0.455)
    assert {name: size for name, (size, _) in groups(table).items()} == {
        "race_african_american": 3_175,
        "race_caucasian": 2_103,
        "race_hispanic": 509,
        "race_other": 343,
        "sex_female": 1_175,
        "sex_male": 4_997,
        "age_below_25": 1_347,
        "age_25_to_45": 3_624,
        "age_above_45": 1_201,
        "african_american_female": 549,
        "african_american_below_25": 809,
        "caucasian_above_45": 591,
        "no_priors": 2_085,
        "misdemeanour": 2_202,
    }
    allowed = {"sex", "age", "race", "juv_fel_count", "juv_misd_count", "juv_other_count"}
    assert set(features(table).columns) == allowed | {"priors_count", "c_charge_degree"}


@pytest.mark.mirror
def test_law_school_and_dutch_census(table_of: TableOf, mirror: str) -> None:
    law, census = table_of("law_school", mirror), table_of("dutch_census", mirror)
    assert law["y"].sum() == 16_856
    assert (law["x_racetxt"] == 1).sum() == 17_491
    assert law["x_tier"].max() == 6
    assert census["y"].sum() == 28_763
    assert (census["x_sex"] == "1").sum() == 30_147


@pytest.mark.mirror
def test_credit_default_published(table_of: TableOf, mirror: str) -> None:
    """118 columns and 13 groups, as the paper's authors have them."""
    table, plain = table_of("credit_default_published", mirror), table_of("credit_default", mirror)
    levels = features(table).drop(columns="sex")
    assert levels.nunique().sum() + 1 == 118
    np.testing.assert_array_equal(table["y"], plain["y"])
    assert groups(table) == groups(plain)
    # Every tercile holds about a third, ties apart.
    counts = table["x_limit_bal"].value_counts(normalize=True)
    assert sorted(counts.index) == ["0", "1", "2"]
    assert counts.min() > 0.25


@pytest.mark.mirror
def test_mnist(table_of: TableOf, mirror: str) -> None:
    table = table_of("mnist", mirror)
    assert table.shape == (70_000, 785)
    pixels = table.iloc[:, 1:].to_numpy()
    assert pixels.dtype == np.float32
    # The mean training pixel that every tutorial subtracts, and the published class counts.
    assert round(float(pixels[:60_000].mean(dtype=np.float64)), 4) == 0.1307
    assert np.bincount(table["y"][:60_000]).tolist() == [
        *(5923, 6742, 5958, 6131, 5842),
        *(5421, 5918, 6265, 5851, 5949),
    ]
    assert table["y"][:5].tolist() == [5, 0, 4, 1, 9]
    # A zero is hollow, a one is not: the pixels belong to the labels and stand row by row.
    centre = pixels[:, 14 * 28 + 14]
    assert centre[table["y"] == 0].mean() < 0.1 < centre[table["y"] == 1].mean()


def cifar_archive(path: Path, records: int, cut: int = 0) -> NDArray[np.uint8]:
    """An archive in CIFAR-10's binary layout; its records of a label and 3,072 bytes."""
    whole = np.random.default_rng(0).integers(0, 256, (6, records, 3073), dtype=np.uint8)
    whole[:, :, 0] %= 10
    names = [*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]
    with tarfile.open(path, "w:gz") as archive:
        for name, part in reversed(list(zip(names, whole, strict=True))):
            content = part.tobytes()[: part.size - cut]
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return whole.reshape(-1, 3073)


def test_cifar10(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    records = cifar_archive(path, 4)
    table = read_cifar10({path.name: path})
    assert table.shape == (24, 3073)
    np.testing.assert_array_equal(table["y"], records[:, 0])
    np.testing.assert_allclose(table.iloc[:, 1:].to_numpy() * 255, records[:, 1:], rtol=1e-6)
    with pytest.raises(LemmataError, match=r"cifar10: not the documented table: \(rows"):
        read_raw("cifar10", {path.name: path})
    cifar_archive(path, 4, cut=1)
    with pytest.raises(LemmataError, match="no whole records of 3073"):
        read_raw("cifar10", {path.name: path})
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(LemmataError, match="cifar10: not in the documented format"):
        read_raw("cifar10", {path.name: path})


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "rows", "mean_p", "mean_y"),
    [
        ("imagenet_resnet34", 50_000, 0.6732, 0.7511),
        ("imagenet_resnext50", 50_000, 0.7396, 0.7976),
        ("solar_flares_daffs", 731, 0.3071, 0.2572),
        ("solar_flares_noaa", 731, 0.2745, 0.2572),
        ("precipitation_niamey", 92, 0.5166, 0.5761),
        ("cifar10_resnet110", 10_000, 0.9831, 0.9356),
        ("cifar10_densenet40", 10_000, 0.9791, 0.9242),
        ("cifar100_resnet110", 10_000, 0.8996, 0.7148),
        ("cifar100_densenet40", 10_000, 0.9116, 0.7000),
    ],
)
def test_forecasts(
    table_of: TableOf, mirror: str, name: str, rows: int, mean_p: float, mean_y: float
) -> None:
    table = table_of(name, mirror)
    assert list(table.columns) == ["y", "p"]
    assert table.dtypes.tolist() == [np.int64, np.float64]
    assert len(table) == rows
    assert (round(table["p"].mean(), 4), round(table["y"].mean(), 4)) == (mean_p, mean_y)


# --- refusals -------------------------------------------------------------------------------------


def test_a_row_too_few_is_refused(
    raw_paths: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    lines = raw_paths("fair")["fair.csv"].read_text().splitlines(keepends=True)
    (tmp_path / "fair.csv").write_text("".join(lines[:-1]))
    with pytest.raises(LemmataError, match=r"fair: .*are \(6365, 8, 0\), expected \(6366, 8, 0\)"):
        read_raw("fair", {"fair.csv": tmp_path / "fair.csv"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3,32,9,3,3,17,2,5,0.1111111", "3,,9,3,3,17,2,5,0.1111111", "missing in x_age"),
        ("3,32,9,3,3,17,2,5,0.1111111", "3,inf,9,3,3,17,2,5,0.1111111", "value is infinite"),
        ("affairs", "affair", "column 'affairs' is missing"),
    ],
)
def test_damaged_tables_are_refused(
    raw_paths: Callable[..., dict[str, Path]], tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = raw_paths("fair")["fair.csv"].read_text()
    assert old in text
    (tmp_path / "fair.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(LemmataError, match=f"data set fair: .*{message}"):
        read_raw("fair", {"fair.csv": tmp_path / "fair.csv"})


def test_labels_and_probabilities_are_checked(tmp_path: Path) -> None:
    rows = [f"2016-07-01,0,{i / 91},0,0,{int(i > 40)}" for i in range(92)]
    path = tmp_path / "precip_Niamey_2016.csv"

    def read(lines: list[str]) -> pd.DataFrame:
        path.write_text("\n".join(["date,Logistic,EMOS,ENS,EPC,obs", *lines]))
        return read_raw("precipitation_niamey", {path.name: path})

    assert len(read(rows)) == 92
    with pytest.raises(LemmataError, match=r"labels are \[0, 1, 2\], expected 0 to 1"):
        read([*rows[:-1], "2016-09-30,0,0.5,0,0,2"])
    with pytest.raises(LemmataError, match=r"outside \[0, 1\]"):
        read([*rows[:-1], "2016-09-30,0,1.0001,0,0,1"])


def test_a_text_that_is_no_table_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for name in ("digits", "bank_marketing", "wine", "mnist"):
        files = {
            "digits": ["digits.csv.gz"],
            "bank_marketing": ["bank.zip"],
            "wine": ["wine_data.csv"],
            "mnist": ["train-images-idx3-ubyte.gz"],
        }[name]
        for file in files:
            (tmp_path / file).write_bytes(b"<html>not found</html>\n" * 3)
        paths = {file: tmp_path / file for file in files}
        with pytest.raises(LemmataError, match=f"data set {name}: not in the documented format"):
            read_raw(name, paths)
    with pytest.raises(LemmataError, match=r"raw file or column 'fair\.csv' is missing"):
        read_raw("fair", {})
    with pytest.raises(LemmataError, match="no reader for data set 'synthetic_groups'"):
        read_raw("synthetic_groups", {})


def test_bank_zip_without_the_full_table_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bank.zip", "w") as archive:
        archive.writestr("bank.csv", "age;y\n30;no\n")
    with pytest.raises(LemmataError, match=r"bank-full\.csv"):
        read_raw("bank_marketing", {"bank.zip": tmp_path / "bank.zip"})


def test_idx_format(tmp_path: Path) -> None:
    """Worked example: two images of 2 x 3 pixels, then two labels, byte for byte."""
    path = tmp_path / "x.gz"
    body = bytes(range(12))
    path.write_bytes(gzip.compress(bytes.fromhex("00000803000000020000000200000003") + body))
    np.testing.assert_array_equal(read_idx(path, IDX_IMAGES), np.arange(12).reshape(2, 2, 3))
    with pytest.raises(ValueError, match="no IDX file with magic number 2049"):
        read_idx(path, IDX_LABELS)
    path.write_bytes(gzip.compress(bytes.fromhex("0000080100000002") + b"\x07\x03"))
    assert read_idx(path, IDX_LABELS).tolist() == [7, 3]
    path.write_bytes(gzip.compress(bytes.fromhex("0000080100000003") + b"\x07\x03"))
    with pytest.raises(ValueError, match=r"announces \(3,\) but holds 2 bytes"):
        read_idx(path, IDX_LABELS)
    path.write_bytes(gzip.compress(b"\x00\x00"))
    with pytest.raises(ValueError, match="no IDX file"):
        read_idx(path, IDX_LABELS)


def test_readers_are_all_tested() -> None:
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in READERS if f'"{name}"' not in source] == []


@pytest.mark.mirror
def test_sst2(table_of: TableOf, mirror: str) -> None:
    table = table_of("sst2", mirror)
    # 3,610, 444 and 909 positive sentences (Socher et al., 2013, as its users count them).
    assert [table["y"][:6920].sum(), table["y"][6920:7792].sum(), table["y"][7792:].sum()] == [
        3610,
        444,
        909,
    ]
    assert table["x_text"][6920] == "one long string of cliches"
    assert table["y"][6920] == 0


@pytest.mark.mirror
def test_rotten_tomatoes(table_of: TableOf, mirror: str) -> None:
    table = table_of("rotten_tomatoes", mirror)
    assert table["y"].value_counts().to_dict() == {0: 5331, 1: 5331}
    assert table["x_text"][0] == "simplistic , silly and tedious ."
    # A single-byte encoding: accents are letters, and no sentence is broken at one.
    assert table["x_text"].str.contains("clich\u00e9").any()
