"""Who asks for a GPU gets one, sees that one alone, and says so when there is none."""

from __future__ import annotations

import pytest

from tests.slurm.tree import Tree

pytestmark = pytest.mark.slurm

ON_GPUS = """
calibration:
  networks:
    image:
      mlp: {device: auto, steps: 8000, checkpoint_every: 4000}
"""
FOLDER = "results/smoke/calibration/digits/mlp"


def test_gpu_jobs_go_to_the_gpu_partition_and_see_one_gpu_each(tree: Tree) -> None:
    tree.configure(ON_GPUS)
    run = tree.run(*(f"{FOLDER}/seed{seed}/model.safetensors" for seed in (0, 1)))
    assert run.succeeded()
    places = [
        tree.record(f"calibration/digits/mlp/seed{seed}/train.prov.json")["place"]
        for seed in (0, 1)
    ]
    for place in places:
        assert place["slurm"]["partition"] == "gpu"
        assert place["slurm"]["gpus"] == 1
    # They ran at the same time on one node: neither saw the other's.
    assert {place["environment"]["CUDA_VISIBLE_DEVICES"] for place in places} == {"0", "1"}
    for seed in (0, 1):
        log = (tree.folder / f"logs/smoke/calibration/digits/mlp/seed{seed}.log").read_text()
        assert log.count("asked for 1 GPU, but torch") == 1
    prepared = tree.record("data/digits/table.prov.json")["place"]
    assert prepared["slurm"]["partition"] == "cpu"
    assert prepared["environment"]["CUDA_VISIBLE_DEVICES"] == ""


def test_trainings_share_a_gpu(tree: Tree) -> None:
    tree.configure(ON_GPUS)
    run = tree.run(
        *(f"{FOLDER}/seed{seed}/model.safetensors" for seed in (0, 1)),
        *("--profile", "profiles/slurm", "--profile", "profiles/slurm-shared-gpu"),
    )
    assert run.succeeded()
    records = [tree.record(f"calibration/digits/mlp/seed{seed}/train.prov.json") for seed in (0, 1)]
    places = [record["place"] for record in records]
    # Each seed stays a job of its own, side by side with the other on one device.
    assert len({place["slurm"]["job_id"] for place in places}) == 2
    assert max(record["started"] for record in records) < min(record["ended"] for record in records)
    assert {place["slurm"]["partition"] for place in places} == {"gpu"}
    assert {place["environment"]["CUDA_VISIBLE_DEVICES"] for place in places} == {"0"}
    for seed in (0, 1):
        log = (tree.folder / f"logs/smoke/calibration/digits/mlp/seed{seed}.log").read_text()
        assert log.count("asked for 1 GPU, but torch") == 1


def test_job_that_needs_cuda_fails_in_one_line_where_there_is_none(tree: Tree) -> None:
    tree.configure(ON_GPUS.replace("auto", "cuda"))
    run = tree.start(f"{FOLDER}/seed0/model.safetensors", "--retries", "0")
    run.process.wait(400)
    assert run.process.returncode == 1
    assert "train_network (dataset=digits, model=mlp, seed=0)" in run.summary
    assert "device = 'cuda': torch sees no GPU" in run.summary
