"""Learning rate, temperature and entropy bonus: what they change for either group of inputs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lemmata.reinforcement_finetuning.controlled.groups import HIGH, LOW
from lemmata.reinforcement_finetuning.controlled.studies.final import (
    extreme,
    finals,
    of_variant,
    read_all,
)
from lemmata.stats import Study, evidence_table

PLAIN, SFT = "rft", "sft"


def study(methods: Sequence[str], remedies: Sequence[str]) -> Study:
    """Table: variant, seed, low_std, high_std, overall (final mean rewards), remedy (bool).

    methods, remedies: histories of all seeds; plain RFT and SFT are among the first. Evidence over
    all remedies and seeds: the best low_std; the largest gain over plain RFT overall; how far the
    best remedy stays below SFT overall; what it costs high_std to lift low_std most.
    """
    base = finals(read_all(methods))
    base = base[base["variant"].isin([PLAIN, SFT])].assign(remedy=False)
    tried = finals(read_all(remedies)).assign(remedy=True)
    table = pd.concat([base, tried], ignore_index=True)
    plain, sft = of_variant(base, PLAIN), of_variant(base, SFT)
    wide = tried.pivot_table(index="variant", columns="seed", values="overall", sort=False)
    lifted = tried.groupby("variant")[LOW].mean().idxmax()
    cost = plain[HIGH] - of_variant(tried, str(lifted))[HIGH]
    evidence = {
        "max_low_of_remedies": extreme(tried[LOW]),
        "max_gain_of_remedies": extreme((wide - plain["overall"]).to_numpy().ravel()),
        "min_shortfall_to_sft": extreme(sft["overall"] - wide.max(axis=0), largest=False),
        "min_cost_of_the_lift": extreme(cost, largest=False),
    }
    return Study(table, evidence_table(evidence))
