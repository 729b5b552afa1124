"""The theorem on the controlled experiments' own policies: initial, pretrained, finetuned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from lemmata.reinforcement_finetuning.controlled.groups import GROUPS
from lemmata.reinforcement_finetuning.controlled.task import Task, reward_of
from lemmata.reinforcement_finetuning.exact import gradients
from lemmata.reinforcement_finetuning.exact.bounds import sharper_bound, theorem_bound
from lemmata.reinforcement_finetuning.exact.policies import OneToken
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval, worst


def study(runs: Iterator[tuple[int, Task, Mapping[str, nn.Module]]], each: int) -> Study:
    """Table: seed, checkpoint, group, std, gradient_norm, gamma, theorem_ratio, sharper_ratio.

    runs: of each seed its task, and its policies by checkpoint, float32; each: inputs of either
    group. Gradients are those of one input's expected reward with respect to all parameters.
    """
    rows = [frame for seed, task, models in runs for frame in _frames(seed, task, models, each)]
    table = pd.concat(rows, ignore_index=True)
    return Study(table, evidence_table(_evidence(table)))


def _frames(
    seed: int, task: Task, models: Mapping[str, nn.Module], each: int
) -> Iterator[pd.DataFrame]:
    for group, flag in zip(GROUPS, (True, False), strict=True):
        own = task.part(task.tuned & (task.modified == flag))
        inputs, labels = own.inputs[:each].double(), own.labels[:each]
        reward = reward_of(labels, own.modified[:each], task.allowed.shape[1], -1.0).double()
        for checkpoint, model in models.items():
            found = gradients.network(OneToken(model.double()), inputs, reward, 1)
            key: dict[str, Any] = {"seed": seed, "checkpoint": checkpoint, "group": group}
            measured = {name: value.numpy() for name, value in found._asdict().items()}
            bounds = {
                "theorem_ratio": theorem_bound(found.std, found.gamma, 1),
                "sharper_ratio": sharper_bound(found.std, found.gamma, 1),
            }
            ratios = {k: (found.gradient_norm / v).numpy() for k, v in bounds.items()}
            yield pd.DataFrame(key | measured | ratios)


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    found = {
        f"max_{name}": exact(float(table[name].max()), len(table))
        for name in ("theorem_ratio", "sharper_ratio")
    }
    slopes = [
        slope_interval(np.log(part["std"]), np.log(part["gradient_norm"]))
        for _, part in table.groupby("checkpoint", sort=False)
    ]
    found["min_slope"] = worst(slopes, largest=False)
    return found
