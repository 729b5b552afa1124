"""Where a job ran on a cluster, as the audit and the crate tell it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lemmata.lineage.audit import Auditor
from lemmata.lineage.crate.check import check_crate
from lemmata.lineage.crate.write import write_crate
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.render import render
from lemmata.provenance.record import read_record, write_record
from tests import smalltree

SLURM = {"job_id": "4711", "partition": "cpu", "node": "c1", "account": "secret"}


def settle(tree: Path, slurm: dict[str, Any]) -> None:
    """Say of the job that made the table that it ran in a SLURM job."""
    path = tree / smalltree.RESULTS / "study" / "study.prov.json"
    record = {k: v for k, v in read_record(path).items() if k not in ("schema", "digest")}
    hardware = {**record["hardware"], "machine": "x86_64"}
    place = {**record["place"], "slurm": slurm}
    write_record(path, {**record, "hardware": hardware, "place": place})


@pytest.mark.parametrize(
    ("slurm", "told"),
    [
        (SLURM, ", 60.0 s, host there, SLURM job 4711, partition cpu, node c1"),
        ({"job_id": "4711"}, ", 60.0 s, host there, SLURM job 4711"),
        ({}, ", 60.0 s, host there"),
    ],
)
def test_audit_tells_the_slurm_job(tmp_path: Path, slurm: dict[str, Any], told: str) -> None:
    tree = smalltree.build(tmp_path / "tree")
    settle(tree, slurm)
    node = Auditor(Hashes(tree, False), tree).lineage(tree / smalltree.TABLE)
    node.children.clear()  # the raw file's job has no machine
    line = next(line for line in render(node).splitlines() if "host there" in line)
    assert line.endswith(told)


def test_crate_tells_the_slurm_job_and_what_the_gpu_held(tmp_path: Path) -> None:
    tree = smalltree.build(tmp_path / "tree")
    settle(tree, SLURM)
    path = tree / smalltree.RESULTS / "study" / "study.prov.json"
    record = {k: v for k, v in read_record(path).items() if k not in ("schema", "digest")}
    write_record(path, {**record, "gpu_peak_memory_mib": 512.0})
    crate = write_crate(tree / smalltree.RESULTS, tmp_path / "crate.zip", tree)
    assert check_crate(crate) == []
    with zipfile.ZipFile(crate) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    said = {entity["@id"]: entity for entity in graph}
    action = said[f"#job/{smalltree.RESULTS}/study/study.prov.json"]
    told = {said[i["@id"]]["name"]: said[i["@id"]]["value"] for i in action["environment"]}
    assert {k: v for k, v in told.items() if k.startswith("slurm")} == {
        "slurm.job_id": "4711",
        "slurm.node": "c1",
        "slurm.partition": "cpu",
    }
    usage = [said[i["@id"]] for i in action["resourceUsage"]]
    assert {u["name"]: u["value"] for u in usage}["gpu_peak_memory_mib"] == 512.0
    other = said[f"#job/{smalltree.FIGURE}.prov.json"]  # ran without SLURM
    assert not any("slurm" in i["@id"] for i in other["environment"])
