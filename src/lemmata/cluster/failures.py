"""What failed in a run of the DAG, told once at its end: job by job, with where to look.

The engine tells of each failure when it happens, among hundreds of other lines, and without the
wildcards. This collects the same events and tells the jobs that failed for good.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What the controller of a cluster may say of an ended job, and what there is to do about it.
ADVICE = {
    "TIMEOUT": "ran into its time limit; raise `runtime` of the rule if every attempt did",
    "OUT_OF_MEMORY": "ran out of memory; raise `mem_mb` of the rule if every attempt did",
    "CANCELLED": "was cancelled, by a person or by the site",
    "NODE_FAIL": "lost its node",
    "PREEMPTED": "had to give way to another job, and was not put back into the queue",
    "DEADLINE": "could not end before its deadline",
    "BOOT_FAIL": "got a node that did not start",
    "FAILED": "ended with an error; the logs say which",
}
STATE = re.compile(r"SLURM status is: '(\w+)")
REFUSED = re.compile(r"sbatch failed\. The error message was '(.+?)'\.?$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"^lemmata: (.*)$", re.MULTILINE)
# What the cluster writes into a job's log when it ends it; the status alone may say just FAILED.
CLUSTER_WORDS = {
    "TIMEOUT": re.compile(r"DUE TO TIME LIMIT"),
    "OUT_OF_MEMORY": re.compile(r"oom.kill|[Oo]ut [Oo]f [Mm]emory|exceeded (?:job )?memory limit"),
    "PREEMPTED": re.compile(r"DUE TO PREEMPTION"),
    "NODE_FAIL": re.compile(r"DUE TO NODE FAILURE"),
}


@dataclass
class Log:
    """A log, and how long it was before this run, as older runs may have written into it."""

    path: Path
    start: int

    @classmethod
    def of(cls, path: Path) -> Log:
        """The log as it is now."""
        return cls(path, path.stat().st_size if path.is_file() else 0)

    def text(self) -> str:
        """What was added since; all of it where it was begun anew."""
        try:
            with self.path.open("rb") as stream:
                grown = self.path.stat().st_size >= self.start
                stream.seek(self.start if grown else 0)
                return stream.read().decode(errors="replace")
        except OSError:
            return ""


@dataclass
class Failure:
    """One job that failed, and how often.

    group: whether it shared a cluster's job with others; slurm: the cluster's ids of the attempts;
    logs: the rule's own log, then those of the cluster.
    """

    rule: str
    wildcards: Mapping[str, str]
    group: bool = False
    logs: list[Log] = field(default_factory=list)
    slurm: list[str] = field(default_factory=list)
    said: str = ""
    attempts: int = 0

    def name(self) -> str:
        """Rule and wildcards, for a person."""
        values = ", ".join(f"{key}={value}" for key, value in self.wildcards.items())
        return f"{self.rule} ({values})" if values else self.rule

    def cause(self) -> str:
        """What the cluster says, and the last line in which a log names a cause."""
        if found := REFUSED.search(self.said):
            return f"was not accepted: {' '.join(found[1].split())}"
        told = OURS.findall(self.logs[0].text())[-1:] if self.logs else []
        state = self._state()
        if state in ("", "FAILED"):
            silent = "shared a SLURM job with one that failed" if self.group else ADVICE["FAILED"]
            return told[0] if told else silent
        advice = f"{state}: {ADVICE.get(state, 'ended without success')}"
        return f"{advice}. Its log: {told[0]}" if told else advice

    def _state(self) -> str:
        state = found[1] if (found := STATE.search(self.said)) else ""
        if state in ("", "FAILED"):
            for log in self.logs[1:]:
                text = log.text()
                for name, words in CLUSTER_WORDS.items():
                    if words.search(text):
                        return name
        return state

    def text(self) -> str:
        """Some lines: who, why, where to look."""
        times = f", {self.attempts} attempts" if self.attempts > 1 else ""
        rows = [f"  {self.name()}{times}: {self.cause()}"]
        if self.slurm:
            rows.append(f"    SLURM job: {', '.join(self.slurm)}")
        rows += [f"    log: {log.path}" for log in self.logs]
        return "\n".join(rows)


class Failures(logging.Handler):
    """Collects the failures among the engine's events; hang it on the engine's logger."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._wildcards: dict[int, Mapping[str, str]] = {}
        self._logs: dict[str, Log] = {}
        self._failed: dict[int, Failure] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of one event, and of nothing else that is logged."""
        fields: dict[str, Any] = vars(record)
        match str(fields.get("event")):
            case "job_info":
                self._wildcards[int(fields["jobid"])] = dict(fields["wildcards"] or {})
                for log in fields["log"] or []:
                    self._logs.setdefault(str(log), Log.of(Path(log)))
            case "job_error":
                self._note(fields, [], group=False)
            case "group_error":
                for job in fields["job_error_info"]:
                    self._note(job, fields["aux_logs"] or [], group=True)
            case "job_finished":
                self._failed.pop(int(fields["job_id"]), None)

    def _note(self, event: Mapping[str, Any], logs: Iterable[str], *, group: bool) -> None:
        number = int(event["jobid"])
        known = number in self._failed
        failure = self._failed.setdefault(
            number, Failure(event["rule_name"], self._wildcards.get(number, {}), group)
        )
        if known and failure.group and not group:
            return  # the engine tells of the members of a group twice
        failure.attempts += 1
        if slurm := (event["aux"] or {}).get("external_jobid"):
            failure.slurm.append(str(slurm))
        failure.said = event["rule_msg"] or failure.said
        for log in [*event["log"], *logs]:
            if log and all(str(seen.path) != str(log) for seen in failure.logs):
                failure.logs.append(self._logs.get(str(log), Log(Path(log), 0)))

    def text(self) -> str:
        """The summary; empty when nothing failed for good."""
        if not self._failed:
            return ""
        count = len(self._failed)
        head = f"lemmata: {count} job{'s' if count > 1 else ''} failed"
        rows = [failure.text() for _, failure in sorted(self._failed.items())]
        return "\n".join([head, *rows, "The same command again runs only what is missing."])


def watch(logger: logging.Logger) -> Failures:
    """Hang a new collector on the engine's logger, instead of the last one."""
    for handler in [h for h in logger.handlers if isinstance(h, Failures)]:
        logger.removeHandler(handler)
    failures = Failures()
    logger.addHandler(failures)
    return failures
