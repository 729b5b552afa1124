"""Which trainings a sweep asks for, read off a real dry run."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from lemmata.provenance.record import read_record
from lemmata.tables import read_table
from tests.workflow import dag
from tests.workflow.edits import scale

SELECTION = "results/smoke/length_generalization/dyck_3/ape_selection.parquet"
MODEL = r"results/smoke/length_generalization/dyck_3/(\w+)/seed0/model.safetensors"


def trained(tree: Path) -> set[str]:
    """The models that the sweep's choice is made among."""
    done = dag.snakemake(tree, "--dry-run", SELECTION)
    assert done.returncode == 0, done.stdout
    return set(re.findall(MODEL, done.stdout))


@pytest.mark.dag
@pytest.mark.parametrize(
    ("settings", "chosen_among"),
    [
        ("{layers: 1}", {"ape_l1h1d16lr200", "ape_twin"}),  # the second configuration's
        ("{layers: 2}", {"ape_l1h1d16lr200", "ape_l1h2d16lr200"}),
    ],
)
def test_a_configuration_that_is_run_anyway_is_not_trained_twice(
    project: Path, tmp_path: Path, settings: str, chosen_among: set[str]
) -> None:
    tree = dag.copy_project(project, tmp_path / "tree")
    assert trained(tree) == {"ape_l1h1d16lr200", "ape_l1h2d16lr200"}
    scale("dyck_3: {heads: 2, models: {", f"dyck_3: {{heads: 2, models: {{ape_twin: {settings}, ")(
        tree
    )
    assert trained(tree) == chosen_among


@pytest.mark.dag
def test_a_choice_with_the_seed_of_the_sweep_is_its_run(smoke_tree: Path) -> None:
    folder = (smoke_tree / SELECTION).parent
    tried = read_table(smoke_tree / SELECTION)
    name = tried.loc[tried["selected"], "name"].item()
    own, swept = (folder / model / "seed0" for model in ("ape_selected", name))
    for table in ("history", "answers", "predictions"):
        left, right = (read_table(run / f"{table}.parquet") for run in (own, swept))
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    ours, theirs = (load_file(run / "model.safetensors") for run in (own, swept))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert read_record(swept / "train.prov.json")["segments"]
    assert not read_record(own / "train.prov.json")["segments"], "it was trained again"
