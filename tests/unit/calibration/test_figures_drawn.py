"""Lines, bars and marks of each figure are the numbers of its table."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection

from lemmata.calibration.binned_ece import bin_table, binned_ece
from lemmata.calibration.figures.common import means
from lemmata.calibration.figures.diagrams import draw_binned_and_smooth
from lemmata.calibration.populations import null_law, oscillating, oscillating_truth
from lemmata.calibration.reliability import ReliabilitySettings, reliability
from tests.reference import stream
from tests.unit.calibration.small_figures import (
    figure_of,
    labelled,
    marked,
    small_diagrams,
    table_of,
)


def test_fixed_points_are_drawn_on_the_diagonal() -> None:
    table = table_of("fixed_point")
    figure = importlib.import_module("lemmata.calibration.figures.fixed_point").draw(table)
    drawn = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    expected = table.groupby(["name", "seed"])["smooth_ece"].first().to_numpy()
    np.testing.assert_array_equal(drawn.get_xdata(), expected)
    np.testing.assert_array_equal(drawn.get_ydata(), expected)


def test_means_with_intervals_by_hand() -> None:
    table = pd.DataFrame({"n": [1, 1, 1, 2, 2], "v": [1.0, 2.0, 3.0, 5.0, 5.0]})
    found = means(table, "n", "v")
    assert found["mean"].tolist() == [2.0, 5.0]
    assert found["upper"].tolist() == pytest.approx([2.0 + 4.302653 / 3**0.5, 5.0])


def test_continuity_draws_both_parts() -> None:
    table = table_of("continuity")
    left, right = figure_of("continuity", table).axes
    family, moved = (table[table["part"] == part] for part in ("two_points", "perturbation"))
    positive = family[family["e"] > 0.0]
    for label, column in (("binned ECE", "binned_ece"), ("SmoothECE", "smooth_ece")):
        e, value = labelled(left, label)
        np.testing.assert_array_equal(e, positive["e"])
        np.testing.assert_array_equal(value, positive[column])
    _, exact = labelled(left, "SmoothECE, exact")
    np.testing.assert_allclose(positive["smooth_ece"], exact, atol=2e-3)
    binned, smooth = marked(right, "o")
    np.testing.assert_array_equal(binned, np.maximum(moved["binned_ece"], 1e-8))
    np.testing.assert_array_equal(smooth, np.maximum(moved["smooth_ece"], 1e-8))


def test_zero_stands_apart_on_the_logarithmic_axis() -> None:
    table = table_of("continuity")
    left = figure_of("continuity", table).axes[0]
    zero = table[(table["part"] == "two_points") & (table["e"] == 0.0)]
    place = left.get_xticks()[0]
    assert left.get_xticklabels()[0].get_text() == "0"
    assert place < table.loc[table["e"] > 0.0, "e"].min()
    drawn = {
        float(line.get_ydata()[0])
        for line in left.lines
        if len(line.get_xdata()) == 1 and line.get_xdata()[0] == place
    }
    assert drawn == set(zero[["support_ece", "binned_ece", "smooth_ece"]].iloc[0])


def test_sample_complexity_draws_means_and_the_law_of_the_table() -> None:
    table = table_of("sample_complexity")
    top, bottom = figure_of("sample_complexity", table).axes
    means_over_seeds = table.groupby("n")["smooth_ece"].mean()
    n, value = labelled(top, "measured, 95% interval")
    np.testing.assert_array_equal(n, means_over_seeds.index)
    np.testing.assert_allclose(value, means_over_seeds, rtol=1e-12)
    np.testing.assert_array_equal(marked(top, "None")[1], table.groupby("n")["law"].first())
    _, ratio = labelled(bottom, "measured, 95% interval")
    np.testing.assert_allclose(ratio, means_over_seeds / table.groupby("n")["law"].first())
    texts = [text.get_text() for text in top.get_legend().get_texts()]
    assert any(f"{null_law(1):.4f}" in text for text in texts)


def test_formula_of_the_law_follows_the_table() -> None:
    table = table_of("sample_complexity")
    texts = figure_of("sample_complexity", table.assign(law=2.0 * table["law"]))
    assert any(
        f"{2.0 * null_law(1):.4f}" in t.get_text() for t in texts.axes[0].get_legend().get_texts()
    )


def test_diagram_number_draws_area_and_gap() -> None:
    table = table_of("diagram_number")
    left, right = figure_of("diagram_number", table).axes
    np.testing.assert_array_equal(
        np.stack(marked(left, "o")), table[["smooth_ece", "diagram_area"]].T
    )
    np.testing.assert_array_equal(
        np.stack(marked(right, "o")), table[["smooth_ece", "gap_over_bandwidth"]].T
    )


def test_bin_sensitivity_of_a_perfect_predictor_is_no_range() -> None:
    table = table_of("bin_sensitivity")
    perfect = table[table["seed"] == 0].assign(seed=9, value=0.0)
    left, right = figure_of("bin_sensitivity", pd.concat([table, perfect])).axes
    rows = table[(table["seed"] == 0) & (table["measure"] == "binned_ece")]["value"].to_numpy()
    assert sum(np.array_equal(line.get_ydata(), rows / np.median(rows)) for line in left.lines) == 1
    groups = table.groupby(["measure", "name", "seed"])["value"]
    spread = ((groups.max() - groups.min()) / groups.median()).unstack("measure")
    for label, column in (("ECE, 5 to 100 bins", "binned_ece"),):
        expected = np.sort(np.r_[1e-6, spread[column]])
        np.testing.assert_allclose(labelled(right, label)[1], expected)


def test_endpoints_draw_truth_and_means() -> None:
    table = table_of("endpoints")
    parts = ("hard", "mixed", "saturated")
    for ax, part in zip(figure_of("endpoints", table).axes, parts, strict=True):
        expected = table[table["part"] == part].groupby("parameter")
        np.testing.assert_allclose(labelled(ax, "true ECE")[1], expected["true_ece"].mean())
        drawn = labelled(ax, "SmoothECE, ours")
        np.testing.assert_allclose(drawn[1], expected["smooth_ece"].mean(), rtol=1e-12)
        np.testing.assert_array_equal(drawn[0], expected["smooth_ece"].mean().index)
        for version in ("1_0_3", "1_0_1"):
            drawn = labelled(ax, f"relplot {version.replace('_', '.')}")
            np.testing.assert_allclose(drawn[1], expected[f"relplot_{version}"].mean(), rtol=1e-12)


def test_sandwich_draws_every_sample_that_fits() -> None:
    table = table_of("sandwich")
    for ax, column in zip(
        figure_of("sandwich", table).axes,
        ("lower_distance", "smooth_calibration_error"),
        strict=True,
    ):
        drawn = np.concatenate([line.get_xdata() for line in ax.lines])
        fits = table[(table[column] >= 1e-3) & (table["smooth_ece"] >= 1e-3)]
        np.testing.assert_array_equal(np.sort(drawn), np.sort(fits[column]))


def test_cost_draws_medians() -> None:
    table = table_of("cost")
    (ax,) = figure_of("cost", table).axes
    for label, column in (
        ("binning, sees all n", "binning_s"),
        ("solving, sees the grid", "solve_s"),
    ):
        expected = table.groupby("n")[column].median()
        np.testing.assert_array_equal(labelled(ax, label)[1], expected)


def test_published_examples_draw_three_numbers_and_star_the_papers_own() -> None:
    one = table_of("published_examples")
    other = one.assign(name="precipitation_niamey", papers_own=False, smooth_ece=0.3)
    table = pd.concat([one, other], ignore_index=True)
    (ax,) = figure_of("published_examples", table).axes
    for label, column in (("binned ECE", "binned_ece"), ("smECE, ours", "smooth_ece")):
        np.testing.assert_array_equal(labelled(ax, label)[0], table[column])
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names[0].startswith("* solar flares daffs, n = 300")
    assert names[1].startswith("precipitation niamey")


def test_fixed_point_says_what_it_leaves_out() -> None:
    table = table_of("fixed_point")
    (ax,) = figure_of("fixed_point", table).axes
    assert ax.get_title(loc="left") == ""
    perfect = table[table["seed"] == 0].assign(seed=9, smece=0.0, smooth_ece=0.0)
    (ax,) = figure_of("fixed_point", pd.concat([table, perfect])).axes
    assert ax.get_title(loc="left").startswith("not drawn: 1 ")


def test_band_and_curve_end_where_no_prediction_is_near() -> None:
    figure = small_diagrams()
    gap = figure.axes[1]
    curve = next(line for line in gap.lines if len(line.get_ydata()) == 129)
    y = np.asarray(curve.get_ydata())
    assert np.isnan(y[64])
    assert np.isfinite(y[[6, 122]]).all()
    corners = np.concatenate(
        [path.vertices for c in gap.collections if isinstance(c, PolyCollection)
         and len(c.get_paths()) > 1 for path in c.get_paths()]
    )  # fmt: skip
    assert np.isfinite(corners).all()
    assert not ((corners[:, 0] > 0.45) & (corners[:, 0] < 0.55)).any()


def test_value_bin_heights_and_truth_of_the_pair() -> None:
    p, y = oscillating(400, stream("pair"))
    settings = ReliabilitySettings(2**12, 1e-6, 128, 60, 60, 0.95, 0)
    summary, curve = reliability(p, y, settings)
    row = summary.assign(binned_ece=binned_ece(p, y, 7)).iloc[0]
    t = np.linspace(0.0, 1.0, 11)
    truth = pd.DataFrame({"t": t, "mu": oscillating_truth(t)})
    bins = bin_table(p, y, 7)
    left, right = draw_binned_and_smooth(bins, curve, row, truth).axes
    heights = [patch.get_height() for patch in left.patches]
    np.testing.assert_array_equal(heights, bins["mean_y"])
    for ax in (left, right):
        np.testing.assert_array_equal(labelled(ax, "truth")[1], truth["mu"])
    assert "n = 400" in right.get_title()
