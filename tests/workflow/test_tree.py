"""The finished smoke tree: records, audit, claims, report, and a null run."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from lemmata.cli import main
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.embed import read_stamp
from lemmata.provenance.record import fingerprint_of, read_record
from tests.workflow import dag

pytestmark = pytest.mark.dag
RESULTS = "results/smoke"


def figures(tree: Path) -> list[Path]:
    found = sorted(tree.glob(f"{RESULTS}/**/figures/*.png"))
    assert found
    return found


def test_null_run_finds_nothing_to_do(smoke_tree: Path) -> None:
    start = time.monotonic()
    assert not dag.planned(smoke_tree)
    # The budget is 5 s on a free machine; here other tests share it.
    assert time.monotonic() - start < 60


def test_nothing_is_written_elsewhere(smoke_tree: Path, project: Path) -> None:
    written = {p.name for p in smoke_tree.iterdir()} - set(dag.PARTS)
    assert written <= {"results", "resources", "logs", ".snakemake", ".lemmata", ".cache"}
    made = {str(p.relative_to(smoke_tree)) for p in (smoke_tree / "src").rglob("*")}
    ours = {str(p.relative_to(project)) for p in (project / "src").rglob("*")}
    assert not {p for p in made - ours if "__pycache__" not in p}


def test_every_output_has_a_true_record(smoke_tree: Path) -> None:
    records = sorted(smoke_tree.glob("**/*.prov.json"))
    listed = set()
    for path in records:
        record = read_record(path)
        assert record["fingerprint"] == fingerprint_of(record)
        listed |= {item["path"] for item in record["outputs"]}
    for folder in ("results", "resources"):
        for path in (smoke_tree / folder).rglob("*"):
            if path.is_file() and not path.name.endswith((".prov.json", "snakemake_timestamp")):
                assert str(path.relative_to(smoke_tree)) in listed, path


def test_no_leftovers(smoke_tree: Path) -> None:
    assert not list(smoke_tree.glob("results/**/.tmp-*"))
    assert not list(smoke_tree.glob("results/.checkpoints/*"))


def test_raw_files_are_read_only(smoke_tree: Path) -> None:
    raw = [p for p in smoke_tree.glob("resources/*/*") if not p.name.endswith(".prov.json")]
    assert len(raw) == 4
    assert all(p.stat().st_mode & 0o222 == 0 for p in raw)


# Figures of studies with populations of their own, and of data sets that are generated.
GENERATED = (
    *("sample_complexity", "endpoints", "cost", "sandwich"),
    *("synthetic_groups", "oscillating", "known_population", "invariants", "real_data"),
    "official_options",
    "length_generalization",
    "diffusion/figures",
    "reinforcement_finetuning/figures",
    "self_supervised/figures",
    "language/sequences",
    "policies_sequences",
    "survey",  # answers and aggregates stand in config/survey
)


def test_every_figure_passes_the_audit(smoke_tree: Path) -> None:
    together = CliRunner().invoke(main, ["audit", *map(str, figures(smoke_tree))])
    assert together.exit_code == 0, together.output  # none is stale either: one plan for all
    for path in figures(smoke_tree):
        done = CliRunner().invoke(main, ["audit", "--no-stale", str(path)])
        assert done.exit_code == 0, done.output
        if not any(name in str(path) for name in GENERATED):
            assert "resources/" in done.output, "does not reach raw data"


def test_figures_carry_their_stamp_in_every_format(smoke_tree: Path) -> None:
    for png in figures(smoke_tree):
        stamps = [read_stamp(png.with_suffix(s)) for s in (".png", ".svg", ".parquet")]
        for stamp in stamps:
            assert stamp is not None
            assert len(stamp.pop("content")) == 64
        drawn = sha256_file(png.with_suffix(".parquet"))
        assert [stamp.pop("table", None) for stamp in stamps] == [drawn, drawn, None]
        assert stamps[0] == stamps[1] == stamps[2]
        with Image.open(png) as image:
            assert image.size[0] > 200


def test_flipped_byte_in_each_file_of_a_lineage_is_caught(smoke_tree: Path, tmp_path: Path) -> None:
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    figure = tree / RESULTS / "calibration/digits/figures/reliability.png"
    lineage = [
        "resources/digits/digits.csv.gz",
        f"{RESULTS}/data/digits/table.parquet",
        f"{RESULTS}/calibration/digits/convnet/seed1/model.safetensors",
        f"{RESULTS}/calibration/digits/convnet/seed1/history.parquet",
        f"{RESULTS}/calibration/digits/convnet/seed1/train.prov.json",
        f"{RESULTS}/calibration/digits/mlp/seed0/predictions.parquet",
        f"{RESULTS}/calibration/digits/reliability.parquet",
        f"{RESULTS}/calibration/digits/figures/reliability.svg",
        f"{RESULTS}/calibration/digits/figures/reliability.png",
    ]
    for name in lineage:
        path = tree / name
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 0x10
        path.chmod(0o644)
        path.write_bytes(damaged)
        done = CliRunner().invoke(main, ["audit", str(figure)])
        assert done.exit_code == 1, name
        assert "broken" in done.output
        path.write_bytes(whole)
    assert CliRunner().invoke(main, ["audit", str(figure)]).exit_code == 0


def test_claims_at_smoke_read_not_tested(smoke_tree: Path) -> None:
    table = pd.read_csv(smoke_tree / RESULTS / "report/claims.csv")
    assert set(table["verdict"]) == {"not tested"}
    for path in (smoke_tree / RESULTS / "claims").glob("*[!v].json"):
        assert json.loads(path.read_text())["verdict"] == "not tested"


def test_scheduler_looks_for_work_only_when_a_job_ends(project: Path, tmp_path: Path) -> None:
    tree = dag.copy_project(project, tmp_path / "tree")
    told = 'print("limiter:", workflow.scheduler.job_rate_limiter)'
    dag.edit(tree, "Snakefile", "rule all:", f"onsuccess:\n    {told}\n\n\nrule all:")
    tables = [f"results/smoke/data/{name}/groups.parquet" for name in ("wine", "digits")]
    done = dag.snakemake(tree, *tables)
    assert done.returncode == 0, done.stdout
    assert "limiter: None" in done.stdout
    # A look a job that ended, and the first.
    assert done.stdout.count("Select jobs to execute") <= done.stdout.count("Finished jobid") + 1


def test_standardized_usage_plans_the_same_jobs(smoke_tree: Path, tmp_path: Path) -> None:
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    assert not dag.planned(tree, "--snakefile", "workflow/Snakefile")
