"""The experiment "train a decoder on short strings of a task, test it on longer ones"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from lemmata.errors import LemmataError
from lemmata.length_generalization.evaluate import Answers, answers
from lemmata.length_generalization.strings import (
    asked_in_a_row,
    rows_frame,
    test_strings,
    train_batch,
)
from lemmata.length_generalization.tasks.table import task_named
from lemmata.length_generalization.tasks.task import NONE, Rows, Task
from lemmata.length_generalization.transformer import positional_penalty
from lemmata.tables import read_table
from lemmata.training.batches import stream, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.decoder import Architecture, Decoder, Positions
from lemmata.training.device import Compute, Device, Precision, select
from lemmata.training.loop import Run, train
from lemmata.training.progress import progress
from lemmata.training.weights import load_weights

BETAS = (0.9, 0.98)


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result.

    train_length: L, the longest length trained on; batch_size rows a step in `parts` groups of one
    length each; warmup: steps of linear growth of the learning rate, which then stays to half the
    steps and falls linearly to 0; at_zero: share of rows whose positions start at 0, the others
    anywhere that fits; penalty: coefficient of the positional regularizer; reach: the longest test
    string over L; strings: of each test bin. checkpoint_every and log_every count steps.
    """

    task: str
    positions: Positions
    layers: int
    heads: int
    width: int
    init_std: float
    train_length: int
    batch_size: int
    parts: int
    steps: int
    warmup: int
    learning_rate: float
    weight_decay: float
    at_zero: float
    penalty: float
    reach: Literal[2, 3]
    strings: int
    seed: int
    device: Device
    precision: Precision
    log_every: int
    checkpoint_every: int

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        if self.batch_size % self.parts:
            raise LemmataError(f"parts = {self.parts}: must divide batch_size = {self.batch_size}")
        if self.penalty and self.positions != "ape":
            raise LemmataError(f"penalty = {self.penalty}: needs positions = 'ape'")


@dataclass(frozen=True)
class Trained:
    """The decoder, its history, and one row a test string: how it was answered."""

    model: Decoder
    history: pd.DataFrame
    answers: pd.DataFrame


def table_length(task: Task, train_length: int, reach: int) -> int:
    """Tokens in the longest row that is tested, marks and all."""
    longest = int(task.lengths(reach * train_length)[-1])
    rng = stream(0, "longest row")
    questions = task.sample(rng, longest, 64, task.symbols(reach * train_length))
    return int(task.encode(questions).inputs.shape[1]) + 1


def new_model(settings: Settings) -> Decoder:
    """The untrained decoder of the settings, its weights drawn from their seed."""
    task = task_named(settings.task)
    architecture = Architecture(
        settings.layers,
        settings.heads,
        settings.width,
        settings.positions,
        table_length(task, settings.train_length, settings.reach),
        settings.init_std,
    )
    return Decoder(
        task.vocabulary(settings.reach * settings.train_length),
        architecture,
        torch_generator(settings.seed, "weights"),
        task.labels or None,
    )


def train_decoder(
    settings: Settings,
    *,
    threads: int,
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    gpus: int = 0,
    label: str | None = None,
) -> Trained:
    """Train on fresh strings of up to L, then answer the test strings of up to 2 L.

    segments: filled in place with the loop's stretches of work. gpus: how many the job asked for.
    label: what to call the run in its progress. Raises LemmataError as `train` and `select` do.
    """
    compute = select(settings.device, settings.precision, threads, gpus)
    task = task_named(settings.task)
    model = new_model(settings).to(compute.device)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=BETAS,
        weight_decay=settings.weight_decay,
        fused=True,  # one pass over the weights: a fifth of a step of so small a model
    )
    run = Run(model, optimizer, checkpoints, segments=[] if segments is None else segments)
    steps = train(
        run,
        batch_loss(settings, task, compute, model),
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
        schedule=schedule(settings),
    )
    for step, metrics in steps if label is None else progress(steps, settings.steps, label):
        if step % settings.log_every == 0 or step == settings.steps:
            values = {name: float(value) for name, value in metrics.items()}
            run.history.append({"seed": settings.seed, "step": step, **values})
    return Trained(model, pd.DataFrame(run.history), _test(settings, task, compute, model))


def predictions(answers: pd.DataFrame) -> pd.DataFrame:
    """The answers as binary predictions: y, whether it is right; p, the confidence."""
    y = answers["exact"].astype(np.int64)
    p = answers["confidence"].clip(0.0, 1.0)  # rounding may leave 1 + 1e-16
    return answers[["seed", "split", "row"]].assign(y=y, p=p)


def batch_loss(
    settings: Settings, task: Task, compute: Compute, model: Decoder
) -> Callable[[int], dict[str, Tensor]]:
    """step -> cross entropy of what is asked, and the penalty beside it.

    The sum over a batch over what is asked in one *on average*: so its expectation is the mean over
    everything that is asked in training, to which long answers give more, as in a batch of mixed
    lengths; the mean over a batch of one length would give each length the same weight.
    """
    everything = settings.batch_size * asked_in_a_row(task, settings.train_length, settings.reach)

    def loss(step: int) -> dict[str, Tensor]:
        batch = train_batch(
            task,
            settings.seed,
            step,
            settings.train_length,
            settings.reach,
            settings.batch_size,
            settings.parts,
        )
        rng = stream(settings.seed, "offsets", step)
        scores, targets = [], []
        with compute.autocast():
            for rows in batch:
                offsets = _offsets(rng, settings, model, rows)
                hidden, wanted = _asked(model, rows, offsets, compute)
                scores.append(model.scores(hidden).flatten(0, 1))  # (B * A, classes)
                targets.append(wanted.flatten())
        said, wanted = torch.cat(scores).float(), torch.cat(targets)
        total = functional.cross_entropy(said, wanted, ignore_index=NONE, reduction="sum")
        found = total / everything
        if not settings.penalty:
            return {"loss": found, "cross_entropy": found}
        penalty = positional_penalty(model)
        return {
            "loss": found + settings.penalty * penalty,
            "cross_entropy": found,
            "penalty": penalty,
        }

    return loss


def _asked(
    model: Decoder, rows: Rows, offsets: Tensor | None, compute: Compute
) -> tuple[Tensor, Tensor]:
    """Hidden states (B, A, D) and targets (B, A) from the first place where anything is asked on.

    A slice and not a choice of places: its gradient is a copy, where that of a choice is a scatter.
    """
    inputs = torch.from_numpy(rows.inputs).to(compute.device)  # (B, T)
    targets = torch.from_numpy(rows.targets[:, -rows.asked :]).to(compute.device)
    return model(inputs, offsets, last=rows.asked), targets


def _offsets(
    rng: np.random.Generator, settings: Settings, model: Decoder, rows: Rows
) -> Tensor | None:
    """Where each row's positions begin: (B,), None without positions."""
    if settings.positions == "nope":
        return None
    count, length = rows.inputs.shape
    free = rng.integers(0, model.architecture.table - length + 1, count)
    found = np.where(rng.random(count) < settings.at_zero, 0, free)
    return torch.from_numpy(found).to(model.device)


def schedule(settings: Settings) -> Callable[[int], float]:
    """step -> factor on the learning rate: warm-up, constant to half the steps, linear to 0."""
    half = settings.steps / 2

    def factor(step: int) -> float:
        warm = min(1.0, step / settings.warmup) if settings.warmup else 1.0
        return warm * min(1.0, (settings.steps - step + 1) / half)

    return factor


def trained_before(
    settings: Settings,
    weights: str | PathLike[str],
    history: str | PathLike[str],
    answers: str | PathLike[str],
) -> Trained:
    """What a finished run of the same settings has left in its files.

    Raises LemmataError where one is missing, damaged, or of another shape.
    """
    model = new_model(settings)
    load_weights(model, weights)
    return Trained(model, read_table(history), read_table(answers))


def _test(settings: Settings, task: Task, compute: Compute, model: Decoder) -> pd.DataFrame:
    """`rows_frame` with exact (whole answer right), token_accuracy and confidence."""
    model.eval()
    tested = (settings.train_length, settings.reach, settings.strings)
    frame = rows_frame(task, *tested)
    parts: list[Answers] = []
    for _, _, questions in test_strings(task, *tested):
        with compute.autocast():
            parts.append(answers(model, task, questions))
    model.train()
    for name in Answers._fields:
        frame[name] = np.concatenate([getattr(part, name) for part in parts])
    frame.insert(0, "seed", settings.seed)
    return frame
