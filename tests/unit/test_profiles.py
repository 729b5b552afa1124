"""The profiles say alike what they share, and the default one leaves clusters alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
import yte

from lemmata.provenance.slurm import gpus_asked

PROFILES = Path(__file__).parents[2] / "profiles"
SHARED = (
    *("keep-going", "rerun-incomplete", "rerun-triggers", "scheduler", "show-failed-logs"),
    "max-checksum-file-size",
)


def rendered(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["snakemake", *arguments])
    text = (PROFILES / "default/config.yaml").read_text()
    found: dict[str, Any] = yte.process_yaml(text, require_use_yte=True)
    return found


def slurm(name: str = "slurm") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROFILES / name / "config.v8+.yaml").read_text())
    return found


def rule_text(rule: str) -> str:
    rules = "\n".join(path.read_text() for path in PROFILES.parent.glob("workflow/rules/*.smk"))
    return rules.split(f"rule {rule}:")[1].split("\nrule ")[0]


def test_local_runs_take_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(monkeypatch)["cores"] == "all"
    assert rendered(monkeypatch, "-n", "--config", "scale=smoke")["cores"] == "all"


@pytest.mark.parametrize(
    "arguments",
    [["--profile", "profiles/slurm"], ["--profile=profiles/slurm"], ["--executor", "slurm"]],
)
def test_default_sets_no_cores_on_a_cluster(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    assert "cores" not in rendered(monkeypatch, *arguments)


def test_what_both_say_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    default = rendered(monkeypatch, "--profile", "profiles/slurm")
    assert set(default) == set(SHARED)  # anything else would win over the cluster's profile
    assert {key: slurm()[key] for key in SHARED} == default


def test_grouped_rules_have_slots() -> None:
    for rule in slurm()["groups"]:
        assert "slots=1" in rule_text(rule)


def test_rules_that_share_gpus_ask_for_one_otherwise() -> None:
    for rule, asked in slurm("slurm-shared-gpu")["set-resources"].items():
        assert "gpu=" in rule_text(rule)
        assert asked.keys() == {"gpu", "gres", "slurm_partition"}
        assert gpus_asked({"gpu": 1}) == gpus_asked(asked) == 1
