"""What the studies of finetuned policies share: means over questions, correlations by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lemmata.reinforcement_finetuning.language.exact_match import PRETRAINED, reward_of
from lemmata.stats import Interval, exact, mean_interval


def mean_over(history: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Reward and STD by keys: means over questions, of rows that are means over n of them."""
    weighted = history.assign(
        reward=history["reward"] * history["n"], std=history["std"] * history["n"]
    )
    total = weighted.groupby(list(keys), sort=False)[["reward", "std", "n"]].sum()
    means = total[["reward", "std"]].div(total["n"], axis=0)
    return means.reset_index()


def final(history: pd.DataFrame) -> pd.DataFrame:
    """The last rows of every run of every seed."""
    ends = history.sort_values(["stage", "step"], kind="stable")
    return ends.groupby(["seed", "run", "kind", "low"], sort=False).tail(1)


def gains(answers: pd.DataFrame) -> pd.DataFrame:
    """seed, run, row, kind, low, std (before), before, gain: rewards of every question and run."""
    value = answers.assign(reward=reward_of(answers["p_target"].to_numpy()))
    before = value[value["run"] == PRETRAINED].set_index(["seed", "row"])["reward"]
    runs = value[value["run"] != PRETRAINED].join(before.rename("before"), on=["seed", "row"])
    runs = runs.assign(gain=runs["reward"] - runs["before"])
    return runs[["seed", "run", "row", "kind", "low", "std", "before", "gain"]].reset_index(
        drop=True
    )


def correlations(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Seeds by runs: correlation ("pearson" or "spearman") over questions of STD and gain."""
    rows = {}
    for (seed, run), part in table.groupby(["seed", "run"], sort=False):
        chosen = part[["std", "gain"]] if method == "pearson" else part[["std", "gain"]].rank()
        rows[seed, run] = float(chosen["std"].corr(chosen["gain"]))
    return pd.Series(rows).unstack()


def extremes(statistics: Mapping[str, pd.Series[float]]) -> dict[str, Interval]:
    """The least or the largest of each statistic, one value a seed, as its name says: `min_...`.

    All seeds must bear what is claimed of the worst. Left out as in `over_seeds`.
    """
    known = {name: values for name, values in statistics.items() if np.isfinite(values).all()}
    return {
        name: exact(values.min() if name.startswith("min_") else values.max(), len(values))
        for name, values in known.items()
    }


def over_seeds(statistics: Mapping[str, pd.Series[float]]) -> dict[str, Interval]:
    """Mean with its interval of each statistic, one value a seed.

    One that a seed does not have (no question of low STD, no gain that varies) is left out.
    """
    known = {name: values for name, values in statistics.items() if np.isfinite(values).all()}
    return {name: mean_interval(values.to_numpy()) for name, values in known.items()}
