"""What finished jobs say of planned ones: hours, memory and storage, or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.ledger import Ledger
from lemmata.lineage.present import RESULTS
from lemmata.provenance.slurm import gpus_asked

RAW = "resources"  # raw data lie here, whatever the scale
PER_STEP, AS_IT_IS = "per step", "as it is"
REPETITION = "seed"  # the wildcard that changes what a job draws, not what it costs

Wildcards = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Kind:
    """What decides a job's cost: rule, wildcards (the seed apart), GPUs, steps of training."""

    rule: str
    wildcards: Wildcards
    gpus: float
    steps: int | None

    @classmethod
    def of(cls, job: Mapping[str, Any], gpus: float, steps: int | None) -> Kind:
        """The kind of a planned job or of a record."""
        wildcards = ((k, v) for k, v in job["wildcards"].items() if k != REPETITION)
        return cls(job["rule"], frozenset(wildcards), gpus, steps)


@dataclass(frozen=True)
class Sample:
    """What one finished job used. bytes: of its outputs and its record.

    scale: empty for raw data; kind.gpus: 0 where it asked for a GPU and used none.
    """

    path: str
    kind: Kind
    scale: str
    cpu_s: float
    wall_s: float
    peak_mib: float
    bytes: int


@dataclass(frozen=True)
class Basis:
    """The records that figures rest on, of one scale, and how they were scaled to the plan."""

    scale: str
    scaled: str
    records: frozenset[str]

    @staticmethod
    def merged(bases: Iterable[Basis]) -> tuple[Basis, ...]:
        """One for each scale and way of scaling, each record counted once."""
        groups: dict[tuple[str, str], set[str]] = defaultdict(set)
        for basis in bases:
            groups[basis.scale, basis.scaled] |= basis.records
        return tuple(Basis(*key, frozenset(groups[key])) for key in sorted(groups))


@dataclass(frozen=True)
class Time:
    """What one planned job is expected to take."""

    cpu_h: float
    gpu_h: float
    peak_mib: float
    basis: Basis


class Records:
    """Which finished jobs speak for a planned one, and what they say.

    - A record speaks for a job of the same rule and wildcards, the seed apart, as it is: what it
      took is what the job will take. At another scale that is so where the scales give the job the
      same data and settings, and too little where the planned scale gives it more.
    - Training (`steps` in the job's configuration) is scaled per step. Where no record has the same
      wildcards any record of the rule speaks: a step costs what network and batch cost, whatever
      the data set. Start-up is counted among the steps, so records of few steps promise too much.
    - GPU and CPU do not speak for each other: a job that asks for a GPU needs a record that used
      one. Peak memory is that of the largest record. Storage is that of the mean record of the same
      wildcards, on whatever hardware, never scaled.
    - Records of the planned scale go before all others; of those, the scale with the longest jobs.
    """

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._of_job: dict[tuple[str, Wildcards], list[Sample]] = defaultdict(list)
        self._of_rule: dict[str, list[Sample]] = defaultdict(list)
        seconds: dict[str, list[float]] = defaultdict(list)
        for sample in samples:
            self._of_job[sample.kind.rule, sample.kind.wildcards].append(sample)
            self._of_rule[sample.kind.rule].append(sample)
            seconds[sample.scale].append(sample.cpu_s)
        self._mean_s = {scale: fmean(values) for scale, values in seconds.items()}
        self._times: dict[tuple[Kind, str], Time | None] = {}  # seeds share theirs

    def time(self, kind: Kind, scale: str) -> Time | None:
        """What a job of this kind is expected to take; None where no record speaks for it."""
        if (kind, scale) not in self._times:
            self._times[kind, scale] = self._time(kind, scale)
        return self._times[kind, scale]

    def storage(self, kind: Kind, scale: str) -> float | None:
        """Bytes of outputs and record; None where no record speaks for the job."""
        same = self._nearest(scale, self._of_job.get((kind.rule, kind.wildcards), ()))
        return fmean(sample.bytes for sample in same) if same else None

    def _time(self, kind: Kind, scale: str) -> Time | None:
        for known in (self._of_job.get((kind.rule, kind.wildcards), ()), self._alike(kind)):
            alike = [s for s in known if (s.kind.gpus > 0) == (kind.gpus > 0)]
            found = self._nearest(scale, alike)
            if found:
                return _scaled(kind, found)
        return None

    def _alike(self, kind: Kind) -> Sequence[Sample]:
        return () if kind.steps is None else self._of_rule.get(kind.rule, ())

    def _nearest(self, scale: str, known: Iterable[Sample]) -> list[Sample]:
        scales: dict[str, list[Sample]] = defaultdict(list)
        for sample in known:
            scales[sample.scale].append(sample)
        if scale in scales or not scales:
            return scales[scale]
        return scales[max(scales, key=self._mean_s.__getitem__)]


def _scaled(kind: Kind, known: Sequence[Sample]) -> Time:
    steps = [sample.kind.steps for sample in known if sample.kind.steps is not None]
    per_step = kind.steps is not None and len(steps) == len(known)
    factor = kind.steps / sum(steps) if per_step and kind.steps else 1 / len(known)
    return Time(
        cpu_h=factor * sum(s.cpu_s for s in known) / 3600,
        gpu_h=factor * sum(s.wall_s * s.kind.gpus for s in known) / 3600,
        peak_mib=max(s.peak_mib for s in known),
        basis=Basis(
            known[0].scale, PER_STEP if per_step else AS_IT_IS, frozenset(s.path for s in known)
        ),
    )


def read_samples(root: Path) -> tuple[list[Sample], list[str]]:
    """Finished jobs of every scale, and one line for each record that cannot be believed."""
    found, wrong = [], []
    ledger = Ledger()
    for folder in (root / RESULTS, root / RAW):
        for entry in ledger.all(folder):
            try:
                found.append(_sample(entry.record, entry.path))
            except LemmataError as error:
                wrong.append(str(error))
    return found, wrong


def _sample(record: Mapping[str, Any], path: Path) -> Sample:
    parts = Path(record["outputs"][0]["path"]).parts
    # A GPU that was asked for may have been left alone, or not have been there.
    gpus = gpus_asked(record["resources"]) or 1 if "gpu_peak_memory_mib" in record else 0
    return Sample(
        path=str(path),
        kind=Kind.of(record, gpus, steps_of(record)),
        scale=parts[1] if parts[0] == RESULTS else "",
        cpu_s=record["cpu_s"],
        wall_s=record["wall_s"],
        peak_mib=record["peak_memory_mib"],
        bytes=sum(output["bytes"] for output in record["outputs"]) + path.stat().st_size,
    )


def steps_of(job: Mapping[str, Any]) -> int | None:
    """Steps of training of a planned job or of a record, None where it trains nothing."""
    steps = job["cfg"].get("steps")
    return steps if isinstance(steps, int) and steps > 0 else None
