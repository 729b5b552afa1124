"""Scratchpads and index hints beside the plain formats, decoders of one size."""

from __future__ import annotations

import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies.exact_match import difference_interval, summed
from lemmata.stats import Study, evidence_table

PAIRS = {  # what is compared, from which length over L up to 1.5 L
    "reverse_over_forward_addition": ("addition_reverse", "addition_forward", 1.25),
    "hinted_over_plain_parity": ("parity_ones", "parity", 1.25),
    "mode_over_bad_order": ("mode", "mode_by_appearance", 1.5),
    "good_order_over_bad_order": ("mode_by_count", "mode_by_appearance", 1.5),
}


def study(answers: pd.DataFrame) -> Study:
    """Table: task, model, seed, bin, n, exact.

    Evidence: differences of medians on lengths from 1.25 L to 1.5 L, of the mode at 1.5 L.
    """
    trained = answers[answers["bin"] == BINS[0]].groupby("task")["length"].max()
    over = answers["length"] / answers["task"].map(trained)
    evidence = {}
    for name, (first, second, least) in PAIRS.items():
        asked = summed(answers[(over >= least) & (over <= 1.5)].assign(lengths=name), "lengths")
        both = (asked[asked["task"] == task] for task in (first, second))
        evidence[name] = difference_interval(*both)
    return Study(summed(answers, "bin"), evidence_table(evidence))
