"""Pretraining on label sets, and finetuning of what comes out, resumable."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.controlled.measures import measured
from lemmata.reinforcement_finetuning.controlled.objective import (
    Method,
    finetuning_loss,
    pretraining_loss,
)
from lemmata.reinforcement_finetuning.controlled.task import Task, reward_of
from lemmata.reinforcement_finetuning.objectives import check_reward
from lemmata.training.batches import batch_indices, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute
from lemmata.training.loop import Run, train
from lemmata.training.progress import progress

Loss = Callable[[int], dict[str, Tensor]]


@dataclass(frozen=True)
class Pretraining:
    """By Adam, without weight decay; an epoch is as many batches as cover the inputs once."""

    epochs: int
    batch_size: int
    learning_rate: float
    checkpoint_every: int


@dataclass(frozen=True)
class Finetuning:
    """samples: of a group, for grpo; temperature: of the softmax in the objective (the policy that
    is measured has none); entropy: coefficient of the bonus, dropped after entropy_epochs (0: it
    stays); wrong_on_modified: reward of a wrong label on a modified input; first_examples,
    first_steps: SFT of so many inputs of as many classes as there are (0: all) for so many steps of
    Adam beforehand, at first_learning_rate; most: inputs of a group that are measured.
    """

    method: Method
    optimizer: Literal["adam", "sgd"]
    learning_rate: float
    epochs: int
    batch_size: int
    samples: int
    temperature: float
    entropy: float
    entropy_epochs: int
    wrong_on_modified: float
    first_examples: int
    first_steps: int
    first_learning_rate: float
    log_every: int
    checkpoint_every: int
    most: int


class Session(NamedTuple):
    """Where and how a run computes. folder: of its checkpoints; segments are filled in place."""

    compute: Compute
    seed: int
    folder: Path | None = None
    segments: list[dict[str, Any]] | None = None
    stop_after_s: float | None = None
    label: str | None = None

    def run(self, name: str, model: nn.Module, optimizer: torch.optim.Optimizer) -> Run:
        """A run of this session with checkpoints of its own."""
        own = None if self.folder is None else Checkpoints(self.folder / name)
        return Run(model, optimizer, own, segments=[] if self.segments is None else self.segments)


def pretrain(model: nn.Module, task: Task, settings: Pretraining, session: Session) -> pd.DataFrame:
    """Train `model` in place; history: phase (pretraining), epoch, loss."""
    known = task.part(task.tuned)
    device = session.compute.device
    inputs, allowed = known.inputs.to(device), known.allowed.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)

    def loss(step: int) -> dict[str, Tensor]:
        rows = torch.from_numpy(
            batch_indices(session.seed, step, len(inputs), settings.batch_size)
        ).to(device)
        with session.compute.autocast():
            logits = model(inputs[rows])
        return {"loss": pretraining_loss(logits.float(), allowed[rows])}

    run = session.run("pretraining", model, optimizer)
    a_epoch = steps_of(1, len(inputs), settings.batch_size)
    steps, every = settings.epochs * a_epoch, max(1, settings.epochs // 20)
    for step, metrics in _steps(run, loss, steps, settings.checkpoint_every, session):
        epoch, inside = divmod(step, a_epoch)
        if not inside and (epoch % every == 0 or epoch == settings.epochs):
            told = {"phase": "pretraining", "epoch": epoch, "loss": float(metrics["loss"])}
            run.history.append(told)
    return pd.DataFrame(run.history)


def finetune(
    pretrained: nn.Module, task: Task, settings: Finetuning, session: Session
) -> tuple[nn.Module, pd.DataFrame]:
    """A finetuned copy, and its history: epoch, phase, and `measured` of each group.

    phase: first for SFT before it, then main; both begin with epoch 0, the state before any step.
    Raises LemmataError for a reward that is not finite.
    """
    model = copy.deepcopy(pretrained)
    history: list[dict[str, Any]] = []
    if settings.first_steps:
        history += _first(model, task, settings, session)
    history += _main(model, task, settings, session)
    return model, pd.DataFrame(history)


def _main(
    model: nn.Module, task: Task, settings: Finetuning, session: Session
) -> list[dict[str, Any]]:
    optimizer = new_optimizer(settings.optimizer, model, settings.learning_rate)
    run = session.run("main", model, optimizer)
    known = task.part(task.tuned)
    a_epoch = steps_of(1, len(known.labels), settings.batch_size)
    run.history += _rows(model, task, settings, 0, "main")
    loss = _loss(model, known, settings, session, a_epoch)
    steps = settings.epochs * a_epoch
    for step, _ in _steps(run, loss, steps, settings.checkpoint_every, session):
        epoch, inside = divmod(step, a_epoch)
        if not inside and (epoch % settings.log_every == 0 or epoch == settings.epochs):
            run.history += _rows(model, task, settings, epoch, "main")
    return run.history


def _loss(
    model: nn.Module, known: Task, settings: Finetuning, session: Session, a_epoch: int
) -> Loss:
    device = session.compute.device
    inputs, labels = known.inputs.to(device), known.labels.to(device)
    classes = known.allowed.shape[1]
    reward = reward_of(labels, known.modified.to(device), classes, settings.wrong_on_modified)
    check_reward(reward)

    def loss(step: int) -> dict[str, Tensor]:
        rows = torch.from_numpy(
            batch_indices(session.seed, step, len(labels), settings.batch_size)
        ).to(device)
        with session.compute.autocast():
            logits = model(inputs[rows])
        lasting = not settings.entropy_epochs or step <= settings.entropy_epochs * a_epoch
        found = finetuning_loss(
            settings.method,
            logits.float() / settings.temperature,
            reward[rows],
            labels[rows],
            settings.entropy if lasting else 0.0,
            settings.samples,
        )
        return {"loss": found}

    return loss


def _first(
    model: nn.Module, task: Task, settings: Finetuning, session: Session
) -> list[dict[str, Any]]:
    """SFT on a few inputs, all of them at every step (batches of them where they are all)."""
    known = task.part(task.tuned)
    chosen = few(known, settings.first_examples, session.seed)
    inputs, labels = known.inputs[chosen], known.labels[chosen]
    device = session.compute.device
    inputs, labels = inputs.to(device), labels.to(device)
    size = min(settings.batch_size, len(labels))
    optimizer = new_optimizer("adam", model, settings.first_learning_rate)
    run = session.run("first", model, optimizer)

    def loss(step: int) -> dict[str, Tensor]:
        rows = torch.from_numpy(batch_indices(session.seed, step, len(labels), size)).to(device)
        with session.compute.autocast():
            logits = model(inputs[rows])
        return {"loss": nn.functional.cross_entropy(logits.float(), labels[rows])}

    run.history += _rows(model, task, settings, 0, "first")
    for step, _ in _steps(run, loss, settings.first_steps, settings.checkpoint_every, session):
        if step == settings.first_steps:
            run.history += _rows(model, task, settings, step, "first")
    return run.history


def few(known: Task, count: int, seed: int) -> Tensor:
    """Places of `count` inputs, classes in turn (0: of all inputs). (count,)."""
    order = torch.randperm(len(known.labels), generator=torch_generator(seed, "few"))
    if count == 0:
        return order
    if count > len(order):
        raise LemmataError(f"first_examples = {count}: there are {len(order)} inputs")
    classes = torch.from_numpy(known.classes)[order]
    turn = torch.zeros(len(order), dtype=torch.int64)
    for c in torch.unique(classes):
        own = classes == c
        turn[own] = torch.arange(int(own.sum()))
    return order[torch.argsort(turn, stable=True)[:count]]


def new_optimizer(name: str, model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Adam or SGD without momentum, neither with weight decay."""
    if name == "sgd":
        return torch.optim.SGD(model.parameters(), lr=learning_rate, fused=True)
    return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)


def steps_of(epochs: int, inputs: int, batch_size: int) -> int:
    """Updates of so many epochs."""
    return epochs * math.ceil(inputs / batch_size)


def _rows(
    model: nn.Module, task: Task, settings: Finetuning, epoch: int, phase: str
) -> list[dict[str, Any]]:
    found = measured(model, task, settings.wrong_on_modified, settings.most)
    return [{"phase": phase, "epoch": epoch} | row for row in found]


def _steps(run: Run, loss: Loss, steps: int, checkpoint_every: int, session: Session) -> Any:
    """The training loop, telling its progress where the session has a label."""
    found = train(
        run,
        loss,
        steps=steps,
        seed=session.seed,
        checkpoint_every=checkpoint_every,
        stop_after_s=session.stop_after_s,
    )
    return found if session.label is None else progress(found, steps, session.label)
