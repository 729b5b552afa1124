"""The experiment "train an encoder by one method on images without their labels"."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import Grid, Shape
from lemmata.self_supervised.images import Images
from lemmata.self_supervised.methods.method import Method, slow_copy
from lemmata.self_supervised.methods.table import MethodName, new_method
from lemmata.self_supervised.views import ViewSettings, view
from lemmata.training.batches import torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute, Device, Precision, select
from lemmata.training.loop import Interrupted, Run, train
from lemmata.training.progress import progress


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result, the images apart.

    own: what the method alone knows, see its settings. random_crop: least share of the area of a
    crop that every image is cut to before anything else; 1 for none. warmup: share of the steps
    with a linearly growing learning rate, which then falls to 0 by a cosine. Weight decay spares
    biases, norms and single learned tokens. checkpoint_every and log_every count steps;
    checkpoint_minutes is the longest time between two checkpoints.
    """

    method: MethodName
    own: Mapping[str, Any]
    patch: int
    width: int
    depth: int
    heads: int
    random_crop: float
    steps: int
    batch_size: int
    learning_rate: float
    warmup: float
    weight_decay: float
    compile: bool
    seed: int
    device: Device
    precision: Precision
    log_every: int
    checkpoint_every: int
    checkpoint_minutes: float

    @property
    def crop(self) -> ViewSettings:
        """The crop as a view that changes nothing else."""
        return ViewSettings(crop=self.random_crop, mirror=False, jitter=0.0, noise=0.0)


@dataclass(frozen=True)
class Trained:
    """The networks, as a module and as a method, copies of them by their step, the history."""

    module: nn.Module
    method: Method
    snapshots: Mapping[int, nn.Module]
    history: pd.DataFrame


def untrained(settings: Settings, side: int, channels: int) -> tuple[nn.Module, Method]:
    """The networks of the settings before their first step, their weights drawn from the seed."""
    grid = Grid(side, channels, settings.patch)
    shape = Shape(settings.width, settings.depth, settings.heads)
    generator = torch_generator(settings.seed, "weights")
    return new_method(settings.method, grid, shape, settings.own, generator)


def train_encoder(
    name: str,
    settings: Settings,
    images: Images,
    compute: Compute,
    *,
    snapshots: Sequence[int] = (),
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    label: str | None = None,
) -> Trained:
    """Train; a run that a checkpoint says is finished is only loaded.

    name: of the configuration, for errors. snapshots: steps after which a frozen copy of the
    networks is kept; copies are part of the checkpoints. label: what to call the run in its
    progress; None shows none. segments: the loop's stretches of work are added. Raises LemmataError
    that names the configuration where training diverges.
    """
    module, method = untrained(settings, images.side, images.channels)
    module.to(compute.device)
    kept = {step: slow_copy(module) for step in snapshots}
    if settings.compile:
        for part in module.children():
            part.compile()  # in place: the state keeps its names
    state = nn.ModuleDict({"networks": module, **{str(step): kept[step] for step in kept}})
    run = Run(state, _optimizer(settings, module), checkpoints)
    steps = train(
        run,
        _loss(settings, compute, method, images),
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        checkpoint_every_s=60.0 * settings.checkpoint_minutes,
        stop_after_s=stop_after_s,
        schedule=lambda step: _rate(step / settings.steps, settings.warmup),
    )
    try:
        for step, metrics in steps if label is None else progress(steps, settings.steps, label):
            method.follow(step / settings.steps)
            if step in kept:
                kept[step].load_state_dict(module.state_dict())
            if step % settings.log_every == 0 or step == settings.steps:
                said = {key: float(value) for key, value in metrics.items()}
                run.history.append({"seed": settings.seed, "step": step} | said)
    except Interrupted:
        raise
    except LemmataError as error:
        raise LemmataError(f"{name}: {error}") from error
    finally:
        if segments is not None:
            segments += run.segments
    return Trained(module, method, kept, pd.DataFrame(run.history))


def chosen_compute(settings: Settings, threads: int, gpus: int = 0) -> Compute:
    """The device and precision of the settings."""
    return select(settings.device, settings.precision, threads, gpus)


def _optimizer(settings: Settings, module: nn.Module) -> torch.optim.AdamW:
    """AdamW whose weight decay spares vectors: biases, norms, learned tokens."""
    learned = [value for value in module.parameters() if value.requires_grad]
    decays = {True: settings.weight_decay, False: 0.0}
    groups = [
        {"params": [v for v in learned if (v.ndim > 1) == matrix], "weight_decay": decay}
        for matrix, decay in decays.items()
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def _rate(done: float, warmup: float) -> float:
    """Factor on the learning rate where a share `done` of the steps is done."""
    if done < warmup:
        return done / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (done - warmup) / (1.0 - warmup)))


def _loss(
    settings: Settings, compute: Compute, method: Method, images: Images
) -> Callable[[int], dict[str, Tensor]]:
    """step -> the method's loss of its batch."""
    batch = images.training(settings.seed, settings.batch_size, settings.steps)

    def loss(step: int) -> dict[str, Tensor]:
        generator = torch_generator(settings.seed, "method", step, compute.device)
        seen = batch(step).to(compute.device)
        if settings.random_crop < 1.0:
            seen = view(seen, settings.crop, generator)
        with compute.autocast():
            return method.loss(seen, generator)

    return loss
