"""AND of bits: accuracy of each trained transformer and of the min-degree interpolator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import NAMES, look
from lemmata.plotting import COLUMN_WIDTH, style

TESTS = {
    "free": "as trained:\nfrozen bits 1",
    "one frozen zero": "one 0 among\nfrozen bits",
    "frozen at random": "frozen bits\nat random",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.conjunction` makes it: model, zeros, seed, test, accuracy."""
    models = list(dict.fromkeys(table["model"]))
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.4))
        for number, model in enumerate(models):
            rows = table[table["model"] == model]
            for place, test in enumerate(TESTS):
                values = rows.loc[rows["test"] == test, "accuracy"].to_numpy()
                beside = 0.25 * (number - (len(models) - 1) / 2)
                spread = np.linspace(-0.07, 0.07, len(values)) if len(values) > 1 else np.zeros(1)
                label = f"{NAMES[model]}, {len(values)} run{'s' * (len(values) > 1)}"
                ax.plot(
                    place + beside + spread,
                    values,
                    ls="",
                    ms=3,
                    label=label if place == 0 else None,
                    **look(model),
                )
        ax.set_xticks(range(len(TESTS)), list(TESTS.values()))
        ax.set_ylabel("accuracy")
        ax.set_ylim(-0.05, 1.05)
        fig.legend(loc="outside upper center", ncols=1)
    return fig
