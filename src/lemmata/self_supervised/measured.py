"""Trained encoders measured: probes of their labels, and metrics that need none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.self_supervised.experiment import Settings
from lemmata.self_supervised.images import Images
from lemmata.self_supervised.methods.method import Headed, Method, spread
from lemmata.self_supervised.metrics.alpha import alpha_req
from lemmata.self_supervised.metrics.lidar import lidar
from lemmata.self_supervised.metrics.rank import effective_rank, participation_ratio, rankme
from lemmata.self_supervised.probes import Probed, explained, probe
from lemmata.self_supervised.views import view
from lemmata.training.batches import stream, torch_generator
from lemmata.training.device import Compute


@dataclass(frozen=True)
class MeasureSettings:
    """samples, views: n and q of LiDAR; deltas: its ridge, one value a column; alpha: first and
    last index of alpha-ReQ; penalties: inverse strengths C that the linear probe may choose from;
    neighbours: of the other probe; ridge: penalty of the regression of planted noise; collapsed:
    the least spread of the features over images, relative to their size, that is no collapse.
    """

    samples: int
    views: int
    deltas: tuple[float, ...]
    alpha: tuple[int, int]
    penalties: tuple[float, ...]
    neighbours: int
    ridge: float
    collapsed: float


def measure(
    name: str,
    settings: Settings,
    method: Method,
    images: Images,
    compute: Compute,
    how: MeasureSettings,
) -> tuple[dict[str, Any], Probed]:
    """One row of measures of an encoder, and what its linear probe says.

    name: of the configuration. Raises LemmataError that names it for collapsed features and for
    what `probe` and the metrics refuse.
    """
    if isinstance(method, nn.Module):
        method.eval()  # a projector's batch norm goes by its running statistics
    features = embedded(method, images, compute)
    own = images.split == "train"
    known = features[torch.from_numpy(own).to(features.device)]
    relative = float(spread(known) / known.square().mean().sqrt())
    if not relative >= how.collapsed:  # a comparison with nan is false
        raise LemmataError(
            f"{name}: collapsed: features vary over images by {relative:.2g} of their size;"
            f" asked for {how.collapsed:g} or more"
        )
    try:
        seen = views(settings, method.view, images, compute, how)
        probed = probe(
            features,
            images.y,
            images.split,
            penalties=how.penalties,
            neighbours=how.neighbours,
        )
        row = {
            "accuracy": probed.test,
            "validation_accuracy": probed.validation,
            "knn_accuracy": probed.knn,
            "C": probed.C,
            "spread": relative,
            "rankme": rankme(known),
            "effective_rank": effective_rank(known),
            "participation_ratio": participation_ratio(known),
            "alpha": alpha_req(known, *how.alpha),
        }
        row |= {f"lidar_{delta:g}": lidar(seen, delta=delta) for delta in how.deltas}
        row |= _of_head(settings, method, images, compute, how)
    except LemmataError as error:
        raise LemmataError(f"{name}: {error}") from error
    noise = np.nan
    if images.nuisance is not None:
        noise = explained(features, images.nuisance, images.split, how.ridge)
    return row | {"noise": noise}, probed


def _of_head(
    settings: Settings, method: Method, images: Images, compute: Compute, how: MeasureSettings
) -> dict[str, Any]:
    """LiDAR and RankMe of the projector's or predictor's output, nan for a method without.

    data2vec has a linear map before its loss, and MAE's decoder answers in pixels: neither counts.
    Which layer LiDAR's authors take for which method is not known [unverified]. A predictor answers
    for masked views alone, so RankMe is of one view of each sample here.
    """
    names = {delta: f"head_lidar_{delta:g}" for delta in how.deltas}
    if not isinstance(method, Headed):
        return {"head": "", "head_rankme": np.nan} | dict.fromkeys(names.values(), np.nan)
    seen = views(settings, method.head_view, images, compute, how)
    row = {"head": method.head_name, "head_rankme": rankme(seen[:, 0])}
    return row | {name: lidar(seen, delta=delta) for delta, name in names.items()}


@torch.no_grad()
def embedded(method: Method, images: Images, compute: Compute) -> Tensor:
    """Embeddings (N, W) of whole images by the probed encoder, float32."""
    parts = []
    for part in images.in_order(np.arange(len(images.y))):
        with compute.autocast():
            parts.append(method.probed.pooled(part.to(compute.device)).float())
    return torch.cat(parts)


@torch.no_grad()
def views(
    settings: Settings,
    embed: Callable[[Tensor, torch.Generator], Tensor],
    images: Images,
    compute: Compute,
    how: MeasureSettings,
) -> Tensor:
    """Embeddings (n, q, W) of q random positives of n training images, made as in training.

    embed: a method's `view` or `head_view`. Which images and positives is a function of the run's
    seed. Raises LemmataError where there are fewer training images.
    """
    rows = sampled(images.split, how.samples, settings.seed)
    found = []
    for number, (part, draw) in enumerate(_repeated(images, rows, how.views)):
        generator = torch_generator(settings.seed, f"views {draw}", number, compute.device)
        seen = part.to(compute.device)
        if settings.random_crop < 1.0:
            seen = view(seen, settings.crop, generator)
        with compute.autocast():
            found.append(embed(seen, generator).float())
    blocks = [torch.stack(found[i : i + how.views], 1) for i in range(0, len(found), how.views)]
    return torch.cat(blocks)  # (n, q, W)


def sampled(split: NDArray[np.str_], count: int, seed: int) -> NDArray[np.int64]:
    """Places of `count` training images, a function of the seed."""
    own = np.flatnonzero(split == "train")
    if len(own) < count:
        raise LemmataError(f"samples = {count}: only {len(own)} training images")
    return stream(seed, "lidar samples").permutation(own)[:count]


def _repeated(images: Images, rows: NDArray[np.int64], times: int) -> Iterator[tuple[Tensor, int]]:
    for part in images.in_order(rows):
        for draw in range(times):
            yield part, draw


def final_loss(history: pd.DataFrame) -> float:
    """Mean of the training loss over the last quarter of the logged steps."""
    losses = history.sort_values("step")["loss"].to_numpy()
    return float(losses[-max(len(losses) // 4, 1) :].mean())
