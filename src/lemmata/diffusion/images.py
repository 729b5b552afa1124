"""Images as generators and their judge need them: pixels in [-1, 1], halves kept apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lemmata.diffusion.training_data import one_hot


def training_examples(table: pd.DataFrame) -> tuple[Tensor, Tensor]:
    """Pixels (N, D) and one-hot labels (N, K) of the training rows of the prepared table."""
    pixels, labels = _rows(table, table["split"] == "train")
    return pixels, one_hot(labels, int(table["y"].max()) + 1)


def held_out(table: pd.DataFrame) -> tuple[Tensor, Tensor]:
    """Pixels (M, D) and labels (M,) of all other rows: no generator is trained on them."""
    return _rows(table, table["split"] != "train")


def _rows(table: pd.DataFrame, chosen: pd.Series[bool]) -> tuple[Tensor, Tensor]:
    own = table[chosen]
    columns = [name for name in table.columns if name.startswith("x_")]
    pixels = 2.0 * own[columns].to_numpy(np.float32) - 1.0  # the table has them in [0, 1]
    # Row by row in memory, as they are drawn; a table has them column by column.
    return torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(
        own["y"].to_numpy(np.int64, copy=True)
    )
