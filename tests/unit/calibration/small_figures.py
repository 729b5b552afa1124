"""Small runs of the studies, their figures, and what these hold."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.calibration.figures.diagrams import draw_models
from lemmata.calibration.populations import oscillating
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
    sandwich,
)
from lemmata.calibration.studies.result import Sample
from tests.reference import stream

GRID, TOLERANCE = 2**10, 1e-5


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
        ends = endpoints.Settings(
            (0.05, 0.2), (0.1, 0.5), (1.5, 2.0), 0.25, 2000, 3, GRID, TOLERANCE
        )
        return endpoints.study(ends).table
    if study == "sandwich":
        return sandwich.study(sandwich.Settings(6, 8, 60, 40, 0, GRID, TOLERANCE)).table
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


STUDIES = (
    "fixed_point",
    "continuity",
    "sample_complexity",
    "diagram_number",
    "bin_sensitivity",
    "endpoints",
    "sandwich",
    "cost",
    "published_examples",
)


def figure_of(study: str, table: pd.DataFrame) -> Figure:
    drawn = importlib.import_module(f"lemmata.calibration.figures.{study}").draw(table)
    assert isinstance(drawn, Figure)
    return drawn


def labelled(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """The data of the line, or of the middle of the error bars, with this label."""
    lines = [line for line in ax.lines if line.get_label() == label]
    lines += [bars.lines[0] for bars in ax.containers if bars.get_label() == label]
    (line,) = lines
    return np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)


def marked(ax: Axes, marker: str) -> tuple[np.ndarray, np.ndarray]:
    """The data of the only line with this marker."""
    (line,) = [line for line in ax.lines if line.get_marker() == marker]
    return np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)


def small_diagrams() -> Figure:
    """Of a smooth predictor, five times, and of one with no prediction between 0.1 and 0.9."""
    settings = ReliabilitySettings(2**12, 1e-6, 128, 60, 60, 0.95, 0)
    p, y = oscillating(400, stream("svg"))
    far = np.where(p < 0.5, 0.05, 0.95)
    cases = {"smooth": (p, y), "two_values": (far, (far > 0.5).astype(float))}
    found = {name: reliability(*case, settings) for name, case in cases.items()}
    found |= {f"smooth {i}": found["smooth"] for i in range(4)}
    return draw_models({k: v[1] for k, v in found.items()}, {k: v[0] for k, v in found.items()})
