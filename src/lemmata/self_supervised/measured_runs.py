"""Measures of the encoders that a job has trained: probes, metrics without labels, predictions.

Apart from their training, so that another probe or metric trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from lemmata.predictions import predictions_frame
from lemmata.self_supervised.experiment import chosen_compute, untrained
from lemmata.self_supervised.images import Images
from lemmata.self_supervised.measured import MeasureSettings, final_loss, measure
from lemmata.self_supervised.methods.method import Method
from lemmata.self_supervised.probes import Probed
from lemmata.self_supervised.runs import BASE, NamedRun
from lemmata.training.device import Compute
from lemmata.training.weights import load_weights

UNTRAINED = "untrained"


def trained_runs(
    runs: Sequence[NamedRun], images: Images, path: str | PathLike[str]
) -> Iterator[tuple[NamedRun, dict[int, Method]]]:
    """Each run with its networks by step, from the file that `train_runs`' networks went to.

    The steps of its snapshots, then the last one.
    """
    networks, methods = nn.ModuleDict(), []
    for run in runs:
        found = {}
        for step, key in (run.kept | {run.settings.steps: run.key}).items():
            networks[key], found[step] = untrained(run.settings, images.side, images.channels)
        methods.append(found)
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
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """One row of measures a run; the bases' along their training; what their probes predict.

    Along the training: before the first step, at each snapshot, at the end. A base is measured a
    second time before its first step, as the point "untrained".
    """
    compute = chosen_compute(runs[0].settings, threads, gpus)
    images = source(compute)
    rows, along, said = [], [], [_predictions(images, "", None, 0)]
    for run, methods in trained_runs(runs, images, path):
        name = run.name(images_name)
        last = _on(methods.pop(run.settings.steps), compute)
        row, probed = measure(name, run.settings, last, images, compute, how)
        own = (history["method"] == run.settings.method) & (history["point"] == run.point)
        rows.append(_identity(run) | row | {"loss": final_loss(history[own])})
        if run.point != BASE:
            continue
        said.append(_predictions(images, run.settings.method, probed, run.settings.seed))
        blank = _on(untrained(run.settings, images.side, images.channels)[1], compute)
        first, _ = measure(f"{name}, {UNTRAINED}", run.settings, blank, images, compute, how)
        identity = _identity(run) | {"point": UNTRAINED, "axis": UNTRAINED}
        rows.append(identity | first | {"loss": float("nan")})
        told = {0: first, run.settings.steps: row}
        for step, method in methods.items():
            own_name = f"{name}, step {step}"
            told[step], _ = measure(
                own_name, run.settings, _on(method, compute), images, compute, how
            )
        along += [_identity(run) | {"step": step} | told[step] for step in sorted(told)]
    return (
        pd.DataFrame(rows),
        pd.DataFrame(along, columns=None if along else ["method", "step"]),
        pd.concat(said, ignore_index=True),
    )


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
