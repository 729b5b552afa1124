"""An image of every class by sampler and guidance weight, from one seed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import in_order, look
from lemmata.plotting import TEXT_WIDTH, style


def draw(table: pd.DataFrame) -> Figure:
    """table: sampler, weight, label, pixels x_0.. in [-1, 1], as `sampling_images` shows them; 3
    channels where the pixels of one make no square.
    """
    samplers = in_order(set(table["sampler"]))
    weights = sorted(table["weight"].unique())
    pixels = [column for column in table.columns if column.startswith("x_")]
    channels = 1 if np.sqrt(len(pixels)) % 1 == 0 else 3
    side = round(np.sqrt(len(pixels) / channels))
    one = 0.85 * TEXT_WIDTH / (len(weights) * table["label"].nunique())  # an image, inches
    with style():
        fig, axes = plt.subplots(
            len(samplers),
            len(weights),
            figsize=(TEXT_WIDTH, 0.3 + 1.35 * len(samplers) * one),
            squeeze=False,
        )
        for row, name in enumerate(samplers):
            for column, g in enumerate(weights):
                ax = axes[row, column]
                own = table[(table["sampler"] == name) & (table["weight"] == g)]
                first = own.sort_values("label")
                if len(first):
                    images = first[pixels].to_numpy().reshape(-1, channels, side, side)
                    row_of = np.concatenate(list(images), axis=2).transpose(1, 2, 0)
                    if channels == 3:
                        row_of = (row_of.clip(-1, 1) + 1) / 2
                    ax.imshow(row_of.squeeze(), cmap="gray_r", vmin=-1, vmax=1)
                ax.set_xticks([])
                ax.set_yticks([])
                ax.spines[:].set_visible(False)
                if row == 0:
                    ax.set_title(f"$\\gamma={g:g}$", fontsize=7)
                if column == 0:
                    ax.set_ylabel(look(name).name, rotation=0, ha="right", va="center", fontsize=7)
    return fig
