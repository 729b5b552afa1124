"""The whole DAG on a cluster, as README says, and what is known afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.slurm.cluster import Cluster, missing_programs
from tests.slurm.configuration import Configuration, free_ports
from tests.slurm.tree import PROJECT, Tree
from tests.workflow import dag

pytestmark = pytest.mark.slurm

GROUPED = {
    "prepare",
    "group_flags",
    "fit_classical",
    "smooth_ece",
    "train_conjunction",
    "ingest_edition",
}
ALONE = {  # of the families that run here
    "train_network",
    "study",
    "recalibrate",
    "train_decoder",
    "train_selected",
    "train_products",
    "select_decoder",
    "test_strings",
    "study_length",
    "simulate_edition",
    "compare_editions",
    "study_published",
    "study_survey",
}
ELSEWHERE = {  # of the others, which would take their turn in the same way
    "fit_base",
    "train_base",
    "multicalibrate",
    "analyse",
    "train_diffusion",
    "sample_images",
    "group_images",
    "study_images",
    "study_learned",
    "study_diffusion",
    "finetune_policies",
    "judge_policies",
    "study_exact_gradients",
    "study_policies",
    "study_self_supervised",
    "pretrain_language",
    "finetune_language",
    "predict_language",
    "study_language",
    "study_policy_confidence",
    "probe_predictions",
    "train_encoders",
    "measure_encoders",
    "study_selection",
    "study_along_training",
    "study_bridge",
}
ON_THE_CLUSTER = GROUPED | ALONE
# Three families: a SLURM job starts the engine three times, so all 460 jobs are a queue that nobody
# waits for.
PAPERS = ("smooth_ece", "length_generalization", "opinion_survey")
FEWER = """
calibration: {datasets: [wine, digits, oscillating]}
"""


def lemmata(tree: Tree, *words: str) -> str:
    command = [str(Path(sys.executable).with_name("lemmata")), *words]
    env = {**tree.cluster.environment, "PYTHONPATH": str(tree.folder / "src")}
    done = subprocess.run(
        command, cwd=tree.folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_whole_dag_through_the_profile(tree: Tree) -> None:
    named = yaml.safe_load((tree.folder / "config/config.yaml").read_text())["papers"]
    for paper in set(named) - set(PAPERS):
        dag.edit(tree.folder, "config/config.yaml", f"  - {paper}\n", "")
    tree.configure(FEWER)
    first = tree.run()
    assert first.succeeded()
    records: list[dict[str, Any]] = [
        json.loads(path.read_text()) for path in tree.folder.glob("results/**/*.prov.json")
    ]
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_rule.setdefault(record["rule"], []).append(record["place"]["slurm"])
        assert "--profile" in record["command"]
    assert {rule for rule, jobs in by_rule.items() if all(jobs)} == ON_THE_CLUSTER
    assert not any(job for rule in by_rule.keys() - ON_THE_CLUSTER for job in by_rule[rule])
    for rule in ON_THE_CLUSTER:
        assert {job["partition"] for job in by_rule[rule]} == {"cpu"}
        numbers = {job["job_id"] for job in by_rule[rule]}
        assert (len(numbers) < len(by_rule[rule])) == (rule in GROUPED)
    # The executor runs what shares a SLURM job one after another: more cores would lie idle.
    assert {job["cpus"] for rule in GROUPED for job in by_rule[rule]} == {1}

    again = tree.start(log="again.log")
    assert again.succeeded()
    assert "Nothing to be done" in again.text

    assert "intact" in lemmata(tree, "audit", "--all")
    table = lemmata(tree, "efficiency", "results/smoke")
    assert all(rule in table for rule in ON_THE_CLUSTER)


def test_every_rule_has_its_place(tmp_path: Path) -> None:
    tree = dag.copy_project(PROJECT, tmp_path / "tree")
    done = dag.snakemake(tree, "--profile", "profiles/slurm", "--dry-run")
    assert done.returncode == 0, done.stdout
    rules = r"^rule (\w+):\n(.*?)(?=^rule |\Z)"
    local = {
        name
        for path in (tree / "workflow/rules").glob("*.smk")
        for name, body in re.findall(rules, path.read_text(), flags=re.MULTILINE | re.DOTALL)
        if "localrule: True" in body
    }
    alone, grouped = (
        set(re.findall(rf"^{indent}rule (\w+):$", done.stdout, flags=re.MULTILINE)) - {"all"}
        for indent in ("", "    ")
    )
    assert {"fetch", "judge", "claims_table"} <= local & alone
    assert alone - local == ALONE | ELSEWHERE
    assert grouped == GROUPED


def test_site_without_accounting(tmp_path: Path) -> None:
    if missing := missing_programs():
        pytest.skip(f"these tests need SLURM's programs: {missing}")
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        plain = Configuration(
            Path(folder), port=free_ports(8, 28000), accounting=False, cpu_nodes=1
        )
        cluster = Cluster(plain)
        try:
            cluster.start()
            tree = Tree.new(cluster, tmp_path / "tree")
            tree.profile('slurm_account: "test"', "# no account")
            target = "results/smoke/calibration/wine/mlp/seed0/model.safetensors"
            run = tree.start(
                target,
                *("--profile", "profiles/slurm", "--profile", "profiles/slurm-no-accounting"),
                *("--slurm-init-seconds-before-status-checks", "2"),
            )
            assert run.succeeded()
            place = tree.record("calibration/wine/mlp/seed0/train.prov.json")["place"]
            assert place["slurm"]["job_id"] == run.slurm_jobs()[-1]
            assert list(tree.folder.glob("logs/slurm/**/*.log"))
        finally:
            cluster.stop()


def test_two_controllers_at_once_share_a_store(
    cluster: Cluster, tree: Tree, tmp_path: Path
) -> None:
    other = Tree.new(cluster, tmp_path / "other")
    for one in (tree, other):
        path = one.folder / "config/config.yaml"
        text = path.read_text().replace("path: .lemmata/store", f"path: {tmp_path / 'store'}")
        path.write_text(text)
    folder = "results/smoke/calibration/wine"
    targets = [f"{folder}/mlp/seed{n}/model.safetensors" for n in (0, 1)]
    runs = [one.start(*targets) for one in (tree, other)]
    assert all(run.succeeded() for run in runs)
    assert not set(runs[0].slurm_jobs()) & set(runs[1].slurm_jobs())
    for target in targets:
        assert (tree.folder / target).read_bytes() == (other.folder / target).read_bytes()
    assert "sound" in lemmata(tree, "store", "verify")
