"""The jobs that the present tree asks for, as the engine plans them (a process of its own).

Run as ``python -m lemmata.lineage.plan FILE ASKED``.

Runs by itself in the folder of the Snakefile, so that the tree's own rules and modules are loaded,
and writes one JSON list in topological order. Nothing is run and nothing is locked.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from snakemake.api import SnakemakeApi
from snakemake.cli import parse_config
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    RerunTrigger,
    ResourceSettings,
)

from lemmata.errors import LemmataError
from lemmata.provenance.code import Code, code_of
from lemmata.provenance.record import RECORD, layout

# The engine's own defaults where the profile is silent.
CHECKSUM_LIMIT = 1_000_000
# More than any job asks for: the cores of the machine that plans cap no job's threads.
CORES = 10_000
ASKED = ("mem_mb", "runtime", "gpu")  # runtime in minutes


def plan(targets: list[str], config: list[str]) -> list[dict[str, Any]]:
    """Every job behind `targets` (none: the default target), raw data first.

    config: ``KEY=VALUE`` as on the engine's command line. Each job has what its record would hold
    (rule, wildcards, cfg, code, software, inputs, outputs, layout), what its first attempt asks for
    (resources) and what the engine thinks: needrun and its reason.
    """
    profile = _profile()
    triggers = RerunTrigger.parse_choices_set(profile.get("rerun-triggers", []))
    output = OutputSettings(quiet={Quietness.ALL})
    with SnakemakeApi(output) as api:
        workflow_api = api.workflow(
            resource_settings=ResourceSettings(cores=CORES),
            config_settings=ConfigSettings(config=parse_config(config)),
        )
        workflow_api.dag(
            DAGSettings(
                targets=frozenset(targets),
                rerun_triggers=triggers or RerunTrigger.all(),
                max_checksum_file_size=profile.get("max-checksum-file-size", CHECKSUM_LIMIT),
            )
        )
        # As the engine's own summary does; it offers no public way to the jobs.
        workflow = workflow_api._workflow
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        workflow._build_dag()
        jobs = [job for level in workflow.dag.toposorted() for job in level]
        return [_planned(job, workflow.dag) for job in jobs if job.rule.script]


def _profile() -> dict[str, Any]:
    path = Path("profiles/default/config.yaml")
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def _planned(job: Any, dag: Any) -> dict[str, Any]:
    named = job.params.code
    project = Path(str(job.rule.workflow.main_snakefile)).parent
    if not (project / named["script"]).exists():
        project = project.parent  # the main file may be workflow/Snakefile
    code = _code(project / named["script"])
    files = {"input": layout(job.input), "output": layout(job.output)}
    return {
        "rule": job.rule.name,
        "wildcards": {str(k): str(v) for k, v in job.wildcards.items()},
        "cfg": job.params.cfg,
        "code": {
            "script": named["script"],
            "digest": named["digest"],
            "script_digest": code.script,
            "modules": code.modules,
        },
        "software": named["software"],
        "inputs": [str(path) for path in job.input],
        "outputs": [str(path) for path in job.output if path != job.output[RECORD]],
        "layout": {**files, "log": str(job.log[0])},
        "record": str(job.output[RECORD]),
        # Of the rule, not the job: to the engine every job is local while it only plans.
        "local": job.rule.name in job.rule.workflow._localrules,
        "resources": _asked(job),
        "needrun": bool(dag.needrun(job)),
        "reason": str(dag.reason(job)) if dag.needrun(job) else "",
        "metadata": bool(job.rule.workflow.persistence.has_metadata(job)),
    }


@cache
def _code(script: Path) -> Code:
    """Many jobs share a script; following its imports takes a while."""
    return code_of(script)


def _asked(job: Any) -> dict[str, int | float]:
    """What a job asks for, without what it does not say or what is known only when it runs."""
    said = {name: job.resources.get(name) for name in ASKED}
    numbers = {k: v for k, v in said.items() if isinstance(v, int | float)}
    return {**numbers, "threads": int(job.threads)}


def main() -> None:
    """Write the plan to the file named first; the rest is JSON: {"targets", "config"}."""
    target, asked = Path(sys.argv[1]), json.loads(sys.argv[2])
    try:
        jobs = plan(asked["targets"], asked["config"])
    except LemmataError as error:
        raise SystemExit(f"lemmata: {error}") from None
    target.write_text(json.dumps(jobs))


if __name__ == "__main__":
    main()
