"""Exact match with scratchpads and index hints beside the plain formats."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import COLOURS, MARKERS, NAMES
from lemmata.length_generalization.figures.penalized import seeds_by_bin


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.formats` makes it: exact match by task, model, seed and bin."""
    return seeds_by_bin(table, {"ape": (NAMES["ape"], COLOURS["ape"], MARKERS["ape"])})
