"""`lemmata cost`: what it prints of a plan, what it refuses, and the real plan that it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lemmata.cli import main
from lemmata.errors import LemmataError
from lemmata.lineage.present import planned_jobs
from tests.unit.cluster.test_cost import job


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose plan is two jobs."""
    jobs = [job(runtime=60, mem_mb=100), job("plot", local=True)]

    def stand_in(root: Path, targets: Any = (), config: Any = ()) -> dict[str, dict[str, Any]]:
        if "scale=none" in config:
            raise LemmataError(f"{root}: cannot be planned: config: scale = 'none'")
        return {j["record"]: j for j in jobs}

    monkeypatch.setattr("lemmata.cli.cost.planned_jobs", stand_in)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("plan")
def test_command_tells_families_or_rules() -> None:
    runner = CliRunner()
    text = runner.invoke(main, ["cost"]).output
    assert [line.split()[:2] for line in text.splitlines()[:3]] == [
        ["family", "jobs"],
        ["calibration", "2"],
        ["total", "2"],
    ]
    text = runner.invoke(main, ["cost", "--rules"]).output
    assert [line.split()[:2] for line in text.splitlines()[1:3]] == [
        ["calibration:", "fit"],
        ["calibration:", "plot"],
    ]
    said = json.loads(runner.invoke(main, ["cost", "--json"]).output)
    assert said["families"][0]["asked_cpu_h"] == 1.0
    assert [rule["name"] for rule in said["rules"]] == ["fit", "plot"]
    assert runner.invoke(main, ["cost", "--markdown"]).output.startswith("| family | jobs |")


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize("arguments", [["--json", "--markdown"], ["--config", "scale=none"]])
def test_command_refuses_in_one_line(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["cost", *arguments])
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_the_real_plan_says_what_its_jobs_ask_for(project: Path) -> None:
    plan = planned_jobs(project, config=["scale=smoke", "calibration={datasets: [wine]}"])
    asked = {entry["rule"]: (entry["local"], entry["resources"]) for entry in plan.values()}
    local, resources = asked["train_network"]
    assert not local
    assert resources["threads"] >= 1
    assert {"mem_mb", "runtime", "gpu"} <= resources.keys()
    assert asked["fetch"] == (True, {"threads": 1})
