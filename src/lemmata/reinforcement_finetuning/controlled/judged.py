"""What policies say on inputs as common tables of predictions, with the groups of the inputs."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from lemmata.predictions import predictions_frame
from lemmata.reinforcement_finetuning.controlled.groups import PRETRAINED

HELD_OUT: Final = "_held_out"
"""Ends the name of a policy that is judged on inputs that it was not tuned on."""


def predictions(said: pd.DataFrame, model: str) -> pd.DataFrame:
    """The common table of one policy, all seeds. said: as `answers.said` makes it."""
    tuned = not model.endswith(HELD_OUT)
    variant = model.removesuffix(HELD_OUT)
    own = said[(said["variant"] == variant) & (said["tuned"] == tuned)]
    columns = sorted((c for c in own.columns if c.startswith("p_")), key=lambda c: int(c[2:]))
    parts = [
        predictions_frame(part, part[columns].to_numpy(np.float64), int(part["seed"].iloc[0]))
        for _, part in own.groupby("seed")
    ]
    return pd.concat(parts, ignore_index=True)


def std_groups(said: pd.DataFrame) -> pd.DataFrame:
    """row, g_low_std, g_high_std: known to whom the reward is known."""
    own = said[said["variant"] == PRETRAINED]
    low = own["low_std"].to_numpy(bool)
    rows = own["row"].to_numpy(np.int64)
    return pd.DataFrame({"row": rows, "g_low_std": low, "g_high_std": ~low})
