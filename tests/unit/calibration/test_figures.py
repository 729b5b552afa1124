"""Figures show what their tables hold, with labelled axes and nothing outside the page."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lemmata.calibration.binned_ece import bin_table, binned_ece
from lemmata.calibration.figures.common import means
from lemmata.calibration.figures.diagrams import draw_binned_and_smooth, draw_models
from lemmata.calibration.populations import oscillating, oscillating_truth
from lemmata.calibration.reliability import ReliabilitySettings, reliability
from lemmata.calibration.studies import (
    bin_sensitivity,
    continuity,
    cost,
    diagram_number,
    endpoints,
    fixed_point,
    published_examples,
    sample_complexity,
)
from lemmata.calibration.studies.result import Sample
from lemmata.plotting import style
from tests.reference import stream

GRID, TOLERANCE = 2**10, 1e-5


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def oscillating_samples() -> list[Sample]:
    cases = []
    for seed in range(3):
        p, y = oscillating(300, stream("figures", seed))
        cases.append(Sample("solar_flares_daffs", seed, p, y.astype(np.int64)))
    return cases


def table_of(study: str) -> pd.DataFrame:
    """The table of a small run."""
    given = oscillating_samples()
    if study == "fixed_point":
        return fixed_point.study(fixed_point.Settings(9, 1e-3, GRID, TOLERANCE), given).table
    if study == "continuity":
        settings = continuity.Settings(1e-4, 10, 5, 1e-6, 1e-2, 0, GRID, TOLERANCE)
        return continuity.study(settings, given).table
    if study == "sample_complexity":
        small = sample_complexity.Settings(3, 100, 10_000, 3, GRID, TOLERANCE)
        return sample_complexity.study(small).table
    if study == "diagram_number":
        return diagram_number.study(diagram_number.Settings(GRID, TOLERANCE), given).table
    if study == "bin_sensitivity":
        bins = bin_sensitivity.Settings((5, 20, 100), (GRID, 2 * GRID), (1e-4, 1e-5), 1000, 10, 0)
        return bin_sensitivity.study(bins, given).table
    if study == "endpoints":
        ends = endpoints.Settings((0.05, 0.2), (0.1, 0.5), 0.25, 2000, 3, GRID, TOLERANCE)
        return endpoints.study(ends).table
    if study == "cost":
        return cost.study(cost.Settings((1000, 10_000), 3, GRID, TOLERANCE)).table
    return published_examples.study(
        published_examples.Settings(15, GRID, TOLERANCE), given[:1]
    ).table


def check_page(fig: Figure) -> None:
    """Every panel is labelled (or shares its neighbour's label) and all text is on the page."""
    fig.canvas.draw()
    page = fig.bbox
    panels = [ax for ax in fig.axes if ax.get_visible()]
    assert any(ax.get_xlabel() for ax in panels)
    assert any(ax.get_ylabel() or ax.get_yticklabels() for ax in panels)
    for ax in panels:
        box = ax.get_tightbbox()
        assert box is not None
        assert page.x0 - 1 <= box.x0, ax.get_title()
        assert box.x1 <= page.x1 + 1, ax.get_title()
        assert page.y0 - 1 <= box.y0, ax.get_title()
        assert box.y1 <= page.y1 + 1, ax.get_title()


@pytest.mark.parametrize(
    "study",
    [
        "fixed_point",
        "continuity",
        "sample_complexity",
        "diagram_number",
        "bin_sensitivity",
        "endpoints",
        "cost",
        "published_examples",
    ],
)
def test_figure_of_each_study(study: str) -> None:
    table = table_of(study)
    before = table.copy()
    figure = importlib.import_module(f"lemmata.calibration.figures.{study}").draw(table)
    with style():
        check_page(figure)
    pd.testing.assert_frame_equal(table, before)


def test_fixed_points_are_drawn_on_the_diagonal() -> None:
    table = table_of("fixed_point")
    figure = importlib.import_module("lemmata.calibration.figures.fixed_point").draw(table)
    drawn = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    expected = table.groupby(["name", "seed"])["smooth_ece"].first().to_numpy()
    np.testing.assert_array_equal(drawn.get_xdata(), expected)
    np.testing.assert_array_equal(drawn.get_ydata(), expected)


def test_diagrams_hold_curve_value_and_null() -> None:
    settings = ReliabilitySettings(2**12, 1e-6, 128, 60, 60, 0.95, 0)
    curves, summaries = {}, {}
    for name in ("logistic_regression", "random_forest", "mlp", "naive_bayes", "decision_tree"):
        p, y = oscillating(400, stream(name))
        summaries[name], curves[name] = reliability(p, y, settings)
    kept = {name: curve.copy() for name, curve in curves.items()}
    t = np.linspace(0.0, 1.0, 50)
    truth = pd.DataFrame({"t": t, "mu": oscillating_truth(t)})
    figure = draw_models(curves, summaries, truth)
    with style():
        check_page(figure)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[0].startswith(
        f"logistic regression\nsmECE {summaries['logistic_regression']['smece'].item():.3f}"
    )
    assert all("null 95%" in title for title in titles[:5])
    for name, curve in curves.items():  # relplot changes the arrays that it is given
        pd.testing.assert_frame_equal(curve, kept[name])
    expected = curves["logistic_regression"]["mu"].to_numpy()
    line = next(line for line in figure.axes[0].lines if len(line.get_ydata()) == expected.size)
    y = np.asarray(line.get_ydata())
    drawn = np.isfinite(y)
    np.testing.assert_array_equal(y[drawn], expected[drawn])
    assert drawn.mean() > 0.8


def test_binned_and_smooth_side_by_side() -> None:
    p, y = oscillating(400, stream("pair"))
    settings = ReliabilitySettings(2**12, 1e-6, 128, 60, 60, 0.95, 0)
    summary, curve = reliability(p, y, settings)
    row = summary.assign(binned_ece=binned_ece(p, y, 15)).iloc[0]
    figure = draw_binned_and_smooth(bin_table(p, y, 15), curve, row)
    with style():
        check_page(figure)
    assert f"ECE {row['binned_ece']:.3f}" in figure.axes[0].get_title()
    assert len(figure.axes[0].patches) == 15


def test_means_with_intervals_by_hand() -> None:
    table = pd.DataFrame({"n": [1, 1, 1, 2, 2], "v": [1.0, 2.0, 3.0, 5.0, 5.0]})
    found = means(table, "n", "v")
    assert found["mean"].tolist() == [2.0, 5.0]
    assert found["upper"].tolist() == pytest.approx([2.0 + 4.302653 / 3**0.5, 5.0])
