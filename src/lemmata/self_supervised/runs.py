"""Several configurations in one job: trained one after another, kept in one file.

A network this small is trained in seconds, and a process takes two to start, so at laptop scale a
job works through a bundle of runs. Each run has checkpoints of its own below the job's: a job that
is interrupted finds the finished runs there and only loads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
)
from lemmata.self_supervised.images import Images
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute

BASE = "base"


@dataclass(frozen=True)
class NamedRun:
    """One configuration for one seed.

    point: its name within the method's sweep, "base" for what the others vary; axis: what it
    varies, and value: to what; both empty for the base. snapshots: shares of the steps after which
    a copy of the networks is kept.
    """

    point: str
    axis: str
    value: float | str | None
    settings: Settings
    snapshots: tuple[float, ...] = ()

    def name(self, images: str) -> str:
        """For errors and progress."""
        return f"{images}: {self.settings.method}, {self.point}, seed {self.settings.seed}"

    @property
    def key(self) -> str:
        """Its name among the runs of a job."""
        return f"{self.settings.method}/{self.point}"

    @property
    def kept(self) -> dict[int, str]:
        """Steps of the snapshots, of which the last step is none -> their names in a job."""
        last = self.settings.steps
        steps = {max(round(share * last), 1) for share in self.snapshots}
        return {step: f"{self.key}/step_{step}" for step in sorted(steps - {last})}


def named_runs(runs: Iterable[Mapping[str, Any]], seed: int) -> list[NamedRun]:
    """Runs from plain values {point, axis, value, settings}; the seed joins the settings.

    They may have snapshots as well.
    """
    found = []
    for number, run in enumerate(runs):
        settings = build(Settings, {**run["settings"], "seed": seed}, f"runs[{number}].settings")
        kept = tuple(run.get("snapshots", ()))
        found.append(NamedRun(run["point"], run["axis"], run["value"], settings, kept))
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
            snapshots=list(run.kept),
            checkpoints=Checkpoints(folder / run.key),
            segments=segments,
            stop_after_s=stop_after_s(),
            label=run.name(images_name),
        )
        networks[run.key] = trained.module
        networks.update({run.kept[step]: copy for step, copy in trained.snapshots.items()})
        own = {"method": run.settings.method, "point": run.point}
        histories.append(trained.history.assign(**own))
    return networks, pd.concat(histories, ignore_index=True)
