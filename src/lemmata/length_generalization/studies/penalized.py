"""The same decoders with and without the positional regularizer."""

from __future__ import annotations

import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies.exact_match import summed
from lemmata.stats import Study, evidence_table, mean_interval


def study(answers: pd.DataFrame) -> Study:
    """Table: task, model, seed, bin, n, exact.

    Evidence: the gain on the longest bin, mean over seeds of the mean over tasks: seeds are what
    was drawn, the tasks are all there are.
    """
    bins = summed(answers, "bin")
    longest = max(bins["bin"].unique(), key=BINS.index)
    last = bins[bins["bin"] == longest]
    wide = last.pivot_table(index=["task", "seed"], columns="model", values="exact")
    gain = (wide["ape_penalty"] - wide["ape_plain"]).groupby("seed").mean()
    return Study(bins, evidence_table({"mean_gain_longest_bin": mean_interval(gain)}))
