"""The resumable loop: a generator that trains, saves, stops when told, and resumes exactly.

Every step is a function of the state before it and of (seed, step), so a run that was killed and
started again ends with the very bytes of an undisturbed one on the same machine::

    run = Run(model, optimizer, Checkpoints(folder))
    for step, metrics in train(run, loss, steps=1000, seed=0, checkpoint_every=100):
        if step % 50 == 0:
            run.history.append({"step": step, "train_loss": float(metrics["loss"])})

The loop's body runs before the step is saved. What it changes (rows of `run.history`, buffers of
`run.model` such as a moving average of the weights) is therefore part of the checkpoint.
"""

from __future__ import annotations

import logging
import math
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.training.batches import torch_seed
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.optimizer import Stepper

log = logging.getLogger("lemmata.training")

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
Loss = Callable[[int], Mapping[str, Tensor]]


class Interrupted(LemmataError):  # noqa: N818 - an end on request, not a fault
    """Training stopped early on request (signal or time limit), its state saved."""


@dataclass
class Run:
    """What training carries from step to step and across interruptions.

    step: updates done. history: the caller's rows of plain values. segments: the stretches of
    uninterrupted work (host, start, end, first_step, last_step, reason of the end), for the record.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    checkpoints: Checkpoints | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    segments: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0

    def resume(self) -> None:
        """Take up the newest sound checkpoint, if there is one; lists are filled in place."""
        state = self.checkpoints.load() if self.checkpoints else None
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.history[:] = state["history"]
        self.segments[:] = state["segments"]
        if self.segments[-1]["reason"] == "running":  # it never came to say why it ended
            self.segments[-1]["reason"] = "killed"
        log.info("resumes after step %d", self.step)

    def save(self) -> None:
        """Write a checkpoint of the present step, when there is a place for it."""
        if self.checkpoints is None:
            return
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
            "segments": self.segments,
        }
        self.checkpoints.save(self.step, state)

    def open_segment(self) -> None:
        """Begin a stretch of work after the present step."""
        place = {"host": socket.gethostname(), "start": _now(), "first_step": self.step + 1}
        self.segments.append(place)
        self.mark_segment("running")

    def mark_segment(self, reason: str) -> None:
        """Note how far the stretch has come, and why it ends there."""
        self.segments[-1].update(end=_now(), last_step=self.step, reason=reason)


def train(
    run: Run,
    loss: Loss,
    *,
    steps: int,
    seed: int,
    checkpoint_every: int,
    checkpoint_every_s: float | None = None,
    stop_after_s: float | None = None,
    schedule: Callable[[int], float] | None = None,
    max_gradient_norm: float | None = None,
) -> Iterator[tuple[int, Mapping[str, Tensor]]]:
    """Resume `run` and train it up to `steps` updates, yielding (step, metrics) after each.

    loss: step -> named scalars with "loss", the one to descend; it must draw its batch and noise
    from (seed, step) or from torch's global generators, which are seeded anew at each step.
    schedule: step -> factor on each parameter group's own learning rate.
    A checkpoint is written every `checkpoint_every` steps, every `checkpoint_every_s` seconds, and
    at the end. Raises Interrupted at the end of a step after SIGTERM, SIGUSR1 or `stop_after_s`
    seconds, and LemmataError when the loss is not finite.
    """
    began = saved = time.monotonic()
    run.resume()
    if run.step > steps:
        raise LemmataError(f"checkpoint at step {run.step} is beyond steps = {steps}")
    if run.step == steps:
        return
    run.open_segment()
    losses, stepper = _Losses(), Stepper(run.optimizer)
    with _requests() as requests, _segment(run):
        for step in range(run.step + 1, steps + 1):
            _seed_torch(torch_seed(seed, "step", step))
            _set_learning_rate(run.optimizer, schedule, step)
            metrics = _update(run, stepper, loss, losses, step, max_gradient_norm)
            run.step = step
            yield step, metrics
            now = time.monotonic()
            if stop_after_s is not None and now - began >= stop_after_s:
                requests.append(f"time limit of {stop_after_s:g} s")
            # Looked at once a step: a signal during the save is for the next step to tell.
            request = requests[0] if requests else None
            due = checkpoint_every_s is not None and now - saved >= checkpoint_every_s
            if request or due or step % checkpoint_every == 0 or step == steps:
                losses.check()
                run.mark_segment(request or _state(step, steps))
                run.save()
                saved = time.monotonic()
            if request:
                raise _interrupted(run, request)


def _update(
    run: Run,
    stepper: Stepper,
    loss: Loss,
    losses: _Losses,
    step: int,
    max_gradient_norm: float | None,
) -> Mapping[str, Tensor]:
    """One step of the optimizer; the metrics without their graph."""
    stepper.clear_gradients()
    metrics = loss(step)
    losses.add(step, metrics["loss"].detach())
    metrics["loss"].backward()  # type: ignore[no-untyped-call]
    if max_gradient_norm is not None:
        nn.utils.clip_grad_norm_(run.model.parameters(), max_gradient_norm)
    stepper()
    return {name: value.detach() for name, value in metrics.items()}


def _seed_torch(seed: int) -> None:
    """torch.manual_seed for the devices in use, without the stack trace (60 us) that it records."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)


def _set_learning_rate(
    optimizer: torch.optim.Optimizer, schedule: Callable[[int], float] | None, step: int
) -> None:
    """Scale each group's own rate, which the optimizer's state remembers as ``initial_lr``."""
    if schedule is None:
        return
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * schedule(step)


class _Losses:
    """Losses not looked at yet: each look waits for a GPU, so there it is done in blocks."""

    BLOCK = 64

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Tensor]] = []

    def add(self, step: int, loss: Tensor) -> None:
        self.waiting.append((step, loss))
        if loss.device.type == "cpu" or len(self.waiting) >= self.BLOCK:
            self.check()

    def check(self) -> None:
        """Raise LemmataError for the first that is not finite."""
        if len(self.waiting) == 1:
            values = [self.waiting[0][1].item()]  # as on a CPU at every step
        else:
            values = (
                torch.stack([loss for _, loss in self.waiting]).tolist() if self.waiting else []
            )
        for (step, _), value in zip(self.waiting, values, strict=True):
            if not math.isfinite(value):
                raise LemmataError(f"loss = {value} at step {step}: training has diverged")
        self.waiting.clear()


@contextmanager
def _requests() -> Iterator[list[str]]:
    """A list to which the signals that ask for a stop add their names, while the context lasts."""
    requests: list[str] = []

    def note(number: int, _: FrameType | None) -> None:
        requests.append(signal.Signals(number).name)

    if threading.current_thread() is not threading.main_thread():
        yield requests  # Python delivers signals to the main thread only
        return
    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _segment(run: Run) -> Iterator[None]:
    """Note an end that the loop itself did not foresee in the run's last segment."""
    try:
        yield
    except Interrupted:
        raise
    except GeneratorExit:
        run.mark_segment("left by the caller")
        raise
    except BaseException as error:
        run.mark_segment(f"failed: {type(error).__name__}")
        raise


def _interrupted(run: Run, reason: str) -> Interrupted:
    if run.checkpoints is None:
        return Interrupted(f"{reason}: stopped at step {run.step}; nothing saved")
    return Interrupted(f"{reason}: saved at step {run.step}; rerun to resume")


def _state(step: int, steps: int) -> str:
    return "finished" if step == steps else "running"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
