"""A decoder pretrained on one of the tasks, and what it is asked afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.language import sequences, text
from lemmata.reinforcement_finetuning.language.questions import Questions, Tokens
from lemmata.training.batches import torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.decoder import Architecture, Decoder
from lemmata.training.device import Compute, Device, Precision, select
from lemmata.training.loop import Run, train
from lemmata.training.progress import progress


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result.

    Exactly one of sequences and text is the task. The learning rate (Adam) is constant for two
    fifths of the steps and then falls linearly to 0.
    """

    sequences: sequences.Sequences | None
    text: text.Text | None
    layers: int
    heads: int
    width: int
    init_std: float
    steps: int
    batch_size: int
    learning_rate: float
    seed: int
    device: Device
    precision: Precision
    log_every: int
    checkpoint_every: int

    def __post_init__(self) -> None:
        """Refuse none and both."""
        if (self.sequences is None) == (self.text is None):
            raise LemmataError("one of sequences and text must be given, the other null")


@dataclass(frozen=True)
class Task:
    """vocabulary: tokens that there are; questions: prompts and their rewarded answers; batch:
    step -> rows of tokens as pretraining shows them; first: the place from which they are learned.
    """

    vocabulary: int
    questions: Questions
    batch: Callable[[int], Tokens]
    first: int

    @property
    def length(self) -> int:
        """Tokens of a prompt and its answer."""
        return int(self.questions.prompts.shape[1] + self.questions.targets.shape[1])


@dataclass(frozen=True)
class Trained:
    """The decoder and its history."""

    model: Decoder
    history: pd.DataFrame


def task_of(settings: Settings, table: pd.DataFrame | None = None) -> Task:
    """The task of the settings; table: the prepared texts, for the task on text."""
    seed, size = settings.seed, settings.batch_size
    if settings.sequences is not None:
        own = settings.sequences
        known = sequences.permutations(own, seed)
        asked = sequences.questions(own, seed)
        first = asked.prompts.shape[1]
        return Task(
            own.vocabulary,
            asked,
            lambda step: sequences.pretraining_batch(own, known, seed, step, size),
            first,
        )
    if settings.text is None or table is None:
        raise LemmataError("the task on text needs a table of texts")
    said = settings.text
    corpus = text.corpus_of(table)
    return Task(
        corpus.vocabulary,
        text.questions(said, corpus, seed),
        lambda step: text.pretraining_batch(said, corpus, seed, step, size),
        1,
    )


def new_model(settings: Settings, task: Task) -> Decoder:
    """The untrained decoder of the settings, its weights drawn from their seed."""
    architecture = Architecture(
        settings.layers,
        settings.heads,
        settings.width,
        "ape",
        task.length,
        settings.init_std,
    )
    return Decoder(task.vocabulary, architecture, torch_generator(settings.seed, "weights"))


def train_model(
    settings: Settings,
    task: Task,
    *,
    threads: int,
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    gpus: int = 0,
    label: str | None = None,
) -> Trained:
    """Pretrain on fresh rows of the task; raises LemmataError as `train` and `select` do."""
    compute = select(settings.device, settings.precision, threads, gpus)
    model = new_model(settings, task).to(compute.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
    run = Run(model, optimizer, checkpoints, segments=[] if segments is None else segments)
    steps = train(
        run,
        _loss(task, compute, model),
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
        schedule=lambda step: min(1.0, (settings.steps - step + 1) / (0.6 * settings.steps)),
    )
    for step, metrics in steps if label is None else progress(steps, settings.steps, label):
        if step % settings.log_every == 0 or step == settings.steps:
            loss = float(metrics["loss"])
            run.history.append({"seed": settings.seed, "step": step, "loss": loss})
    return Trained(model, pd.DataFrame(run.history))


def _loss(task: Task, compute: Compute, model: Decoder) -> Callable[[int], dict[str, Tensor]]:
    """step -> cross entropy of the tokens from `task.first` on, mean over them (nats)."""

    def loss(step: int) -> dict[str, Tensor]:
        rows = torch.from_numpy(task.batch(step)).to(compute.device)  # (B, T)
        wanted = rows[:, task.first :]  # (B, A)
        with compute.autocast():
            hidden = model(rows[:, :-1], last=wanted.shape[1])  # (B, A, D)
            scores = model.scores(hidden).float()  # (B, A, V)
        return {"loss": functional.cross_entropy(scores.flatten(0, 1), wanted.flatten())}

    return loss
