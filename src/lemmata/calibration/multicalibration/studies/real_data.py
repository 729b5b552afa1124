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

    Columns dataset, rows, model, calibrated, seed, erm, isotonic, multicalibrator (max-group
    SmoothECE on test rows), which, and of each of the three floor_*, mce_*, accuracy_*. ERM is
    trained on all training rows; isotonic and the multicalibrator (of HKRR, HJZ and boosting) are
    taken at the fraction and setting that validation rows choose.
    """
    parts = [_compared(name, table).assign(rows=rows[name]) for name, table in selected.items()]
    table = pd.concat(parts, ignore_index=True)
    table["excess"] = table["erm"] - table["floor_erm"]
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
    compared = {"erm": erm, "isotonic": isotonic, "multicalibrator": multi}
    beside = {"floor": "floor_mean", "mce": "mce", "accuracy": "accuracy"}
    return pd.DataFrame(
        {
            "dataset": dataset,
            "model": model,
            "calibrated": model in CALIBRATED,
            **{name: rows["max_smooth_ece"] for name, rows in compared.items()},
            "which": which,
            **{
                f"{measure}_{name}": rows[column]
                for measure, column in beside.items()
                for name, rows in compared.items()
            },
        }
    ).reset_index(names="seed")
