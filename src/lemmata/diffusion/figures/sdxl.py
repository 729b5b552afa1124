"""Images of a Stable Diffusion XL checkpoint by sampler (rows) and prompt (columns)."""

from __future__ import annotations

import io
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from lemmata.diffusion.figures.look import in_order, look
from lemmata.plotting import TEXT_WIDTH, style


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.sdxl` makes it; the first image of every prompt."""
    first = table[table["number"] == 0]
    names, prompts = in_order(set(first["sampler"])), list(first["prompt"].unique())
    side = min(1.4, TEXT_WIDTH / (len(prompts) + 0.6))
    with style():
        fig, axes = plt.subplots(
            len(names), len(prompts), figsize=(TEXT_WIDTH, side * len(names)), squeeze=False
        )
        for (row, column), ax in np.ndenumerate(axes):
            own = first[(first["sampler"] == names[row]) & (first["prompt"] == prompts[column])]
            ax.imshow(np.asarray(Image.open(io.BytesIO(own["png"].iloc[0]))))
            ax.set_xticks([])
            ax.set_yticks([])
            if row == 0:
                ax.set_title("\n".join(textwrap.wrap(prompts[column], 24)), fontsize=6)
            if column == 0:
                rms = first.loc[first["sampler"] == names[row], "rms"].mean()
                label = f"{look(names[row]).name}\nRMS to DDPM {rms:.2g}"
                ax.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=6)
    return fig
