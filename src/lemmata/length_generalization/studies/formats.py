"""Scratchpads and index hints beside the plain formats of the same questions."""

from __future__ import annotations

import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies.exact_match import difference_interval, summed
from lemmata.stats import Study, evidence_table

PAIRS = {
    "reverse_over_forward_addition": ("addition_reverse", "addition_forward"),
    "hinted_over_plain_parity": ("parity_ones", "parity"),
    "mode_over_bad_order": ("mode", "mode_by_appearance"),
    "good_order_over_bad_order": ("mode_by_count", "mode_by_appearance"),
}


def study(answers: pd.DataFrame) -> Study:
    """Table: task, model, seed, bin, n, exact; evidence: differences of medians on (L, 1.5 L]."""
    bins = summed(answers, "bin")
    beyond = bins[bins["bin"] == BINS[1]]
    evidence = {
        name: difference_interval(*(beyond[beyond["task"] == task] for task in pair))
        for name, pair in PAIRS.items()
    }
    return Study(bins, evidence_table(evidence))
