"""A job forked from the zygote and the same job started anew write the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.workflow import dag

# Every kind of arithmetic: networks of each family, trees, float64 studies, drawing.
RULES = {
    "finetune_language",
    "finetune_policies",
    "fit_classical",
    "multicalibrate",
    "plot_diffusion",
    "plot_reliability",
    "recalibrate",
    "sample_images",
    "study_exact_gradients",
    "study_survey",
    "train_conjunction",
    "train_decoder",
    "train_diffusion",
    "train_encoders",
    "train_network",
}


def one_record_of_each(tree: Path) -> dict[Path, dict[str, Any]]:
    """The first record of each rule, by its path."""
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in sorted((tree / "results").rglob("*.prov.json")):
        record = json.loads(path.read_text())
        if record["rule"] in RULES:
            found.setdefault(record["rule"], (path, record))
    assert found.keys() == RULES
    return dict(found.values())


def test_jobs_started_anew_write_the_same_bytes(smoke_tree: Path, tmp_path: Path) -> None:
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    shutil.rmtree(tree / ".lemmata")
    before = one_record_of_each(tree)
    # The first jobs of a run start while the zygote is still loading its libraries.
    assert sum(record["place"]["forked"] for record in before.values()) > len(RULES) / 2
    for path, record in before.items():
        for output in record["outputs"]:
            (tree / output["path"]).unlink()
        path.unlink()

    targets = [str(path.relative_to(tree)) for path in before]
    run = dag.snakemake(tree, *targets, LEMMATA_ZYGOTE="0")
    assert run.returncode == 0, run.stdout[-4000:]
    for path, record in before.items():
        after = json.loads(path.read_text())
        assert not after["place"]["forked"]
        assert after["started"] > record["started"]
        assert after["outputs"] == record["outputs"], record["rule"]
