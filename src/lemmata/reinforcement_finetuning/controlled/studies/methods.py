"""RFT and SFT of the same pretrained policies, by group of inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.reinforcement_finetuning.controlled.groups import HIGH, LOW
from lemmata.reinforcement_finetuning.controlled.studies.final import (
    at_start,
    extreme,
    finals,
    of_variant,
    read_all,
)
from lemmata.stats import Interval, Study, evidence_table

RFT, SFT, HIGH_REWARD, ONE_PERCENT = "rft", "sft", "rft_high_reward", "sft_1_percent"
SURROGATES = ("reinforce", "grpo", "normalised")


def study(paths: Sequence[str]) -> Study:
    """Table: the histories of all seeds: variant, seed, phase, epoch, group and measures.

    Evidence over seeds, the worst of them: ratio of the initial gradient norms of the two groups,
    final mean rewards, and what SFT of 1% of the inputs beforehand adds.
    """
    history = read_all(paths)
    return Study(history, evidence_table(_gradients(history) | _rewards(history)))


def _gradients(history: pd.DataFrame) -> dict[str, Interval]:
    found = {}
    for name, variant, column in (
        ("max_gradient_ratio_rft", RFT, "rft_gradient"),
        ("max_gradient_ratio_high_reward", HIGH_REWARD, "rft_gradient"),
        ("min_gradient_ratio_sft", SFT, "sft_gradient"),
    ):
        low, high = (at_start(history, variant, group)[column] for group in (LOW, HIGH))
        ratio = (low / high).to_numpy()
        found[name] = extreme(ratio, largest=name.startswith("max"))
    start = at_start(history, HIGH_REWARD, LOW)["reward"].to_numpy()
    found["min_initial_high_reward"] = extreme(start, largest=False)
    return found


def _rewards(history: pd.DataFrame) -> dict[str, Interval]:
    last = finals(history)
    rft, sft = of_variant(last, RFT), of_variant(last, SFT)
    found = {
        "max_final_low_rft": extreme(rft[LOW]),
        "min_final_low_sft": extreme(sft[LOW], largest=False),
        "min_final_high": extreme(np.minimum(rft[HIGH], sft[HIGH]), largest=False),
    }
    for variant in SURROGATES:
        found[f"max_final_low_{variant}"] = extreme(of_variant(last, variant)[LOW])
    gain = of_variant(last, ONE_PERCENT)["overall"] - rft["overall"]
    found["max_gain_of_one_percent"] = extreme(gain)
    return found
