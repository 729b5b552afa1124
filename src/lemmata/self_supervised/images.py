"""What encoders are trained on and probed with: images of a prepared table, pixels standardised.

`FolderImages` (of `image_folder`) gives the same for a folder of image files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lemmata.errors import LemmataError
from lemmata.training.batches import batch_indices

AT_A_TIME = 256
"""Images that are embedded at once: of more, a core's cache does not hold the states (1,000 digits
took twice as long in one piece)."""


class Images(Protocol):
    """N images with their labels.

    y: (N,); split: (N,) of train, validation, test; row: (N,), their rows in the data set;
    nuisance: (N, P) where something was planted into them, else None.
    """

    y: NDArray[np.int64]
    split: NDArray[np.str_]
    row: NDArray[np.int64]
    nuisance: Tensor | None

    @property
    def side(self) -> int:
        """Pixels across."""
        ...

    @property
    def channels(self) -> int:
        """Colours."""
        ...

    def training(self, seed: int, batch_size: int, steps: int) -> Callable[[int], Tensor]:
        """step -> its batch (B, C, side, side) of training images, a function of (seed, step)."""
        ...

    def in_order(self, rows: NDArray[np.int64]) -> Iterator[Tensor]:
        """The images at these places, in parts (n, C, side, side)."""
        ...


@dataclass
class TableImages:
    """Images of a prepared table, all of them in the device's memory.

    nuisance: (N, P), what was planted into them, see `planted`.
    """

    pixels: Tensor  # (N, C, side, side)
    y: NDArray[np.int64]
    split: NDArray[np.str_]
    row: NDArray[np.int64]
    nuisance: Tensor | None = None

    @property
    def side(self) -> int:
        """Pixels across."""
        return self.pixels.shape[2]

    @property
    def channels(self) -> int:
        """Colours."""
        return self.pixels.shape[1]

    def training(  # every source takes `steps`
        self,
        seed: int,
        batch_size: int,
        steps: int,  # noqa: ARG002
    ) -> Callable[[int], Tensor]:
        """step -> its batch; `steps` is for sources that work ahead."""
        own = torch.from_numpy(np.flatnonzero(self.split == "train")).to(self.pixels.device)

        def batch(step: int) -> Tensor:
            places = torch.from_numpy(batch_indices(seed, step, len(own), batch_size))
            return self.pixels[own[places.to(own.device)]]

        return batch

    def in_order(self, rows: NDArray[np.int64]) -> Iterator[Tensor]:
        """The images at these places, in parts."""
        for part in torch.split(torch.from_numpy(rows).to(self.pixels.device), AT_A_TIME):
            yield self.pixels[part]


def table_images(table: pd.DataFrame, device: torch.device | str = "cpu") -> TableImages:
    """Images of a prepared table: each channel with mean 0, variance 1 over the training images.

    table: row, split, y and pixels x_0.. in [0, 1], channel after channel; three channels where one
    makes no square. Raises LemmataError where neither does.
    """
    columns = [name for name in table.columns if name.startswith("x_")]
    channels = 1 if math.isqrt(len(columns)) ** 2 == len(columns) else 3
    side = math.isqrt(len(columns) // channels)
    if channels * side**2 != len(columns):
        raise LemmataError(f"{len(columns)} pixels make no square image of 1 or 3 channels")
    raw = torch.from_numpy(table[columns].to_numpy(np.float32, copy=True))
    pixels = raw.view(-1, channels, side, side)
    split = table["split"].to_numpy(str)
    known = pixels[torch.from_numpy(split == "train")]
    mean = known.mean(dim=(0, 2, 3), keepdim=True)
    deviation = known.std(dim=(0, 2, 3), keepdim=True)
    return TableImages(
        ((pixels - mean) / deviation).to(device),
        table["y"].to_numpy(np.int64, copy=True),
        split,
        table["row"].to_numpy(np.int64, copy=True),
    )
