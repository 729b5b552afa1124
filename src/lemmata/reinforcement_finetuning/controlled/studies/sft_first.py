"""SFT of a few inputs before RFT, where the new labels are those of whole classes."""

from __future__ import annotations

from collections.abc import Sequence

from lemmata.reinforcement_finetuning.controlled.groups import LOW
from lemmata.reinforcement_finetuning.controlled.studies.final import (
    extreme,
    finals,
    of_variant,
    read_all,
)
from lemmata.stats import Study, evidence_table

ALONE, FULL, ONE_PERCENT = "rft_sgd", "sft_full", "sft_1_percent"


def study(paths: Sequence[str]) -> Study:
    """Table: variant, seed, low_std, high_std, overall (final mean rewards), and of low_std before
    the main phase low_start, std_start (reward and STD after SFT), overall_start.

    Evidence over seeds, the worst: what share of full SFT's reward 1% keeps, its advantage over RFT
    alone by SGD, the reward of SFT alone on 1%, and STD before and after it.
    """
    history = read_all(paths)
    table = finals(history)
    main = history[(history["phase"] == "main") & (history["epoch"] == 0)]
    start = finals(main).rename(columns={LOW: "low_start", "overall": "overall_start"})
    spread = finals(main, "std").rename(columns={LOW: "std_start"})
    keys = ["variant", "seed"]
    table = table.merge(start[[*keys, "low_start", "overall_start"]], on=keys)
    table = table.merge(spread[[*keys, "std_start"]], on=keys)
    one, full, alone = (of_variant(table, name) for name in (ONE_PERCENT, FULL, ALONE))
    evidence = {
        "min_retained": extreme(one["overall"] / full["overall"], largest=False),
        "min_advantage_over_rft": extreme(one["overall"] - alone["overall"], largest=False),
        "max_reward_of_sft_alone": extreme(one["overall_start"]),
        "max_std_without_sft": extreme(alone["std_start"]),
        "min_std_after_sft": extreme(one["std_start"], largest=False),
    }
    return Study(table, evidence_table(evidence))
