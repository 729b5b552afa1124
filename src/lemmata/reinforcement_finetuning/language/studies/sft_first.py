"""A little supervised finetuning first: how much of the full pipeline's success it keeps."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lemmata.reinforcement_finetuning.language.studies.summaries import (
    extremes,
    final,
    mean_over,
    over_seeds,
)
from lemmata.stats import Study, evidence_table


def study(history: pd.DataFrame, shares: Mapping[str, float]) -> Study:
    """Table: seed, share, sft (reward after SFT alone), std (of the questions of low STD then),
    reward (at the end), retained.

    shares: of the questions that SFT uses, by run; 0 where there is none, 1 in the full pipeline.
    retained: the probability of success, (V + 1) / 2, over that of the full pipeline; rewards
    themselves may be negative. Evidence: of every share, in percent, over
    seeds, with the worst of them.
    """
    keys = ["seed", "run"]
    end = mean_over(final(history), keys).set_index(keys)["reward"]
    last = history.groupby("run")["stage"].max()  # RFT is the last stage: it begins where SFT ended
    begin = history[(history["step"] == 0) & (history["stage"] == history["run"].map(last))]
    sft = mean_over(begin, keys).set_index(keys)["reward"]
    std = mean_over(begin[begin["low"]], keys).set_index(keys)["std"]
    table = pd.DataFrame({"reward": end, "sft": sft, "std": std}).reset_index()
    table["share"] = table["run"].map(shares)
    full = table[table["share"] == 1.0].set_index("seed")["reward"]
    table["retained"] = (table["reward"] + 1.0) / (table["seed"].map(full) + 1.0)
    table = table.sort_values(["share", "seed"], ignore_index=True)
    evidence: dict[str, pd.Series[float]] = {}
    worst: dict[str, pd.Series[float]] = {}
    for share, part in table.groupby("share"):
        percent = f"{100 * float(str(share)):g}"
        evidence[f"retained_{percent}"] = part["retained"]
        evidence[f"reward_{percent}"] = part["reward"]
        evidence[f"sft_alone_{percent}"] = part["sft"]
        evidence[f"std_after_sft_{percent}"] = part["std"]
        worst |= {f"min_retained_{percent}": part["retained"]}
        worst |= {f"max_reward_{percent}": part["reward"]}
    return Study(table, evidence_table(over_seeds(evidence) | extremes(worst)))
