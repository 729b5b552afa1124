"""The summary of a run's failures, from events as the engine writes them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from lemmata.cluster.failures import Failures, watch


@pytest.fixture
def logger() -> logging.Logger:
    """A logger of its own, as the engine has one."""
    made = logging.Logger("engine")
    made.setLevel(logging.INFO)
    return made


def begin(logger: logging.Logger, job: int, log: Path, **wildcards: str) -> None:
    extra = {"event": LogEvent.JOB_INFO, "jobid": job, "wildcards": wildcards, "log": [str(log)]}
    logger.info("rule", extra=extra)


def error(job: int, log: Path, message: str | None = None, slurm: str = "") -> dict[str, Any]:
    return {
        "event": LogEvent.JOB_ERROR,
        "rule_name": "train",
        "rule_msg": message,
        "jobid": job,
        "log": [str(log)],
        "aux": {"external_jobid": slurm} if slurm else {},
    }


def test_nothing_failed_nothing_said(logger: logging.Logger) -> None:
    failures = watch(logger)
    logger.info("any other message")
    assert failures.text() == ""


def test_failed_job_is_named_with_its_cause_and_logs(
    logger: logging.Logger, tmp_path: Path
) -> None:
    failures = watch(logger)
    log = tmp_path / "train.log"
    log.write_text("lemmata: train: from an older run\n")
    begin(logger, 3, log, model="mlp", seed="0")
    with log.open("a") as stream:
        stream.write("something\nlemmata: train: the table is broken\n")
    status = "SLURM-job '17' failed, SLURM status is: 'FAILED'. Reason: Unknown."
    logger.error("x", extra=error(3, log, status, "17"))
    assert failures.text().splitlines() == [
        "lemmata: 1 job failed",
        "  train (model=mlp, seed=0): train: the table is broken",
        "    SLURM job: 17",
        f"    log: {log}",
        "The same command again runs only what is missing.",
    ]


def test_lines_of_older_runs_are_no_cause(logger: logging.Logger, tmp_path: Path) -> None:
    failures = watch(logger)
    log = tmp_path / "train.log"
    log.write_text("lemmata: train: from an older run\n")
    begin(logger, 3, log)
    logger.error("x", extra=error(3, log, "SLURM status is: 'CANCELLED'", "17"))
    assert "from an older run" not in failures.text()
    assert "train: CANCELLED: was cancelled, by a person or by the site" in failures.text()


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("*** STEP 5.0 ON c1 CANCELLED AT 2026-01-01 DUE TO TIME LIMIT ***", "TIMEOUT"),
        ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.0.", "OUT_OF_MEMORY"),
        ("error: Step 5.0 exceeded memory limit (300 > 250), being killed", "OUT_OF_MEMORY"),
        ("*** JOB 5 ON c1 CANCELLED AT 2026-01-01 DUE TO PREEMPTION ***", "PREEMPTED"),
        ("*** JOB 5 CANCELLED AT 2026-01-01 DUE TO NODE FAILURE, SEE", "NODE_FAIL"),
        ("all is well", ""),
    ],
)
def test_cluster_s_own_log_tells_what_the_status_does_not(
    logger: logging.Logger, tmp_path: Path, words: str, state: str
) -> None:
    failures = watch(logger)
    begin(logger, 1, tmp_path / "none.log")
    (tmp_path / "5.log").write_text(words)
    event = error(1, tmp_path / "none.log", "SLURM status is: 'FAILED'", "5")
    logger.error("x", extra={**event, "log": [*event["log"], str(tmp_path / "5.log")]})
    expected = f"train: {state}: " if state else "train: ended with an error; the logs say which"
    assert expected in failures.text()


def test_attempts_are_counted_and_success_forgives(logger: logging.Logger, tmp_path: Path) -> None:
    failures = watch(logger)
    for job in (1, 2):
        begin(logger, job, tmp_path / f"{job}.log")
        for slurm in ("10", "11"):
            event = error(job, tmp_path / f"{job}.log", "SLURM status is: 'TIMEOUT'", slurm)
            logger.error("x", extra=event)
    logger.info("Finished", extra={"event": LogEvent.JOB_FINISHED, "job_id": 1})
    text = failures.text()
    assert "lemmata: 1 job failed" in text
    assert "train, 2 attempts: TIMEOUT: ran into its time limit" in text
    assert "SLURM job: 10, 11" in text


def test_refused_request_is_told_in_the_cluster_s_words(
    logger: logging.Logger, tmp_path: Path
) -> None:
    failures = watch(logger)
    begin(logger, 1, tmp_path / "1.log")
    message = (
        "SLURM sbatch failed. The error message was 'sbatch: error: invalid\npartition'.\n"
        "    sbatch call:\n        sbatch --parsable\n"
    )
    logger.error("x", extra=error(1, tmp_path / "1.log", message))
    assert "train: was not accepted: sbatch: error: invalid partition" in failures.text()


def test_members_of_a_group_are_told_once(logger: logging.Logger, tmp_path: Path) -> None:
    failures = watch(logger)
    for job in (1, 2):
        begin(logger, job, tmp_path / f"{job}.log", seed=str(job))
    (tmp_path / "1.log").write_text("lemmata: train: broken\n")
    slurm_log = str(tmp_path / "slurm.log")
    info = [error(job, tmp_path / f"{job}.log", None, "7") for job in (1, 2)]
    group = {"event": LogEvent.GROUP_ERROR, "job_error_info": info, "aux_logs": [slurm_log]}
    logger.error("x", extra=group)
    for job in (1, 2):
        logger.error("x", extra=error(job, tmp_path / f"{job}.log"))
    text = failures.text()
    assert "  train (seed=1): train: broken" in text
    assert "  train (seed=2): shared a SLURM job with one that failed" in text
    assert text.count("SLURM job: 7") == text.count(f"log: {slurm_log}") == 2
    assert "attempts" not in text


def test_second_watch_replaces_the_first(logger: logging.Logger) -> None:
    watch(logger)
    watch(logger)
    assert sum(isinstance(handler, Failures) for handler in logger.handlers) == 1
