"""Figures of the study show what their tables hold, with labels and nothing off the page."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from lemmata.calibration.figures.multicalibration import (
    accuracy,
    data_size,
    fraction,
    groups,
    invariants,
    known_population,
    official_options,
    overall,
    published_numbers,
    real_data,
    recalibration,
)
from lemmata.calibration.figures.multicalibration.look import MODELS, NAMES, erm_rows
from lemmata.plotting import style
from tests.reference import stream
from tests.unit.calibration.small_figures import check_page

SEEDS = (15, 25, 35)
USED = [name for name in NAMES if name != "mcgrad"]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def selected_table() -> pd.DataFrame:
    rng = stream("figures of multicalibration")
    rows = [
        {
            "model": model,
            "seed": seed,
            "fraction": share,
            "n_calibration": int(1000 * share),
            "reuse": False,
            "post_processor": name,
            "setting": "",
            "best": share == 0.4 or name == "erm",
            "accuracy": rng.uniform(0.7, 0.9),
            "smooth_ece": rng.uniform(0.01, 0.1),
            "max_smooth_ece": rng.uniform(0.05, 0.3),
            "floor_mean": 0.05,
            "floor_upper": 0.08,
        }
        for model in MODELS
        for seed in SEEDS
        for share in (0.0, 0.1, 0.4)
        for name in USED
        if share > 0.0 or name == "erm"
    ]
    return pd.DataFrame(rows)


def points(ax: Axes) -> np.ndarray:
    """Every (x, y) that is drawn as a line or marker."""
    return np.concatenate(
        [np.column_stack(line.get_data()) for line in ax.lines if len(line.get_xdata())]
    )


def holds(ax: Axes, x: float, y: float) -> bool:
    return bool(np.isclose(points(ax), [x, y], rtol=1e-9).all(axis=1).any())


def test_accuracy_marks_every_setting_and_the_base_model() -> None:
    selected = selected_table()
    settings = accuracy.setting_means(
        {model: rows.drop(columns="model") for model, rows in selected.groupby("model")}
    )
    figure = accuracy.draw(settings, selected)
    with style():
        check_page(figure)
    for ax, model in zip(figure.axes, MODELS, strict=True):
        mine = settings[settings["model"] == model]
        for _, row in mine[mine["post_processor"] != "erm"].iterrows():
            assert holds(ax, row["accuracy"], row["max_smooth_ece"])
        erm = erm_rows(selected[selected["model"] == model])
        assert holds(ax, erm["accuracy"].mean(), erm["max_smooth_ece"].mean())
        assert any(np.allclose(line.get_ydata(), 0.05) for line in ax.lines)  # the floor


def test_fraction_draws_means_over_seeds() -> None:
    selected = selected_table()
    figure = fraction.draw(selected)
    with style():
        check_page(figure)
    top, bottom = figure.axes[:6], figure.axes[6:]
    for k, model in enumerate(MODELS):
        rows = selected[(selected["model"] == model) & (selected["post_processor"] == "hkrr")]
        for share, of_share in rows.groupby("fraction"):
            assert holds(top[k], float(share), of_share["max_smooth_ece"].mean())  # type: ignore[arg-type]
            assert holds(bottom[k], float(share), of_share["accuracy"].mean())  # type: ignore[arg-type]


def test_overall_has_one_point_a_model_and_post_processor() -> None:
    selected = selected_table()
    figure = overall.draw(selected)
    with style():
        check_page(figure)
    (ax,) = figure.axes
    for (_, name), rows in selected[selected["best"]].groupby(["model", "post_processor"]):
        kept = erm_rows(rows) if name == "erm" else rows
        assert holds(ax, kept["smooth_ece"].mean(), kept["max_smooth_ece"].mean())


def test_groups_are_listed_by_size_with_their_null() -> None:
    rng = stream("figures of groups")
    rows = [
        {
            "model": model,
            "seed": seed,
            "post_processor": name,
            "group": group,
            "n": n,
            "smooth_ece": rng.uniform(0.01, 0.2),
            "null": 0.3026 * n ** (-1 / 3),
        }
        for model in ("mlp", "svm")
        for seed in SEEDS
        for name in ("erm", "isotonic", "boosted")
        for group, n in (("small_group", 50), ("large_group", 5000))
    ]
    table = pd.DataFrame(rows)
    figure = groups.draw(table)
    with style():
        check_page(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["large group (5,000)", "small group (50)"]
    mine = table[(table["model"] == "svm") & (table["post_processor"] == "isotonic")]
    small = mine[mine["group"] == "small_group"]["smooth_ece"].mean()
    assert holds(figure.axes[1], small, 1.0)
    assert holds(figure.axes[1], 0.3026 * 50 ** (-1 / 3), 1.0)


def test_known_population_draws_choices_and_the_range_of_hkrr() -> None:
    rng = stream("figures of the population")
    rows = []
    for model in ("logistic_regression", "naive_bayes"):
        for seed in SEEDS:
            own = {"model": model, "seed": seed, "floor_mean": 0.03, "floor_upper": 0.04}
            rows.append(own | {"post_processor": "erm", "n_calibration": 0, "chosen": True})
            for size in (500, 8000):
                for setting in ("alpha=0.1", "alpha=0.05"):
                    said = {"post_processor": "hkrr", "setting": setting, "n_calibration": size}
                    rows.append(own | said | {"chosen": setting == "alpha=0.1"})
    table = pd.DataFrame(rows)
    table["max_smooth_ece"] = rng.uniform(0.05, 0.3, len(table))
    figure = known_population.draw(table)
    with style():
        check_page(figure)
    ax = figure.axes[0]
    hkrr = table[(table["model"] == "logistic_regression") & (table["post_processor"] == "hkrr")]
    chosen = hkrr[hkrr["chosen"] & (hkrr["n_calibration"] == 500)]
    assert holds(ax, 500.0, chosen["max_smooth_ece"].mean())
    low = hkrr[hkrr["n_calibration"] == 500].groupby("setting")["max_smooth_ece"].mean().min()
    band = np.concatenate([c.get_paths()[0].vertices for c in ax.collections if c.get_paths()])
    assert np.isclose(band, [500.0, low]).all(axis=1).any()


def test_real_data_has_a_panel_for_each_data_set() -> None:
    rng = stream("figures of real data")
    rows = [
        {"dataset": dataset, "model": model, "seed": seed}
        | {name: rng.uniform(0.05, 0.3) for name in ("erm", "isotonic", "multicalibrator")}
        | {"floor_erm": 0.01, "floor_isotonic": 0.05, "floor_multicalibrator": 0.06}
        for dataset in ("people", "more_people")
        for model in ("mlp", "svm")
        for seed in SEEDS
    ]
    table = pd.DataFrame(rows)
    figure = real_data.draw(table)
    with style():
        check_page(figure)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["people", "more people"]
    table["rows"] = table["dataset"].map({"people": 6000, "more_people": 40_000})
    sizes = data_size.draw(table)
    with style():
        check_page(sizes)
    svm = table[(table["dataset"] == "people") & (table["model"] == "svm")]
    assert holds(sizes.axes[0], 6000 * 1.06, svm["erm"].mean())
    assert holds(sizes.axes[1], 6000 * 1.06, svm["multicalibrator"].mean())
    assert holds(figure.axes[0], svm["isotonic"].mean(), 1.0)
    assert holds(figure.axes[0], svm["multicalibrator"].mean(), 1.2)
    assert holds(figure.axes[0], 0.05, 1.0)
    assert holds(sizes.axes[1], 6000.0, 0.06)


def test_recalibration_shows_before_and_after() -> None:
    table = selected_table()
    table = table[table["best"] & (table["model"].isin(["mlp", "svm"]))]
    table = table[(table["post_processor"] != "erm") | (table["fraction"] == 0.0)]
    figure = recalibration.draw(table)
    with style():
        check_page(figure)
    all_rows, worst = figure.axes
    mine = table[(table["model"] == "svm") & (table["post_processor"] == "erm")]
    assert holds(all_rows, mine["smooth_ece"].mean(), 1 - 0.32)
    assert holds(worst, mine["max_smooth_ece"].mean(), 1 - 0.32)


def test_invariants_are_dots_left_of_zero() -> None:
    table = pd.DataFrame({"invariant": ["a_b", "a_b", "c"], "value": [-1.0, -1e-6, 0.0]})
    figure = invariants.draw(table)
    with style():
        check_page(figure)
    assert holds(figure.axes[0], -1e-6, 0.0)
    assert holds(figure.axes[0], 0.0, 1.0)
    broken = invariants.draw(table.assign(value=[-1.0, 0.004, 0.0])).axes[0]
    assert broken.get_xlim()[1] > 0.004


def test_official_options_stand_beside_the_defaults() -> None:
    rng = stream("figures of options")
    options = ("hkrr_without_oracle", "platt_on_probabilities")
    what = [("erm", "default"), *((o, b) for o in options for b in ("default", "option"))]
    rows = [
        {"model": model, "seed": seed, "option": option, "behaviour": behaviour}
        for model in ("logistic_regression", "naive_bayes")
        for seed in SEEDS
        for option, behaviour in what
    ]
    table = pd.DataFrame(rows).assign(floor_mean=0.04)
    table["max_smooth_ece"] = rng.uniform(0.05, 0.3, len(table))
    figure = official_options.draw(table)
    with style():
        check_page(figure)
    ax = figure.axes[0]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["HKRR: without oracle", "Platt on probabilities"]
    one = table[(table["model"] == "logistic_regression") & (table["behaviour"] == "option")]
    platt = one[one["option"] == "platt_on_probabilities"]
    assert holds(ax, platt["max_smooth_ece"].mean(), 1.15)
    assert holds(ax, 0.04, 1.15)


def test_published_numbers_stand_beside_ours() -> None:
    rng = stream("figures of published numbers")
    rows = []
    for seed in SEEDS:
        for model in MODELS:
            own = {"model": model, "seed": seed}
            for measure in ("max_smooth_ece", "max_smooth_ece_old_formula"):
                said = {"part": "erm", "fraction": 0.0, "measure": measure}
                rows.append(own | said | {"published": 0.1, "published_std": 0.01})
            said = {"part": "platt_row", "fraction": 0.4}
            rows += [own | said | {"measure": m} for m in ("platt", "printed_as_platt")]
        for share in (0.0, 0.4):
            for measure in ("accuracy", "accuracy_mismatch"):
                said = {"part": "scaling", "model": "svm", "fraction": share, "measure": measure}
                rows.append({"seed": seed} | said)
    table = pd.DataFrame(rows)
    table["value"] = rng.uniform(0.05, 0.3, len(table))
    figure = published_numbers.draw(table)
    with style():
        check_page(figure)
    bayes = table[(table["model"] == "naive_bayes") & (table["part"] == "erm")]
    place = list(MODELS).index("naive_bayes")
    old = bayes[bayes["measure"] == "max_smooth_ece_old_formula"]["value"].mean()
    assert holds(figure.axes[0], place - 0.15, old)
    assert holds(figure.axes[0], place + 0.15, 0.1)
    assert holds(
        figure.axes[1], place - 0.15, bayes[bayes["measure"] == "max_smooth_ece"]["value"].mean()
    )
