"""Images that a network and its flow twin sample, by sampler, weight and steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lemmata.diffusion.compared import flowed, sampled, samplers
from lemmata.diffusion.image_measures import Reference, measures_of, measures_of_real
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.samplers import gaussian
from lemmata.diffusion.training_data import one_hot
from lemmata.training.batches import torch_generator

SHARED_WEIGHT: Final = 2.0
SHARED_EACH: Final = 10
SEEDS_APART: Final = 1_000_000
"""Rows of a seed are numbered from seed times this."""
CHUNK: Final = 1000
"""Images that are sampled at once: what fits beside a network on a GPU."""


class Generated(NamedTuple):
    """measures: a row a sampler, weight and step count; paths: RMS distances of shared-noise paths
    by step count; samples, at the most steps: row, sampler, weight, label, ink (mean pixel), p_0..;
    shown: pixels x_0.. of the first of these of every class.
    """

    measures: pd.DataFrame
    paths: pd.DataFrame
    samples: pd.DataFrame
    shown: pd.DataFrame


class Pair(NamedTuple):
    """A network with a score and its twin with a velocity, for any condition, of one seed."""

    diffusion: LearnedGuidance
    flow: LearnedGuidance
    seed: int


def sample_images(
    pair: Pair,
    reference: Reference,
    *,
    weights: Sequence[float],
    corrections: Sequence[int],
    steps: Sequence[int],
    each: int,
    path_steps: Sequence[int],
) -> Generated:
    """Images of every class by every sampler, measured against the real ones.

    each: samples a class; corrections: the K of PCG(g, K). Without guidance PCG(1, K) is DDPM with
    more noise, and is left out. "flow" is the twin, by half as many of Heun's steps, which ask the
    network as often. The row "real" has the measures between two halves of the real images.
    """
    classes = int(reference.known_labels.max()) + 1
    labels = torch.arange(classes).repeat_interleave(each)
    real = {"sampler": "real", "weight": np.nan, "steps": 0, "seed": pair.seed}
    rows: list[dict[str, Any]] = [real | measures_of_real(reference, pair.seed)]
    kept, shown = [], []
    cases = [(g, name, n) for g in weights for name in _names(g, corrections) for n in steps]
    for number, (g, name, n) in enumerate(cases):
        # One noise for all samplers: what differs is then the sampler, not the draw.
        chunks = _sampled(pair, name, g, corrections, n, labels, reference.real.shape[1])
        pixels = torch.cat(list(chunks))
        own = {"sampler": name, "weight": g, "steps": n, "seed": pair.seed}
        rows.append(own | measures_of(reference, pixels, labels, pair.seed))
        if n == max(steps):
            said = reference.judge.probabilities(pixels)
            first = pair.seed * SEEDS_APART + number * len(labels)
            told = {"row": np.arange(first, first + len(labels)), "label": labels.numpy()}
            told |= {"ink": pixels.mean(dim=1).double().numpy()}
            kept.append(pd.DataFrame(own | told | _columns("p", said)))
            images = pixels[::each].double().numpy()
            shown.append(pd.DataFrame(own | {"label": range(classes)} | _columns("x", images)))
    paths = _paths(pair.diffusion, classes, reference.real.shape[1], pair.seed, path_steps)
    tables = (pd.concat(parts, ignore_index=True) for parts in (kept, shown))
    return Generated(pd.DataFrame(rows), paths, *tables)


def _names(weight: float, corrections: Sequence[int]) -> list[str]:
    guided = ["ddim", "ddpm"] if weight == 1.0 else list(samplers(weight, corrections))
    return [*guided, "flow"]


def _sampled(
    pair: Pair,
    name: str,
    weight: float,
    corrections: Sequence[int],
    steps: int,
    labels: Tensor,
    dimension: int,
) -> Iterator[Tensor]:
    """Samples (B, D) of one chunk of the labels after the other, on the CPU."""
    classes = int(labels.max()) + 1
    for number, part in enumerate(torch.split(labels, CHUNK)):
        noise = gaussian(torch_generator(pair.seed, f"images {steps}", number))
        shape, condition = (len(part), dimension), one_hot(part, classes)
        if name == "flow":
            yield flowed(pair.flow.asked(condition), weight, shape, (steps + 1) // 2, noise).cpu()
        else:
            sampler, guidance = samplers(weight, corrections)[name], pair.diffusion.asked(condition)
            yield sampled(guidance, sampler, shape, steps, noise).cpu()


def _paths(
    guidance: LearnedGuidance, classes: int, dimension: int, seed: int, path_steps: Sequence[int]
) -> pd.DataFrame:
    """RMS over pixels between CFG-DDPM and PCG driven by the same noise, right weight and wrong.

    Of SHARED_EACH images a class: all of their pixels make the mean.
    """
    rows = []
    every = samplers(SHARED_WEIGHT, [1])
    labels = torch.arange(classes).repeat_interleave(SHARED_EACH)
    guidance = guidance.asked(one_hot(labels, classes))
    for steps in path_steps:
        ends = {}
        for name in ("ddpm", "pcg", "pcg_powered_1"):
            noise = gaussian(torch_generator(seed, f"shared {steps}"))
            ends[name] = sampled(guidance, every[name], (len(labels), dimension), steps, noise)
        for name in ("pcg", "pcg_powered_1"):
            gap = (ends["ddpm"] - ends[name]).square().mean().sqrt()
            rows.append({"sampler": name, "steps": steps, "seed": seed, "rms": float(gap)})
    return pd.DataFrame(rows)


def _columns(name: str, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
