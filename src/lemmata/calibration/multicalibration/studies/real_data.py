"""The three findings of arXiv 2406.06487's abstract over the data sets that are configured.

(1) Models that are calibrated out of the box tend to be multicalibrated without post-processing;
(2) multicalibration algorithms help models that are not; (3) classical recalibration sometimes
gives multicalibration implicitly [paper]. Each statistic is a mean over data sets and models for
each seed, with an interval over seeds: the seeds differ in validation and training rows, not in the
test rows, so it understates what other test rows would change [derived].
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lemmata.calibration.group_metrics import ALL
from lemmata.calibration.multicalibration.post_processors import ERM, GROUP_AWARE
from lemmata.calibration.multicalibration.selection import preferred
from lemmata.calibration.multicalibration.studies.known_population import CALIBRATED
from lemmata.data.study_splits import SHARE
from lemmata.stats import Interval, Study, evidence_table, mean_interval


def study(selected: Mapping[str, pd.DataFrame], rows: Mapping[str, int]) -> Study:
    """selected: by "<data set>/<model>"; rows: of the data set, all parts together.

    Columns dataset, rows, model, calibrated, seed, erm, isotonic, multicalibrator, which,
    floor_mean, and accuracy_* of each: max-group SmoothECE on test rows. ERM is trained on all
    training rows; isotonic and the multicalibrator (of HKRR, HJZ and boosting) are taken at the
    fraction and setting that validation rows choose.
    """
    parts = [_compared(name, table).assign(rows=rows[name]) for name, table in selected.items()]
    table = pd.concat(parts, ignore_index=True)
    table["excess"] = table["erm"] - table["floor_mean"]
    table["gain"] = table["erm"] - table["multicalibrator"]
    table["isotonic_gap"] = table["isotonic"] - table["multicalibrator"]
    calibrated = table["calibrated"]
    evidence = {
        "calibrated_excess_over_floor": _over_seeds(table[calibrated], "excess"),
        "calibrated_gain": _over_seeds(table[calibrated], "gain"),
        "uncalibrated_gain": _over_seeds(table[~calibrated], "gain"),
        "isotonic_gap": _over_seeds(table, "isotonic_gap"),
    }
    return Study(table, evidence_table(evidence))


def rows_of(metrics: pd.DataFrame) -> int:
    """Rows of the data set, from those of the test part in the table of `evaluate`."""
    whole = metrics[(metrics["split"] == "test") & (metrics["group"] == ALL)]
    return round(float(whole["n"].iloc[0]) / SHARE)


def _over_seeds(rows: pd.DataFrame, column: str) -> Interval:
    return mean_interval(rows.groupby("seed")[column].mean())


def _compared(name: str, selected: pd.DataFrame) -> pd.DataFrame:
    """One row per seed: ERM, isotonic and the multicalibrator that validation prefers."""
    dataset, model = name.split("/")
    fresh = selected[~selected["reuse"]]
    erm = fresh[(fresh["post_processor"] == ERM) & (fresh["fraction"] == 0.0)].set_index("seed")
    best = fresh[fresh["best"]]
    aware = best[best["post_processor"].isin(GROUP_AWARE)]
    which = preferred(aware)
    multi = aware[aware["post_processor"] == which].set_index("seed")
    isotonic = best[best["post_processor"] == "isotonic"].set_index("seed")
    return pd.DataFrame(
        {
            "dataset": dataset,
            "model": model,
            "calibrated": model in CALIBRATED,
            "erm": erm["max_smooth_ece"],
            "floor_mean": erm["floor_mean"],
            "isotonic": isotonic["max_smooth_ece"],
            "multicalibrator": multi["max_smooth_ece"],
            "which": which,
            "accuracy_erm": erm["accuracy"],
            "accuracy_isotonic": isotonic["accuracy"],
            "accuracy_multicalibrator": multi["accuracy"],
        }
    ).reset_index(names="seed")
