"""Base models, the grid of settings on them, and what validation chooses, on a small population."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.base_classical import classical_fit
from lemmata.calibration.multicalibration.base_models import (
    Fractions,
    Population,
    base_predictions,
    design_of,
)
from lemmata.calibration.multicalibration.base_networks import BaseNetworkSettings, network_fit
from lemmata.calibration.multicalibration.evaluate import cases, evaluate, post_process
from lemmata.calibration.multicalibration.selection import choose, max_group, null_of, select
from lemmata.data.study_splits import study_split
from lemmata.errors import LemmataError
from lemmata.tables import check_predictions
from tests.unit.calibration.multicalibration.settings import MEASURES, ROWS, SEEDS, SETTINGS


def test_base_predictions_are_those_of_a_fit_on_what_is_left(
    table: pd.DataFrame, base: pd.DataFrame
) -> None:
    from sklearn.naive_bayes import GaussianNB

    check_predictions(base, "base")
    for seed in SEEDS:
        for fraction in (0.0, 0.4):
            part = study_split(len(table), seed, fraction)
            X = table[[c for c in table if c.startswith("x_")]].to_numpy()
            train = part == "train"
            X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
            model = GaussianNB().fit(X[train], table["y"][train])
            rows = base[(base["seed"] == seed) & (base["fraction"] == fraction)]
            kept = set(rows["split"])
            assert kept == {"validation", "test"} | (
                {"train"} if fraction == 0 else {"calibration"}
            )
            expected = model.predict_proba(X)[rows["row"], 1]
            np.testing.assert_allclose(rows["p"], expected, atol=1e-9)
            assert np.array_equal(rows["split"], part[rows["row"]])


def test_population_seeds_share_no_row(table: pd.DataFrame) -> None:
    fit = classical_fit("logistic_regression", {"max_iter": 1000})
    found = base_predictions(table, fit, Population(**ROWS), SEEDS)
    rows = [set(found.loc[found["seed"] == seed, "row"]) for seed in SEEDS]
    assert not rows[0] & rows[1]
    only = base_predictions(table, fit, Population(**ROWS), SEEDS, only=25)
    pd.testing.assert_frame_equal(
        only, found[found["seed"] == 25].reset_index(drop=True), check_exact=True
    )
    assert design_of(ROWS) == Population(**ROWS)
    assert design_of({"fractions": [0.0, 0.2]}) == Fractions((0.0, 0.2))


def test_more_than_two_classes_are_refused(table: pd.DataFrame) -> None:
    fit = classical_fit("naive_bayes", {})
    with pytest.raises(LemmataError, match="multicalibration needs labels 0 and 1"):
        base_predictions(table.assign(y=np.arange(len(table)) % 3), fit, Fractions((0.0,)), SEEDS)


def test_network_goes_on_after_a_stop(table, tmp_path) -> None:
    settings = BaseNetworkSettings((8,), 0.0, 2, 64, 1e-3, 0.0, "cpu", "float32", 5)

    def fit(folder, stop=None, segments=None):
        return network_fit(
            settings,
            threads=1,
            gpus=0,
            checkpoints=folder,
            segments=[] if segments is None else segments,
            stop_after_s=lambda: stop,
            name="mlp",
        )

    small = table.iloc[:300]
    whole = base_predictions(small, fit(tmp_path / "a"), Fractions((0.0, 0.4)), (15,))
    segments: list = []
    with pytest.raises(LemmataError, match="time limit"):
        base_predictions(small, fit(tmp_path / "b", 0.0, segments), Fractions((0.0, 0.4)), (15,))
    assert segments[-1]["reason"].startswith("time limit")
    again = base_predictions(
        small, fit(tmp_path / "b", None, segments), Fractions((0.0, 0.4)), (15,)
    )
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    assert [s["reason"] for s in segments].count("finished") >= 2


def test_grid_measures_what_post_processors_predict(
    base: pd.DataFrame, groups: pd.DataFrame
) -> None:
    metrics, predictions = evaluate(base, groups, SETTINGS, MEASURES)
    # ERM and five settings for (fraction 0: ERM; reuse; 0.4) on two splits, 15 rows each, 2 seeds.
    assert len(metrics) == 2 * 2 * 15 * (1 + 5 + 6)
    case = next(c for c in cases(base, groups) if c.fraction == 0.4 and c.seed == 25)
    by_hand = post_process(case, SETTINGS[1])["test"]
    flags = case.test.groups
    expected = group_smooth_ece(by_hand, case.test.y, flags, 256, 1e-4)
    rows = metrics[
        (metrics["seed"] == 25)
        & (metrics["fraction"] == 0.4)
        & (metrics["setting"] == "alpha=0.2")
        & (metrics["split"] == "test")
        & (metrics["group"] != "all")
    ]
    np.testing.assert_array_equal(rows["smooth_ece"], expected)
    key = (25, "0.4", case.n_calibration, False, "hkrr", "alpha=0.2")
    np.testing.assert_array_equal(predictions[key], by_hand)
    reused = metrics[metrics["reuse"]]
    assert set(reused["fraction"]) == {0.0}
    assert set(reused["n_calibration"]) == {int((study_split(2400, 15, 0.0) == "train").sum())}


def test_choice_is_the_least_mean_validation_error(
    base: pd.DataFrame, groups: pd.DataFrame
) -> None:
    metrics, predictions = evaluate(base, groups, SETTINGS, MEASURES)
    found = max_group(metrics)
    validation = found[(found["split"] == "validation") & (found["fraction"] == 0.4)]
    hkrr = validation[validation["post_processor"] == "hkrr"]
    means = {s: rows["max_smooth_ece"].mean() for s, rows in hkrr.groupby("setting")}
    chosen = choose(metrics)
    mine = chosen[(chosen["post_processor"] == "hkrr") & (chosen["fraction"] == 0.4)].iloc[0]
    assert mine["setting"] == min(means, key=means.get)  # type: ignore[arg-type]
    assert mine["validation_max_smooth_ece"] == pytest.approx(min(means.values()))
    assert chosen[chosen["best"]].groupby("post_processor").size().eq(1).all()
    assert not chosen[chosen["reuse"]]["best"].any()
    selected = select(base, groups, metrics, predictions, MEASURES)
    one = selected[
        (selected["seed"] == 15)
        & (selected["post_processor"] == "hkrr")
        & (selected["fraction"] == 0.4)
    ].iloc[0]
    test = found[
        (found["split"] == "test")
        & (found["seed"] == 15)
        & (found["fraction"] == 0.4)
        & (found["setting"] == mine["setting"])
    ]
    assert one["max_smooth_ece"] == pytest.approx(test["max_smooth_ece"].item())
    assert 0.0 < one["floor_mean"] < one["floor_upper"] < 1.0
    assert 1 / 21 <= one["p_value"] <= 1.0
    case = next(c for c in cases(base, groups) if c.fraction == 0.4 and c.seed == 15)
    own = predictions[(15, "0.4", case.n_calibration, False, "hkrr", mine["setting"])]
    null = null_of(own, case.test.groups, MEASURES, (15, case.n_calibration))
    assert one["floor_mean"] == null.mean()


def test_floor_of_what_is_made_of_hard_predictions_is_its_own(
    base: pd.DataFrame, groups: pd.DataFrame
) -> None:
    hard = base.assign(p=base["p"].round())
    metrics, predictions = evaluate(hard, groups, SETTINGS, MEASURES, reuse=False)
    selected = select(hard, groups, metrics, predictions, MEASURES)
    floors = selected[selected["fraction"] == 0.4].groupby("post_processor")["floor_mean"].min()
    assert floors["erm"] < 1e-3  # nothing is left to chance
    assert floors["isotonic"] > 0.02


def test_sizes_take_the_first_rows(table: pd.DataFrame, groups: pd.DataFrame) -> None:
    fit = classical_fit("logistic_regression", {"max_iter": 1000})
    base = base_predictions(table, fit, Population(**ROWS), SEEDS)
    found = list(cases(base, groups, [100, 400]))
    assert [c.n_calibration for c in found] == [0, 100, 400] * 2
    assert np.array_equal(found[1].calibration.p, found[2].calibration.p[:100])  # type: ignore[union-attr]
    with pytest.raises(LemmataError, match="calibration size 500: only 400 rows are there"):
        list(cases(base, groups, [500]))
