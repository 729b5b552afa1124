"""The judge's word on generated images, as predictions of the class that was asked for."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from lemmata.predictions import predictions_frame

QUARTERS: Final = ("thin_strokes", "medium_thin_strokes", "medium_thick_strokes", "thick_strokes")


def judged(samples: pd.DataFrame, sampler: str, weight: float) -> pd.DataFrame:
    """The table of predictions of one sampler at one weight: y is the class asked for.

    samples: as `sampling_images.sample_images` makes them, of one seed. Rows are cut in turn into
    validation and test.
    """
    own = samples[(samples["sampler"] == sampler) & (samples["weight"] == weight)]
    split = np.where(np.arange(len(own)) % 2, "test", "validation")
    table = pd.DataFrame({"row": own["row"], "y": own["label"], "split": split})
    columns = sorted((c for c in own.columns if c.startswith("p_")), key=lambda c: int(c[2:]))
    return predictions_frame(table, own[columns].to_numpy(), int(own["seed"].iloc[0]))


def ink_groups(samples: pd.DataFrame) -> pd.DataFrame:
    """row, and by the quarter of a sample's mean pixel g_thin_strokes to g_thick_strokes."""
    ink = samples["ink"].to_numpy()
    place = np.searchsorted(np.quantile(ink, [0.25, 0.5, 0.75]), ink, side="left")
    flags = {f"g_{name}": place == k for k, name in enumerate(QUARTERS)}
    return samples[["row"]].assign(**flags).reset_index(drop=True)
