"""Does finetuning make policies over-confident? Confidence against correctness, by group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from lemmata.stats import Interval, Study, evidence_table, mean_interval
from lemmata.tables import read_table

UNTOUCHED: Final = "erm"
GROUPS: Final = ("all", "low_std", "high_std")
RFT, SFT, PRETRAINED = "rft", "sft", "pretrained"


def study(inputs: Iterable[str], paths: Iterable[str]) -> Study:
    """Table: inputs (tuned, held_out), model, seed, group, n, mean_p, mean_y, smooth_ece, gap.

    paths: measures by group without post-processing, a table for each kind of inputs; gap: mean
    confidence less the share of right answers. Evidence: over seeds, gap of each model on the
    inputs that it was tuned on, and how much RFT's is above SFT's and the pretrained policy's.
    """
    parts = [read_table(path).assign(inputs=kind) for kind, path in zip(inputs, paths, strict=True)]
    whole = pd.concat(parts, ignore_index=True)
    chosen = (whole["post_processor"] == UNTOUCHED) & whole["group"].isin(GROUPS)
    columns = ["inputs", "model", "seed", "group", "n", "mean_p", "mean_y", "smooth_ece"]
    table = whole.loc[chosen, columns].reset_index(drop=True)
    table["gap"] = table["mean_p"] - table["mean_y"]
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    found = {}
    for kind, part in table[table["group"] == "all"].groupby("inputs"):
        gap = part.pivot_table(index="seed", columns="model", values="gap")
        for model in gap.columns:
            found[f"overconfidence_{model}_{kind}"] = mean_interval(gap[model])
        for other in (SFT, PRETRAINED):
            found[f"overconfidence_rft_over_{other}_{kind}"] = mean_interval(gap[RFT] - gap[other])
    return found
