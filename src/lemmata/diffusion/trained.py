"""Trained networks, read back by the jobs that sample from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd
import torch

from lemmata.config import build
from lemmata.diffusion.experiment import Network, Settings, new_model
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.training_data import SHAPES
from lemmata.training.device import select
from lemmata.training.weights import load_weights


def trained_networks(
    networks: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    paths: Iterable[str | PathLike[str]],
) -> Iterator[tuple[Network, Settings]]:
    """Each network of each seed, in the order of paths: all seeds of the first, of the next.

    networks: settings without their seed. Raises LemmataError for settings or weights that do not
    fit, naming the key or file.
    """
    runs = itertools.product(enumerate(networks), seeds)
    for ((number, values), seed), path in zip(runs, paths, strict=True):
        settings = build(Settings, {**values, "seed": seed}, f"networks[{number}]")
        model = new_model(settings)
        load_weights(model, path)
        yield model, settings


def guidances(
    networks: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    paths: Iterable[str | PathLike[str]],
    *,
    threads: int,
    gpus: int,
) -> Iterator[LearnedGuidance]:
    """The same, each on the device of its settings, to be `asked` for a condition."""
    for model, settings in trained_networks(networks, seeds, paths):
        compute = select(settings.device, settings.precision, threads, gpus)
        shape = SHAPES[settings.data]
        nothing = torch.zeros(shape.condition)
        yield LearnedGuidance(model.to(compute.device), settings.prediction, nothing, compute)


def sample_all(
    sample: Callable[..., pd.DataFrame],
    networks: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    paths: Iterable[str | PathLike[str]],
    sampling: Mapping[str, Any],
) -> pd.DataFrame:
    """The tables that `sample(model, settings, **sampling)` makes, one under the other."""
    runs = trained_networks(networks, seeds, paths)
    tables = [sample(model, settings, **sampling) for model, settings in runs]
    return pd.concat(tables, ignore_index=True)
