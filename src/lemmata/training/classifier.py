"""The experiment "train a network on labelled rows, return its class probabilities"."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lemmata.errors import LemmataError
from lemmata.training.batches import batch_indices, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute, Device, Precision, select
from lemmata.training.loop import Run, train
from lemmata.training.networks import MLP, SmallConvNet
from lemmata.training.progress import progress

EVALUATION_ROWS = 4096  # rows at a time, which bounds memory


@dataclass(frozen=True)
class ClassifierSettings:
    """Everything that decides the result, the data apart.

    widths: of the hidden layers of an MLP, or channels of the convolutions. checkpoint_every and
    log_every count steps; the last step is always logged.
    """

    model: Literal["mlp", "convnet"]
    widths: tuple[int, ...]
    dropout: float
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int
    device: Device
    precision: Precision
    log_every: int
    checkpoint_every: int


@dataclass(frozen=True)
class TrainedClassifier:
    """The network, its history (one row per logged step) and its probabilities (N, K), float64."""

    model: nn.Module
    history: pd.DataFrame
    probabilities: NDArray[np.float64]


def train_classifier(
    settings: ClassifierSettings,
    X: NDArray[np.float64],
    y: NDArray[np.int64],
    split: NDArray[np.str_],
    *,
    threads: int,
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    gpus: int = 0,
    label: str | None = None,
) -> TrainedClassifier:
    """Train on the rows whose split is "train" by cross entropy and AdamW; predict all rows.

    X: (N, D), y: (N,) in 0..K-1, split: (N,) of train, validation, test. segments: filled in place
    with the loop's stretches of work. gpus: how many the job asked for. label: what to call the run
    in its progress; None shows none.
    Raises LemmataError as `train` and `select` do, and for data that cannot be used.
    """
    _check(X, y, split)
    compute = select(settings.device, settings.precision, threads, gpus)
    inputs = torch.as_tensor(X, dtype=torch.float32, device=compute.device)  # (N, D)
    labels = torch.as_tensor(y.copy(), dtype=torch.int64, device=compute.device)  # (N,)
    model = network(settings, X.shape[1], int(y.max()) + 1).to(compute.device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    run = Run(model, optimizer, checkpoints, segments=[] if segments is None else segments)
    loss = _batch_loss(settings, compute, model, *_rows(inputs, labels, split == "train"))
    validation = _rows(inputs, labels, split == "validation")
    steps = train(
        run,
        loss,
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
    )
    for step, metrics in steps if label is None else progress(steps, settings.steps, label):
        if step % settings.log_every == 0 or step == settings.steps:
            row = {"seed": settings.seed, "step": step, "train_loss": float(metrics["loss"])}
            run.history.append(row | _validate(model, compute, *validation))
    probabilities = predict(model, compute, inputs)
    return TrainedClassifier(model, pd.DataFrame(run.history), probabilities)


def network(settings: ClassifierSettings, features: int, classes: int) -> MLP | SmallConvNet:
    """The untrained network of the settings, its weights drawn from their seed."""
    generator = torch_generator(settings.seed, "weights")
    if settings.model == "mlp":
        return MLP((features, *settings.widths, classes), generator, settings.dropout)
    side = math.isqrt(features)
    if side * side != features:
        raise LemmataError(f"model = 'convnet': {features} features make no square image")
    return SmallConvNet(side, settings.widths, classes, generator, settings.dropout)


def predict(model: nn.Module, compute: Compute, inputs: Tensor) -> NDArray[np.float64]:
    """Class probabilities (N, K) of inputs (N, D), dropout off; the softmax is taken in float64."""
    probabilities = functional.softmax(_logits(model, compute, inputs).double(), dim=1)  # (N, K)
    result: NDArray[np.float64] = probabilities.cpu().numpy()
    return result


def _batch_loss(
    settings: ClassifierSettings, compute: Compute, model: nn.Module, inputs: Tensor, labels: Tensor
) -> Callable[[int], dict[str, Tensor]]:
    """step -> mean cross entropy of its batch."""

    def loss(step: int) -> dict[str, Tensor]:
        chosen = batch_indices(settings.seed, step, len(labels), settings.batch_size)
        rows = torch.from_numpy(chosen).to(compute.device)  # (B,)
        with compute.autocast():
            logits = model(inputs[rows])  # (B, K)
        return {"loss": functional.cross_entropy(logits.float(), labels[rows])}

    return loss


@torch.no_grad()
def _logits(model: nn.Module, compute: Compute, inputs: Tensor) -> Tensor:
    """Float32 logits (N, K) of a model in evaluation mode, which is left in training mode."""
    model.eval()
    with compute.autocast():
        parts = [model(part) for part in torch.split(inputs, EVALUATION_ROWS)]
    model.train()
    return torch.cat(parts).float()


def _validate(
    model: nn.Module, compute: Compute, inputs: Tensor, labels: Tensor
) -> dict[str, float]:
    """Loss and accuracy; not a number where there are no rows."""
    if len(labels) == 0:
        return {"validation_loss": math.nan, "validation_accuracy": math.nan}
    logits = _logits(model, compute, inputs)  # (N, K)
    return {
        "validation_loss": float(functional.cross_entropy(logits, labels)),
        "validation_accuracy": float((logits.argmax(dim=1) == labels).double().mean()),
    }


def _rows(inputs: Tensor, labels: Tensor, chosen: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    rows = torch.from_numpy(np.flatnonzero(chosen)).to(inputs.device)
    return inputs[rows], labels[rows]


def _check(X: NDArray[np.float64], y: NDArray[np.int64], split: NDArray[np.str_]) -> None:
    if not len(X) == len(y) == len(split):
        raise LemmataError(f"X, y, split differ in length: {len(X)}, {len(y)}, {len(split)}")
    if not (split == "train").any():
        raise LemmataError("split: no row is in train")
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() < 1:
        raise LemmataError("y must hold class numbers 0..K-1 with K >= 2")
    if not np.isfinite(X).all():
        raise LemmataError("X holds values that are not finite")
