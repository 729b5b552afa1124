"""Figures are labelled, finite and byte-stable, with nothing outside the page."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lemmata.calibration.binned_ece import bin_table, binned_ece
from lemmata.calibration.figures.diagrams import draw_binned_and_smooth, draw_models
from lemmata.calibration.populations import oscillating, oscillating_truth
from lemmata.calibration.reliability import ReliabilitySettings, reliability
from lemmata.plotting import save_figure, style
from tests.reference import stream
from tests.unit.calibration.small_figures import (
    STUDIES,
    check_page,
    figure_of,
    small_diagrams,
    table_of,
)


@pytest.mark.parametrize("study", STUDIES)
def test_figure_of_each_study(study: str) -> None:
    table = table_of(study)
    before = table.copy()
    figure = importlib.import_module(f"lemmata.calibration.figures.{study}").draw(table)
    with style():
        check_page(figure)
    pd.testing.assert_frame_equal(table, before)


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
        f"logistic regression\nsmECE {summaries['logistic_regression']['smooth_ece'].item():.3f}"
    )
    assert all("null: " in title for title in titles[:5])
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


@pytest.mark.parametrize("study", STUDIES)
def test_every_axis_says_what_it_shows(study: str) -> None:
    figure = figure_of(study, table_of(study))
    for ax in figure.axes:
        shared = any(
            other is not ax and ax.get_shared_x_axes().joined(ax, other) for other in figure.axes
        )
        assert ax.get_xlabel() or shared
        words = [tick.get_text() for tick in ax.get_yticklabels()]
        assert ax.get_ylabel() or ax.get_subplotspec().colspan.start > 0 or "n =" in words[0]


@pytest.mark.parametrize("study", STUDIES)
def test_no_nan_is_drawn(study: str) -> None:
    for ax in figure_of(study, table_of(study)).axes:
        assert ax.lines
        for line in ax.lines:
            assert np.isfinite(np.asarray(line.get_xydata(), dtype=float)).all()


@pytest.mark.parametrize("study", [*STUDIES, "diagrams"])
def test_vector_files_are_small_and_byte_stable(study: str, tmp_path: Path) -> None:
    table = None if study == "diagrams" else table_of(study)
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in files:
        figure = small_diagrams() if table is None else figure_of(study, table)
        save_figure(figure, [path], {"fingerprint": "ab"}, 300)
    first, second = (path.read_bytes() for path in files)
    assert first == second
    assert len(first) < 1_000_000
    drawing = first.split(b"</metadata>")[1]
    pictures = rb'href="data:image/png;base64,[^"]*"'
    assert b"nan" not in re.sub(pictures, b"", drawing).lower()
