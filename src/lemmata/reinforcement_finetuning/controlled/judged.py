"""What policies say on every input, before and after: for studies, and as predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import nn

from lemmata.predictions import predictions_frame
from lemmata.reinforcement_finetuning.controlled.task import Task, reward_of
from lemmata.reinforcement_finetuning.objectives import reward_std

PRETRAINED: Final = "pretrained"
SEEDS_APART: Final = 1_000_000
"""Between the rows of two seeds: which inputs are modified is a matter of the seed."""
INPUTS: Final = {"tuned": True, "held_out": False}
"""Inputs that policies are finetuned on, and others."""


@torch.no_grad()
def said(models: Mapping[str, nn.Module], task: Task, seed: int) -> pd.DataFrame:
    """variant, seed, row, tuned, low_std, split, y, std (of the reward of +1 and -1), p_0, p_1, ...

    models: variant -> policy, on the device of its parameters. Rows of either kind of input are cut
    in turn into validation and test.
    """
    frames = []
    reward = reward_of(task.labels, task.modified, task.allowed.shape[1], -1.0).double()
    tuned = task.tuned.numpy()
    turn = np.where(tuned, np.cumsum(tuned), np.cumsum(~tuned))
    for variant, model in models.items():
        device = next(model.parameters()).device
        logits = torch.cat(
            [model(part.to(device)).cpu() for part in torch.split(task.inputs, 1000)]
        )
        p = torch.softmax(logits.double(), dim=1)
        own = {
            "variant": variant,
            "seed": np.int64(seed),
            "row": seed * SEEDS_APART + task.rows,
            "tuned": tuned,
            "low_std": task.modified.numpy(),
            "split": np.where(turn % 2, "validation", "test"),
            "y": task.labels.numpy(),
            "std": reward_std(p, reward + 1.0).numpy(),
        }
        frames.append(pd.DataFrame(own | {f"p_{k}": p[:, k].numpy() for k in range(p.shape[1])}))
    return pd.concat(frames, ignore_index=True)


def predictions(table: pd.DataFrame, variant: str, inputs: str) -> pd.DataFrame:
    """The common table of one variant on one kind of input. table: `said` of all seeds."""
    own = table[(table["variant"] == variant) & (table["tuned"] == INPUTS[inputs])]
    columns = sorted((c for c in own.columns if c.startswith("p_")), key=lambda c: int(c[2:]))
    parts = [
        predictions_frame(part, part[columns].to_numpy(np.float64), int(part["seed"].iloc[0]))
        for _, part in own.groupby("seed")
    ]
    return pd.concat(parts, ignore_index=True)


def std_groups(table: pd.DataFrame, inputs: str) -> pd.DataFrame:
    """row, g_low_std, g_high_std of one kind of input: known to whom the reward is known."""
    own = table[(table["variant"] == PRETRAINED) & (table["tuned"] == INPUTS[inputs])]
    flag = own["low_std"].to_numpy(bool)
    return pd.DataFrame(
        {"row": own["row"].to_numpy(np.int64), "g_low_std": flag, "g_high_std": ~flag}
    )
