"""Our numbers beside published ones on one data set, and what three defects did to those.

The authors of arXiv 2406.06487 committed results of every run. Beside them: ERM of the six models
by exact SmoothECE and by the formula of the relplot version that they used, whose end points count
half; the SVM as their loader trains it, on features that are not scaled like the test rows'
whenever some rows are kept for calibration; and the row that their tables print as Platt scaling,
which their script fetches from HJZ's results [official code].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lemmata.calibration.classical import fit_predict
from lemmata.calibration.multicalibration.base_models import Fractions, deals
from lemmata.calibration.multicalibration.post_processors import ERM
from lemmata.calibration.multicalibration.selection import max_group
from lemmata.calibration.relplot_versions import relplot_1_0_1
from lemmata.data.design import design_matrix
from lemmata.stats import (
    Interval,
    Study,
    evidence_table,
    mean_interval,
    quantile_interval,
    worst,
)

MEASURES = ("binned_ece", "max_binned_ece", "smooth_ece", "max_smooth_ece", "accuracy")
RESAMPLES = 2000
BESIDE = ("floor_mean", "mce")  # of ours; not published
OLD = {"smooth_ece": "smooth_ece_old_formula", "max_smooth_ece": "max_smooth_ece_old_formula"}


def study(
    published: Mapping[str, Any],
    metrics: Mapping[str, pd.DataFrame],
    selected: Mapping[str, pd.DataFrame],
    base: Mapping[str, pd.DataFrame],
    groups: pd.DataFrame,
    scaling: pd.DataFrame,
) -> Study:
    """published: config/published/*.yaml; the tables by model; scaling: of `svm_scaling`.

    Columns part (erm, scaling, platt_row), model, seed, fraction, measure, value, published,
    published_std: NaN where nothing was published.
    """
    numbers = published["erm"]
    table = pd.concat(
        [
            *(_erm(model, selected[model], base[model], groups, numbers[model]) for model in base),
            scaling.assign(part="scaling", model="svm"),
            *(_platt_row(model, metrics[model]) for model in metrics),
        ],
        ignore_index=True,
    )
    erm = table[table["part"] == "erm"].pivot_table(
        index=["model", "seed"], columns="measure", values="value"
    )
    bayes = erm.loc["naive_bayes"]
    deficit = 1.0 - bayes["max_smooth_ece_old_formula"] / bayes["max_smooth_ece"]
    isotonic = _chosen(selected["naive_bayes"], "isotonic")
    evidence = {
        "largest_deviation_in_spreads": _deviation(erm, numbers),
        "naive_bayes_old_formula_deficit": mean_interval(deficit),
        "orderings_that_agree": agreement(selected),
        "naive_bayes_gain_of_isotonic": mean_interval(
            _chosen(selected["naive_bayes"], ERM)["max_smooth_ece"] - isotonic["max_smooth_ece"]
        ),
    }
    return Study(table, evidence_table(evidence))


def svm_scaling(
    table: pd.DataFrame,
    hyper_parameters: Mapping[str, Any],
    fractions: Sequence[float],
    seeds: Sequence[int],
) -> pd.DataFrame:
    """Test accuracy of the SVM with features scaled alike, and with the published mismatch.

    table: prepared. Every column is standardised, as published; with rows kept for calibration the
    published loader trains on features as they are and tests on standardised ones. Columns seed,
    fraction, measure (accuracy, accuracy_mismatch), value.
    """
    rows = []
    y = table["y"].to_numpy()
    for seed, fraction, split in deals(len(table), Fractions(tuple(fractions)), seeds):
        train, test = split == "train", split == "test"
        plain = _unscaled(table.assign(split=split))  # (N, D)
        spread = plain[train].std(axis=0)
        scaled = (plain - plain[train].mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
        fitted = plain if fraction > 0.0 else scaled
        for measure, X in (("accuracy", scaled), ("accuracy_mismatch", fitted)):
            p = fit_predict("svm", hyper_parameters, X[train], y[train], scaled[test], seed)[:, 1]
            value = float((np.round(p) == y[test]).mean())
            rows.append({"seed": seed, "fraction": fraction, "measure": measure, "value": value})
    return pd.DataFrame(rows)


def _unscaled(table: pd.DataFrame) -> np.ndarray:
    """The design matrix with numbers as they are, categories as 0 and 1: (N, D)."""
    blocks = []
    for name in design_matrix(table)[1]:
        column, _, level = name.partition("=")
        values = table[column]
        blocks.append((values == level).to_numpy(float) if level else values.to_numpy(float))
    return np.stack(blocks, axis=1)


def _erm(
    model: str,
    selected: pd.DataFrame,
    base: pd.DataFrame,
    groups: pd.DataFrame,
    published: Mapping[str, float],
) -> pd.DataFrame:
    """The base model on all training rows: our measures, the old formula's, the published ones."""
    found = _chosen(selected, ERM)[[*MEASURES, *BESIDE]]
    flags = groups.drop(columns="row").to_numpy(bool)
    old = dict(_old_formula(base, flags))
    for k, measure in enumerate(OLD):
        found[OLD[measure]] = [old[seed][k] for seed in found.index]
    names = {m: m for m in (*MEASURES, *BESIDE)} | {
        old_name: name for name, old_name in OLD.items()
    }
    long = found.reset_index().melt("seed", var_name="measure")
    return long.assign(
        part="erm",
        model=model,
        fraction=0.0,
        published=[published.get(names[m], np.nan) for m in long["measure"]],
        published_std=[published.get(f"{names[m]}_std", np.nan) for m in long["measure"]],
    )


def _old_formula(
    base: pd.DataFrame, flags: np.ndarray
) -> Iterator[tuple[int, tuple[float, float]]]:
    """(seed, (overall, largest over groups)) of relplot 1.0's SmoothECE on the test rows."""
    test = base[(base["fraction"] == 0.0) & (base["split"] == "test")]
    for seed in sorted(test["seed"].unique()):
        rows = test[test["seed"] == seed]
        p, y = rows["p"].to_numpy(), rows["y"].to_numpy(np.float64)
        member = flags[rows["row"].to_numpy()]  # (N, G)
        of_groups = [relplot_1_0_1(p[m], y[m]) for m in member.T if m.sum() > 1]
        yield int(seed), (relplot_1_0_1(p, y), max(of_groups))


def _chosen(selected: pd.DataFrame, post_processor: str) -> pd.DataFrame:
    """Rows by seed: ERM at fraction 0, a post-processor at the fraction that validation chose."""
    rows = selected[(selected["post_processor"] == post_processor) & ~selected["reuse"]]
    rows = rows[rows["fraction"] == 0.0] if post_processor == ERM else rows[rows["best"]]
    return rows.set_index("seed").sort_index()


def _platt_row(model: str, metrics: pd.DataFrame) -> pd.DataFrame:
    """Max-group SmoothECE of Platt scaling, and of what is printed in its row."""
    test = max_group(metrics[(metrics["split"] == "test") & ~metrics["reuse"]])
    first = test.loc[test["post_processor"] == "hjz", "setting"].iloc[0]
    rows = []
    for measure, name, setting in (("platt", "platt", None), ("printed_as_platt", "hjz", first)):
        found = test[test["post_processor"] == name]
        found = found if setting is None else found[found["setting"] == setting]
        rows.append(found[["seed", "fraction", "max_smooth_ece"]].assign(measure=measure))
    table: pd.DataFrame = pd.concat(rows, ignore_index=True)
    table = table.rename(columns={"max_smooth_ece": "value"})
    return table.assign(part="platt_row", model=model)


def _deviation(erm: pd.DataFrame, published: Mapping[str, Mapping[str, float]]) -> Interval:
    """Largest over models of |our mean - published| in joint spreads, by the published formula.

    The interval is that of our mean (Student's t over seeds), the spreads taken as known.
    """
    found = []
    for model, ours in erm["max_smooth_ece_old_formula"].groupby("model"):
        theirs = published[str(model)]
        spread = np.hypot(ours.std(), theirs["max_smooth_ece_std"])
        value, lower, upper, n = mean_interval((ours - theirs["max_smooth_ece"]) / spread)
        nearest = 0.0 if lower <= 0.0 <= upper else min(abs(lower), abs(upper))
        found.append(Interval(abs(value), nearest, max(abs(lower), abs(upper)), n))
    return worst(found)


def agreement(selected: Mapping[str, pd.DataFrame]) -> Interval:
    """Share of decision tree and naive Bayes that both measures rank alike, isotonic and ERM.

    The interval is the central range over resamples of the seeds, drawn alike for all four means.
    """
    gains = []  # of (model, measure), by seed
    for model in ("decision_tree", "naive_bayes"):
        erm, isotonic = (_chosen(selected[model], name) for name in (ERM, "isotonic"))
        gains.append([isotonic[m] - erm[m] for m in ("max_smooth_ece", "max_binned_ece")])
    values = np.asarray(gains, dtype=np.float64)  # (model, measure, S)
    S = values.shape[-1]
    drawn = np.random.default_rng(0).integers(S, size=(RESAMPLES, S))
    signs = np.sign(values[..., drawn].mean(axis=-1))  # (model, measure, RESAMPLES)
    shares = (signs[:, 0] == signs[:, 1]).mean(axis=0)
    _, lower, upper, _ = quantile_interval(shares)
    means = np.sign(values.mean(axis=-1))
    return Interval(float((means[:, 0] == means[:, 1]).mean()), lower, upper, S)
