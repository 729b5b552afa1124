"""Several configurations in one job: trained one after another, kept in one file, measured.

A network this small is trained in seconds, and a process takes two to start, so at laptop scale a
job works through a bundle of runs. Each run has checkpoints of its own below the job's: a job that
is interrupted finds the finished runs there and only loads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.self_supervised.experiment import (
    Settings,
    Trained,
    chosen_compute,
    train_encoder,
    untrained,
)
from lemmata.self_supervised.images import Images
from lemmata.self_supervised.measured import MeasureSettings, measure, summary
from lemmata.self_supervised.methods.method import Method
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute
from lemmata.training.weights import load_weights

BASE = "base"
UNTRAINED = "untrained"


@dataclass(frozen=True)
class NamedRun:
    """One configuration for one seed.

    point: its name within the method's sweep, "base" for what the others vary; axis: what it
    varies, and value: to what; both empty for the base.
    """

    point: str
    axis: str
    value: float | None
    settings: Settings

    def name(self, images: str) -> str:
        """For errors and progress."""
        return f"{images}: {self.settings.method}, {self.point}, seed {self.settings.seed}"

    @property
    def key(self) -> str:
        """Its name among the runs of a job."""
        return f"{self.settings.method}/{self.point}"


def named_runs(runs: Iterable[Mapping[str, Any]], seed: int) -> list[NamedRun]:
    """Runs from plain values {point, axis, value, settings}; the seed joins the settings."""
    found = []
    for number, run in enumerate(runs):
        settings = build(Settings, {**run["settings"], "seed": seed}, f"runs[{number}].settings")
        found.append(NamedRun(run["point"], run["axis"], run["value"], settings))
    if len({run.settings.device for run in found}) != 1:
        raise LemmataError("runs of one job must name one device")
    return found


def train_runs(
    images_name: str,
    runs: Sequence[NamedRun],
    source: Callable[[Compute], Images],
    folder: Path,
    *,
    threads: int,
    gpus: int,
    segments: list[dict[str, Any]],
    stop_after_s: Callable[[], float | None],
) -> tuple[nn.ModuleDict, pd.DataFrame]:
    """All runs' networks by their key, and one history with columns method and point.

    source: the images on a device; folder: for checkpoints.
    """
    compute = chosen_compute(runs[0].settings, threads, gpus)
    images = source(compute)
    networks, histories = nn.ModuleDict(), []
    for run in runs:
        trained: Trained = train_encoder(
            run.name(images_name),
            run.settings,
            images,
            chosen_compute(run.settings, threads, gpus),
            checkpoints=Checkpoints(folder / run.key),
            segments=segments,
            stop_after_s=stop_after_s(),
            label=run.name(images_name),
        )
        networks[run.key] = trained.module
        own = {"method": run.settings.method, "point": run.point}
        histories.append(trained.history.assign(**own))
    return networks, pd.concat(histories, ignore_index=True)


def trained_runs(
    runs: Sequence[NamedRun], images: Images, path: str | PathLike[str]
) -> Iterator[tuple[NamedRun, Method]]:
    """Each run with its trained networks, from the file that `train_runs`' networks went to."""
    networks, methods = nn.ModuleDict(), []
    for run in runs:
        networks[run.key], method = untrained(run.settings, images.side, images.channels)
        methods.append(method)
    load_weights(networks, path)
    yield from zip(runs, methods, strict=True)


def measure_runs(
    images_name: str,
    runs: Sequence[NamedRun],
    images: Images,
    compute: Compute,
    history: pd.DataFrame,
    path: str | PathLike[str],
    how: MeasureSettings,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One row of measures a run, and the probabilities (N, K) of each method's base by method.

    The base is measured a second time before its first step, as the point "untrained".
    """
    rows, probabilities = [], {}
    for run, method in trained_runs(runs, images, path):
        _to(method, compute)
        row, probed = measure(run.name(images_name), run.settings, method, images, compute, how)
        own = (history["method"] == run.settings.method) & (history["point"] == run.point)
        rows.append(_identity(run) | row | {"loss": summary(history[own].to_dict("records"))})
        if run.point == BASE:
            probabilities[run.settings.method] = probed.probabilities
            _, blank = untrained(run.settings, images.side, images.channels)
            _to(blank, compute)
            name = f"{run.name(images_name)}, untrained"
            row, _ = measure(name, run.settings, blank, images, compute, how)
            identity = _identity(run) | {"point": UNTRAINED, "axis": UNTRAINED}
            rows.append(identity | row | {"loss": float("nan")})
    return pd.DataFrame(rows), probabilities


def _identity(run: NamedRun) -> dict[str, Any]:
    value = float("nan") if run.value is None else float(run.value)
    own = {"method": run.settings.method, "point": run.point, "axis": run.axis, "value": value}
    return own | {"seed": run.settings.seed}


def _to(method: Method, compute: Compute) -> None:
    if isinstance(method, nn.Module):
        method.to(compute.device)
