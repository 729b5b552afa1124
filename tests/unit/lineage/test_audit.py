"""The audit finds every changed byte of a lineage, from the raw file to a copied figure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lemmata.cli import main
from lemmata.errors import LemmataError
from lemmata.lineage.audit import Auditor
from lemmata.lineage.checks import Status
from lemmata.lineage.hashes import Hashes
from lemmata.provenance.embed import read_stamp
from tests import standin


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, arguments)])


FIGURES = ["results/figures/f.png", "results/figures/f.svg"]
LINEAGE = [
    "resources/raw.csv",
    "resources/raw.csv.prov.json",
    "results/t.parquet",
    "results/t.prov.json",
    "results/figures/f.png",
    "results/figures/f.svg",
    "results/figures/f.parquet",
    "results/figures/f.prov.json",
]


@pytest.mark.parametrize("figure", FIGURES)
def test_intact_lineage(tree: Path, figure: str) -> None:
    done = invoke(tree / figure)
    assert done.exit_code == 0, done.output
    for name in ("figure", "table", "raw", "resources/raw.csv"):
        assert name in done.output


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("victim", LINEAGE)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 1.0])
def test_one_flipped_byte_anywhere_is_caught(
    tree: Path, figure: str, victim: str, place: float
) -> None:
    path = tree / victim
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 0x01
    path.chmod(0o644)
    path.write_bytes(content)
    done = invoke(tree / figure)
    assert done.exit_code == 1, done.output
    assert "broken" in done.output


@pytest.mark.parametrize("victim", [name for name in LINEAGE if name not in FIGURES])
def test_missing_link_is_caught(tree: Path, victim: str) -> None:
    (tree / victim).unlink()
    code = invoke(tree / FIGURES[0], "--records", tree).exit_code
    assert code == (2 if victim == "results/figures/f.prov.json" else 1)


def test_first_broken_link_is_the_one_nearest_to_the_raw_data(tree: Path) -> None:
    for victim in ("resources/raw.csv", "results/t.parquet"):
        (tree / victim).write_bytes(b"forged")
    node = Auditor(Hashes(tree)).lineage(tree / FIGURES[0])
    problem = node.found()[0]
    assert (problem.path, problem.status) == ("resources/raw.csv", Status.CHANGED)


def test_lone_copy_is_found_by_its_stamp(tree: Path, tmp_path: Path) -> None:
    for figure in FIGURES:
        copy = tmp_path / f"renamed{Path(figure).suffix}"
        shutil.copy(tree / figure, copy)
        assert invoke(copy, "--records", tree).exit_code == 0
        assert invoke(copy, "--records", tmp_path / "moved" / "scripts").exit_code == 2
    changed = bytearray(copy.read_bytes())
    changed[-20] ^= 0x01
    copy.write_bytes(changed)
    assert invoke(copy, "--records", tree).exit_code == 1


def test_figure_under_another_jobs_name_is_caught(tree: Path) -> None:
    record = (tree / "results/figures/f.prov.json").read_text()
    other = tree / "scripts" / "figure.py"
    done = standin.run(
        other,
        tree,
        rule="figure",
        input={"table": "results/t.parquet"},
        output={
            "png": "results/figures/f.png",
            "svg": "results/figures/f.svg",
            "data": "results/figures/f.parquet",
            "record": "results/figures/f.prov.json",
        },
        cfg={"other": 1},
    )
    assert done.returncode == 0, done.stderr
    (tree / "results/figures/f.prov.json").write_text(record)
    done_audit = invoke(tree / FIGURES[0])
    assert done_audit.exit_code == 1
    assert "name different jobs" in done_audit.output


def test_nothing_to_verify_against_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lone.txt"
    with pytest.raises(LemmataError, match="no such file"):
        Auditor(Hashes(tmp_path)).lineage(path)
    path.write_text("text")
    with pytest.raises(LemmataError, match="no record beside it and no provenance stamp"):
        Auditor(Hashes(tmp_path)).lineage(path)


def test_stamp_names_job_and_inputs(tree: Path) -> None:
    for name in (*FIGURES, "results/t.parquet"):
        stamp = read_stamp(tree / name)
        assert stamp is not None
        assert len(stamp["fingerprint"]) == 64
    assert list(stamp["inputs"]) == ["resources/raw.csv"]


def test_results_may_be_a_link_to_another_disk(tree: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk" / "other_name"
    disk.parent.mkdir()
    (tree / "results").rename(disk)
    (tree / "results").symlink_to(disk, target_is_directory=True)
    done = invoke(tree / FIGURES[0])
    assert done.exit_code == 0, done.output
    problems, files = Auditor(Hashes(tree)).everything(tree)
    assert (problems, files) == ([], 5)
    (disk / "t.parquet").write_bytes(b"forged")
    assert invoke(tree / FIGURES[0]).exit_code == 1


def test_a_folder_that_links_back_to_itself_is_walked_once(tree: Path) -> None:
    (tree / "results" / "loop").symlink_to(tree / "results", target_is_directory=True)
    assert Auditor(Hashes(tree)).everything(tree) == ([], 5)


def test_a_file_without_a_record_is_named(tree: Path) -> None:
    (tree / "results" / "stray.csv").write_text("1")
    (problem,) = Auditor(Hashes(tree)).everything(tree)[0]
    assert (problem.path, problem.text) == ("results/stray.csv", "no record speaks of it")
