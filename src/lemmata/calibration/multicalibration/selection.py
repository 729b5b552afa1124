"""What validation rows choose, and how the chosen ones stand against the noise floor.

Hansen et al., arXiv 2406.06487: a post-processor's setting and calibration fraction are those of
the least max-group SmoothECE on validation rows, averaged over seeds; test numbers are reported of
that choice alone [official code]. A floor stands beside each: the max-group SmoothECE that these
very predictions would show if they were perfectly calibrated, which small groups make large
[derived]. Hard predictions have none, what is made of them has: a post-processor is not held to the
floor of its base model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from lemmata.calibration.cumulative import max_cumulative_error
from lemmata.calibration.group_metrics import ALL, floor, worst_group
from lemmata.calibration.group_smooth_ece import null_max_smooth_ece
from lemmata.calibration.multicalibration.evaluate import (
    LEAST_ROWS,
    Case,
    Floats,
    Measures,
    Part,
    Predictions,
    cases,
    key_of,
)
from lemmata.calibration.multicalibration.inputs import Flags
from lemmata.calibration.multicalibration.post_processors import ERM, GROUP_AWARE
from lemmata.calibration.populations import null_law
from lemmata.errors import LemmataError

WHERE: Final = ["fraction", "n_calibration", "reuse"]
"""What tells the cases of one model apart, seeds aside."""
WHAT: Final = ["post_processor", "setting"]


def max_group(metrics: pd.DataFrame, measure: str = "smooth_ece") -> pd.DataFrame:
    """The largest value over groups, the whole-data row left out: one row per seed and setting.

    metrics: the table of `evaluate`. Returns seed, WHERE, WHAT, split and max_<measure>.
    """
    groups = metrics[metrics["group"] != ALL]
    keys = ["seed", *WHERE, *WHAT, "split"]
    found = groups.groupby(keys, dropna=False, sort=False)[measure].max()
    return found.rename(f"max_{measure}").reset_index()


def choose(metrics: pd.DataFrame) -> pd.DataFrame:
    """The setting of each post-processor in each case, and its best case.

    Returns WHERE, WHAT, validation_max_smooth_ece (mean over seeds, what is chosen by) and best. A
    setting that is missing for a seed (its calibration rows had one label only) is not chosen.
    `best` marks the case with the least validation error of each post-processor. Training rows
    that are used twice are a case of their own and take no part in that.
    """
    validation = max_group(metrics[metrics["split"] == "validation"])
    by = validation.groupby([*WHERE, *WHAT], dropna=False, sort=False)["max_smooth_ece"]
    means = by.agg(["mean", "size"]).reset_index()
    means = means[means["size"] == metrics["seed"].nunique()]
    if means.empty:
        raise LemmataError("metrics: no setting has been measured for every seed")
    chosen = means.loc[
        means.groupby([*WHERE, "post_processor"], dropna=False, sort=False)["mean"].idxmin()
    ]
    apart = chosen[~chosen["reuse"]]
    best = apart.groupby("post_processor", sort=False)["mean"].idxmin()
    chosen = chosen.assign(best=chosen.index.isin(best))
    named = chosen.rename(columns={"mean": "validation_max_smooth_ece"})
    return named.drop(columns="size").reset_index(drop=True)


def select(
    base: pd.DataFrame,
    groups: pd.DataFrame,
    metrics: pd.DataFrame,
    predictions: Predictions,
    measures: Measures,
    sizes: Sequence[int] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Test numbers of what `choose` chose, each seed, with floor and size-aware measure.

    metrics, predictions: of `evaluate`. One row per seed and chosen setting: seed, what `choose`
    returns, and of the test rows accuracy, brier, smooth_ece, binned_ece, max_smooth_ece,
    worst_group, max_binned_ece, floor_mean, floor_upper (95%), p_value, mce, mce_p_value. The floor
    is that of the post-processed predictions, outcomes drawn from them.
    """
    chosen = choose(metrics)
    test = metrics[metrics["split"] == "test"]
    selected = []
    for case in cases(base, groups, sizes, reuse=bool(metrics["reuse"].any())):
        for record in _of_case(chosen, case).to_dict("records"):
            choice = {str(name): value for name, value in record.items()}
            post_processor, label = choice["post_processor"], choice["setting"]
            p = predictions[(*key_of(case, None)[:4], post_processor, label)]
            rows = _of_case(test[test["seed"] == case.seed], case)
            same = (rows["post_processor"] == post_processor) & (rows["setting"] == label)
            null = null_of(p, case.test.groups, measures, (case.seed, case.n_calibration))
            summary = summarise(rows[same], p, case.test, null)
            selected.append({"seed": case.seed, **choice, **summary})
        tell(f"seed {case.seed}, fraction {case.fraction:g}, {case.n_calibration} rows")
    return pd.DataFrame(selected)


def _of_case(table: pd.DataFrame, case: Case) -> pd.DataFrame:
    same = (table["fraction"] == case.fraction) | table["fraction"].isna()
    rows = table["n_calibration"] == case.n_calibration
    return table[same & rows & (table["reuse"] == case.reuse)]


def null_of(p: Floats, groups: Flags, measures: Measures, stream: Sequence[int]) -> Floats:
    """Max-group SmoothECE (replicates,) that predictions p (N,) would show if calibrated.

    groups (N, G), those with fewer than two rows left out; stream: seeds the draws.
    """
    entropy = np.random.SeedSequence(measures.seed, spawn_key=tuple(stream))
    rng = np.random.Generator(np.random.Philox(entropy))
    measured = groups[:, groups.sum(axis=0) >= LEAST_ROWS]
    return null_max_smooth_ece(p, measured, measures.replicates, rng)


def summarise(measured: pd.DataFrame, p: Floats, part: Part, null: Floats) -> dict[str, Any]:
    """Overall and worst-group measures of predictions p (N,) with floor and size-aware measure.

    measured: their rows of `evaluate`, one per group; null: of `null_of` for the same predictions.
    """
    overall = measured[measured["group"] == ALL].iloc[0]
    own = ("accuracy", "brier", "smooth_ece", "binned_ece")
    worst = worst_group(measured)
    found = floor(null, worst["max_smooth_ece"])
    groups = part.groups[:, part.groups.sum(axis=0) >= LEAST_ROWS]
    size_aware = max_cumulative_error(p, part.y, groups)
    return {
        **{name: overall[name] for name in own},
        **worst,
        "floor_mean": found.mean,
        "floor_upper": found.upper,
        "p_value": found.p_value,
        "mce": size_aware.value,
        "mce_p_value": size_aware.p_value,
    }


def preferred(best: pd.DataFrame) -> str:
    """The post-processor that validation rows prefer, of rows of `select` at their best."""
    ordered = best.sort_values("validation_max_smooth_ece", kind="stable")
    return str(ordered["post_processor"].iloc[0])


def settings_on_test(metrics: pd.DataFrame) -> pd.DataFrame:
    """Test accuracy and max_smooth_ece of every setting by seed; reused training rows left out."""
    test = metrics[(metrics["split"] == "test") & ~metrics["reuse"]]
    keys = ["seed", *WHERE, *WHAT]
    overall = test[test["group"] == ALL][[*keys, "accuracy"]]
    return overall.merge(max_group(test).drop(columns="split"), on=keys)


def group_rows(
    metrics: Mapping[str, pd.DataFrame], selected: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """SmoothECE of every group: ERM, and isotonic and the chosen multicalibrator at their best.

    metrics, selected: by base model. Columns model, seed, post_processor, setting, fraction, group,
    n, smooth_ece, and null: what as many uniform, calibrated predictions would show.
    """
    parts = []
    for model, table in metrics.items():
        rows = selected[model]
        fresh = rows[~rows["reuse"]]
        best = fresh[fresh["best"]]
        aware = best[best["post_processor"].isin(GROUP_AWARE)]
        which = preferred(aware)
        wanted = pd.concat(
            [
                fresh[(fresh["post_processor"] == ERM) & (fresh["fraction"] == 0.0)],
                best[best["post_processor"].isin(["isotonic", which])],
            ]
        )
        test = table[(table["split"] == "test") & ~table["reuse"] & (table["group"] != ALL)]
        keys = ["seed", "fraction", *WHAT]
        parts.append(test.merge(wanted[keys], on=keys).assign(model=model))
    found = pd.concat(parts, ignore_index=True)
    columns = ["model", "seed", *WHAT, "fraction", "group", "n", "smooth_ece"]
    return found[columns].assign(null=[null_law(n) for n in found["n"]])
