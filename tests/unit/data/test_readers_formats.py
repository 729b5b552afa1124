"""Readers on hand-made files in the published formats, and what they refuse in one line."""

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
from numpy.typing import NDArray

from lemmata.data import fairness
from lemmata.data.images import IDX_IMAGES, IDX_LABELS, read_cifar10, read_idx
from lemmata.data.readers import read_raw
from lemmata.errors import LemmataError


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
