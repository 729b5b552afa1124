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

import numpy as np
import pandas as pd
from torch import nn

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.predictions import predictions_frame
from lemmata.self_supervised.experiment import (
    Settings,
    Trained,
    chosen_compute,
    train_encoder,
    untrained,
)
from lemmata.self_supervised.images import Images
from lemmata.self_supervised.measured import MeasureSettings, final_loss, measure
from lemmata.self_supervised.methods.method import Method
from lemmata.self_supervised.probes import Probed
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
    value: float | str | None
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
    source: Callable[[Compute], Images],
    history: pd.DataFrame,
    path: str | PathLike[str],
    how: MeasureSettings,
    *,
    threads: int,
    gpus: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row of measures a run; what the linear probes of the bases predict, by method.

    A base is measured a second time before its first step, as the point "untrained".
    """
    compute = chosen_compute(runs[0].settings, threads, gpus)
    images = source(compute)
    rows, said = [], [_predictions(images, "", None, 0)]
    for run, method in trained_runs(runs, images, path):
        name = run.name(images_name)
        row, probed = measure(name, run.settings, _on(method, compute), images, compute, how)
        own = (history["method"] == run.settings.method) & (history["point"] == run.point)
        rows.append(_identity(run) | row | {"loss": final_loss(history[own])})
        if run.point != BASE:
            continue
        said.append(_predictions(images, run.settings.method, probed, run.settings.seed))
        blank = _on(untrained(run.settings, images.side, images.channels)[1], compute)
        row, _ = measure(f"{name}, {UNTRAINED}", run.settings, blank, images, compute, how)
        identity = _identity(run) | {"point": UNTRAINED, "axis": UNTRAINED}
        rows.append(identity | row | {"loss": float("nan")})
    return pd.DataFrame(rows), pd.concat(said, ignore_index=True)


def _predictions(images: Images, method: str, probed: Probed | None, seed: int) -> pd.DataFrame:
    """The common table of one probe with the column method; without a probe, its columns alone."""
    table = pd.DataFrame({"row": images.row, "split": images.split, "y": images.y})
    if probed is None:
        blank = np.zeros((0, int(images.y.max()) + 1))
        return predictions_frame(table.iloc[:0], blank, seed).assign(method=method)
    return predictions_frame(table, probed.probabilities, seed).assign(method=method)


def _identity(run: NamedRun) -> dict[str, Any]:
    number = isinstance(run.value, int | float)
    value = float(run.value) if number else float("nan")  # type: ignore[arg-type]
    own = {"method": run.settings.method, "point": run.point, "axis": run.axis, "value": value}
    return own | {"seed": run.settings.seed}


def _on(method: Method, compute: Compute) -> Method:
    """The same networks, moved to the device."""
    if isinstance(method, nn.Module):
        method.to(compute.device)
    return method
