"""The experiment "train a conditional network on noised data, its condition dropped at times"."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from lemmata.diffusion.dit import DiT
from lemmata.diffusion.network import ConditionalMLP
from lemmata.diffusion.objective import (
    Levels,
    check_objective,
    coefficients,
    draw_levels,
    regression_target,
    told_time,
)
from lemmata.diffusion.prediction import Prediction
from lemmata.diffusion.training_data import IMAGES, SHAPES, Data, batch, check_examples
from lemmata.errors import LemmataError
from lemmata.training.batches import torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute, Device, Precision, select
from lemmata.training.loop import Run, train
from lemmata.training.progress import progress


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result.

    prediction and levels: see `objective`, and sigma_q there; points: size of a fixed training set
    of the spiral, 0 for fresh draws; architecture: residual layers, or a diffusion transformer of
    images with patches of this side; drop: share of rows without their condition; ema: decay of the
    average of the weights, which is what samples; it warms up as (1 + step) / (10 + step). The
    learning rate falls to 0 by a cosine. compile: by torch.compile, where training is long.
    """

    data: Data
    points: int
    prediction: Prediction
    levels: Levels
    sigma_q: float
    architecture: Literal["mlp", "dit"]
    width: int
    depth: int
    patch: int
    steps: int
    batch_size: int
    learning_rate: float
    drop: float
    ema: float
    compile: bool
    seed: int
    device: Device
    precision: Precision
    log_every: int
    checkpoint_every: int


Network = ConditionalMLP | DiT


class Averaged(nn.Module):
    """A network and the moving average of its weights; both belong to the state of a run."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model
        self.average = copy.deepcopy(model).requires_grad_(requires_grad=False)

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Move the average by 1 - decay towards the weights."""
        get_ema_multi_avg_fn(decay)(*self._weights, torch.tensor(0))  # type: ignore[no-untyped-call]

    @cached_property
    def _weights(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Slow and fast ones, looked up once: each time would be a twentieth of a step."""
        return tuple(self.average.parameters()), tuple(self.model.parameters())


@dataclass(frozen=True)
class Trained:
    """The averaged network and the run's history."""

    model: Network
    history: pd.DataFrame


def new_model(settings: Settings) -> Network:
    """The untrained network of the settings."""
    shape = SHAPES[settings.data]
    generator = torch_generator(settings.seed, "weights")
    width, depth = settings.width, settings.depth
    if settings.architecture == "mlp":
        return ConditionalMLP(shape.dimension, shape.condition, width, depth, generator)
    if settings.data not in IMAGES:
        raise LemmataError(f"architecture 'dit' with data {settings.data!r}: need {IMAGES}")
    return DiT(shape.side, shape.channels, shape.condition, width, depth, settings.patch, generator)


def train_model(
    settings: Settings,
    examples: tuple[Tensor, Tensor] | None = None,
    *,
    threads: int,
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    gpus: int = 0,
    label: str | None = None,
) -> Trained:
    """Train; examples: x0 (N, D) and condition (N, C), for data that are not drawn afresh.

    Raises LemmataError as `train` and `select` do, for examples of another shape and for a
    prediction that does not go with the levels.
    """
    compute = select(settings.device, settings.precision, threads, gpus)
    check_objective(settings.prediction, settings.levels)
    check_examples(settings.data, examples)
    both = Averaged(new_model(settings)).to(compute.device)
    if settings.compile:
        both.model.compile()  # in place: the state keeps its names
    optimizer = torch.optim.Adam(both.model.parameters(), lr=settings.learning_rate, fused=True)
    run = Run(both, optimizer, checkpoints, segments=[] if segments is None else segments)
    steps = train(
        run,
        _loss(settings, compute, both.model, examples),
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
        schedule=lambda step: 0.5 * (1.0 + math.cos(math.pi * min(step / settings.steps, 1.0))),
    )
    for step, metrics in steps if label is None else progress(steps, settings.steps, label):
        both.follow(min(settings.ema, (1 + step) / (10 + step)))
        if step % settings.log_every == 0 or step == settings.steps:
            loss = float(metrics["loss"])
            run.history.append({"seed": settings.seed, "step": step, "loss": loss})
    return Trained(both.average, pd.DataFrame(run.history))


def _loss(
    settings: Settings,
    compute: Compute,
    model: nn.Module,
    examples: tuple[Tensor, Tensor] | None,
) -> Callable[[int], dict[str, Tensor]]:
    """step -> mean squared error of the prediction at random noise levels."""
    own, seed, count = settings, settings.seed, settings.batch_size

    def loss(step: int) -> dict[str, Tensor]:
        x0, condition, base = batch(own.data, own.points, count, seed, step, examples)
        generator = torch_generator(seed, "noise", step)
        level = draw_levels(own.levels, own.sigma_q, count, generator)
        kept = (torch.rand(count, generator=generator) >= own.drop).float()
        eps = torch.randn(x0.shape, generator=generator) if base is None else base
        fresh = torch.randn(x0.shape, generator=generator) if own.prediction == "previous" else eps
        moved = (part.to(compute.device) for part in (x0, condition, level, kept, eps, fresh))
        x0, condition, level, kept, eps, fresh = moved
        alpha, sigma = coefficients(own.prediction, level)
        with compute.autocast():
            time = told_time(own.prediction, level)
            said = model(alpha * x0 + sigma * eps, time, condition, kept)
        wanted = regression_target(own.prediction, own.sigma_q, x0, eps, level, fresh, alpha, sigma)
        return {"loss": (said.float() - wanted).square().mean()}

    return loss
