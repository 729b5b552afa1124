"""What policies say on every input, before and after finetuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import nn

from lemmata.reinforcement_finetuning.controlled.task import Task, reward_of
from lemmata.reinforcement_finetuning.objectives import reward_std

SEEDS_APART: Final = 1_000_000
"""Between the rows of two seeds: which inputs are modified is a matter of the seed."""
AT_A_TIME: Final = 1000


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
        parts = torch.split(task.inputs, AT_A_TIME)
        logits = torch.cat([model(part.to(device)).cpu() for part in parts])
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
