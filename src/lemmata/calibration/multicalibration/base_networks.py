"""How base networks are trained: resumably, one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lemmata.calibration.multicalibration.base_models import Fit
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.classifier import ClassifierSettings, train_classifier
from lemmata.training.device import Device, Precision


@dataclass(frozen=True)
class BaseNetworkSettings:
    """An MLP of the study. epochs: passes over the rows that are left for training."""

    widths: tuple[int, ...]
    dropout: float
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    device: Device
    precision: Precision
    checkpoint_every: int


def network_fit(
    settings: BaseNetworkSettings,
    *,
    threads: int,
    gpus: int,
    checkpoints: Path,
    segments: list[dict[str, Any]],
    stop_after_s: Callable[[], float | None],
    name: str,
) -> Fit:
    """Fit of an MLP, each training with checkpoints of its own below `checkpoints`.

    A job that is stopped goes on with the training that it was in: finished ones are read back from
    their last checkpoint. segments: filled with the stretches of all trainings.
    """

    def fit(
        X: NDArray[np.float64],
        y: NDArray[np.int64],
        split: NDArray[np.str_],
        seed: int,
        label: str,
    ) -> NDArray[np.float64]:
        rows = int((split == "train").sum())
        batch_size = min(settings.batch_size, rows)
        steps = math.ceil(settings.epochs * rows / batch_size)
        full = ClassifierSettings(
            "mlp",
            settings.widths,
            settings.dropout,
            steps,
            batch_size,
            settings.learning_rate,
            settings.weight_decay,
            seed,
            settings.device,
            settings.precision,
            log_every=steps,
            checkpoint_every=settings.checkpoint_every,
        )
        own: list[dict[str, Any]] = []
        folder = checkpoints / label.replace(" ", "_").replace(",", "")
        try:
            trained = train_classifier(
                full,
                X,
                y,
                split,
                threads=threads,
                checkpoints=Checkpoints(folder),
                segments=own,
                stop_after_s=stop_after_s(),
                gpus=gpus,
                label=f"{name}, {label}",
            )
        finally:
            segments.extend(own)
        return trained.probabilities

    return fit
