"""The synthetic population: post-processing against the number of calibration rows.

What Hansen, Devic, Nakkiran, Sharan, arXiv 2406.06487, find on real data, asked where the true
probabilities are known and rows are plenty: calibrated models are near the floor, HKRR harms them
until it has rows enough, naive Bayes gains, isotonic regression is strong but blind to groups
[derived; the criteria were fixed before this study was run].
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from lemmata.calibration.multicalibration.post_processors import ERM
from lemmata.calibration.multicalibration.selection import max_group
from lemmata.stats import Interval, Study, evidence_table, exact, mean_interval, worst

CALIBRATED = ("logistic_regression", "random_forest", "mlp")
FEW_ROWS = 2000
LR, NB, RF = "logistic_regression", "naive_bayes", "random_forest"


def study(metrics: Mapping[str, pd.DataFrame], selected: Mapping[str, pd.DataFrame]) -> Study:
    """metrics, selected: of each base model on the population.

    Columns model, seed, n_calibration, post_processor, setting, max_smooth_ece, accuracy (test
    rows, every setting), chosen (by validation rows); of chosen ones floor_mean, floor_upper, mce.
    """
    table = pd.concat(
        [_rows(metrics[model], selected[model]).assign(model=model) for model in metrics],
        ignore_index=True,
    )
    chosen = table[table["chosen"]]
    sizes = sorted(set(chosen["n_calibration"]) - {0})
    evidence = {
        **_near_the_floor(chosen),
        **_break_even(chosen, sizes),
        **_uncalibrated(chosen, table, sizes[-1]),
        **_isotonic(chosen, sizes[-1]),
        **_sensitivity(table, sizes[-2]),
    }
    return Study(table, evidence_table(evidence))


def _rows(metrics: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    test = metrics[metrics["split"] == "test"]
    keys = ["seed", "n_calibration", "post_processor", "setting"]
    overall = test[test["group"] == "all"].set_index(keys)["accuracy"]
    wide = max_group(test).set_index(keys)[["max_smooth_ece"]].join(overall)
    floors = selected.set_index(keys)[["floor_mean", "floor_upper", "mce"]]
    joined = wide.join(floors)
    return joined.assign(chosen=joined["floor_mean"].notna()).reset_index()


def _by_seed(rows: pd.DataFrame, model: str, post_processor: str, size: int) -> pd.Series:
    """Max-group SmoothECE by seed of one choice; of ERM the size is 0."""
    same = (rows["model"] == model) & (rows["post_processor"] == post_processor)
    found = rows[same & (rows["n_calibration"] == size)]
    return found.set_index("seed")["max_smooth_ece"].sort_index()


def _near_the_floor(chosen: pd.DataFrame) -> dict[str, Interval]:
    erm = chosen[chosen["post_processor"] == ERM]
    excess = (erm["max_smooth_ece"] - erm["floor_mean"]).groupby(erm["model"])
    return {
        f"{model}_excess": mean_interval(values) for model, values in excess if model in CALIBRATED
    }


def _break_even(chosen: pd.DataFrame, sizes: list[int]) -> dict[str, Interval]:
    erm = _by_seed(chosen, LR, ERM, 0)
    hkrr = {size: _by_seed(chosen, LR, "hkrr", size) for size in sizes}
    harm = [float((hkrr[size] - erm).min()) for size in sizes if size <= FEW_ROWS]
    steps = [mean_interval(hkrr[after] - hkrr[before]) for before, after in pairwise(sizes)]
    return {
        "hkrr_least_harm_with_few_rows": exact(min(harm), len(harm) * len(erm)),
        "hkrr_largest_step": worst(steps),
        "hkrr_gap_with_most_rows": mean_interval(hkrr[sizes[-1]] - erm),
    }


def _uncalibrated(chosen: pd.DataFrame, table: pd.DataFrame, most: int) -> dict[str, Interval]:
    erm = _by_seed(chosen, NB, ERM, 0)
    hedge = table["setting"].str.contains("learner=hedge") & ~table["setting"].str.contains(
        "adversary=hedge"
    )
    by_setting = table[hedge].groupby("setting")
    # Of the step sizes the worst: the claim is about the learner.
    gains = [mean_interval(erm - _by_seed(rows, NB, "hjz", most)) for _, rows in by_setting]
    return {
        "naive_bayes_gain_of_hkrr": mean_interval(erm - _by_seed(chosen, NB, "hkrr", most)),
        "naive_bayes_gain_of_hedge": worst(gains, largest=False),
    }


def _isotonic(chosen: pd.DataFrame, most: int) -> dict[str, Interval]:
    def change(model: str) -> Interval:
        isotonic = _by_seed(chosen, model, "isotonic", most)
        return mean_interval(isotonic - _by_seed(chosen, model, ERM, 0))

    return {
        "random_forest_change_by_isotonic": change(RF),
        "naive_bayes_change_by_isotonic": change(NB),
    }


def _sensitivity(table: pd.DataFrame, size: int) -> dict[str, Interval]:
    """Range over settings by seed: HKRR's over alpha, HJZ's over learners with best response."""
    rows = table[(table["model"] == LR) & (table["n_calibration"] == size)]
    rows = rows[~rows["setting"].str.contains("adversary=")]
    ranges = {
        name: rows[rows["post_processor"] == name].groupby("seed")["max_smooth_ece"].agg(np.ptp)
        for name in ("hkrr", "hjz")
    }
    return {
        "hkrr_range_over_alpha": mean_interval(ranges["hkrr"]),
        "hjz_range_less_hkrr_range": mean_interval(ranges["hjz"] - ranges["hkrr"]),
    }
