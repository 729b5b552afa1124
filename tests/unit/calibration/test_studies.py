"""Studies on small sizes: known numbers, and evidence that follows from the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.populations import calibrated_uniform, oscillating
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
from lemmata.calibration.studies.result import Sample, generator, samples
from lemmata.claims import EVIDENCE_COLUMNS
from lemmata.errors import LemmataError
from lemmata.stats import Interval, Study, worst
from tests.reference import stream

GRID, TOLERANCE = 2**12, 1e-6


def some_samples(sizes: tuple[int, ...] = (200, 300, 400, 500)) -> list[Sample]:
    found = []
    for n in sizes:
        p, y = oscillating(n, stream("studies", n))
        found.append(Sample("oscillating", n, p, y.astype(np.int64)))
    return found


def evidence(study: Study) -> dict[str, tuple[float, float, float, int]]:
    """Rows by statistic, after checks that hold for every study."""
    table = study.evidence
    assert tuple(table.columns) == EVIDENCE_COLUMNS
    assert table[["value", "lower", "upper"]].dtypes.eq("float64").all()
    assert table["n"].dtype == np.int64
    assert np.isfinite(table[["value", "lower", "upper"]]).all(axis=None)
    assert (table["lower"] <= table["value"]).all()
    assert (table["value"] <= table["upper"]).all()
    assert not study.table.empty
    return {row.statistic: tuple(row)[2:] for row in table.itertuples()}


def test_fixed_point() -> None:
    study = fixed_point.study(fixed_point.Settings(40, 1e-3, GRID, TOLERANCE), some_samples())
    found = evidence(study)
    assert found["max_fixed_point_gap"][0] < 1e-5
    assert found["max_increase_with_bandwidth"][0] < 1e-9
    assert len(study.table) == 4 * 40
    path = study.table[study.table["seed"] == 200]
    crossing = path["bandwidth"][path["smece"] > path["bandwidth"]].max()
    assert crossing < path["smooth_ece"].iloc[0] < 1.2 * crossing


def test_continuity() -> None:
    settings = continuity.Settings(1e-4, 10, 9, 1e-6, 1e-2, 0, 2**14, TOLERANCE)
    study = continuity.study(settings, some_samples())
    found = evidence(study)
    assert found["max_change_under_perturbation"][0] < 1e-3
    assert found["max_two_point_coefficient"][0] == pytest.approx(0.632, abs=0.01)
    assert found["two_point_ece"][0] == pytest.approx(0.5, abs=1e-5)
    assert found["binned_ece_jump"][0] == pytest.approx(0.5, abs=1e-5)
    family = study.table[study.table["part"] == "two_points"]
    assert family[["e", "support_ece", "smooth_ece"]].iloc[0].tolist() == [0.0, 0.0, 0.0]
    assert family["smooth_ece"].iloc[-1] == pytest.approx(0.0637, abs=1e-4)  # e = 0.01


def test_continuity_evidence_grows_with_the_noise() -> None:
    small, large = (
        evidence(
            continuity.study(
                continuity.Settings(noise, 10, 3, 1e-6, 1e-2, 0, GRID, TOLERANCE), some_samples()
            )
        )["max_change_under_perturbation"][0]
        for noise in (1e-4, 0.3)
    )
    assert large > 1e-2 > 10 * small


def test_sample_complexity() -> None:
    settings = sample_complexity.Settings(3, 1000, 100_000, 8, GRID, TOLERANCE)
    study = sample_complexity.study(settings)
    found = evidence(study)
    assert found["log_log_slope"][0] == pytest.approx(-1 / 3, abs=0.06)
    low, high = found["min_ratio_to_prediction"], found["max_ratio_to_prediction"]
    assert 0.85 < low[0] <= 1.05
    assert 0.95 < high[0] < 1.2
    assert low[1] <= high[1]
    assert sorted(study.table["n"].unique()) == [1000, 10_000, 100_000]


def test_diagram_number() -> None:
    study = diagram_number.study(diagram_number.Settings(GRID, TOLERANCE), some_samples())
    gap = (study.table["diagram_area"] - study.table["smooth_ece"]).abs()
    assert evidence(study)["max_gap_over_bandwidth"][0] == pytest.approx(
        (gap / study.table["smooth_ece"]).max()
    )
    assert evidence(study)["max_gap_over_bandwidth"][0] < 0.8


def test_bin_sensitivity() -> None:
    settings = bin_sensitivity.Settings((5, 20, 50, 100), (2**12, 2**13), (1e-4, 1e-6), 450, 200, 0)
    given = [sample._replace(name=f"model of {sample.seed}") for sample in some_samples()]
    hard = Sample("hard", 0, np.array([0.0, 1.0, 1.0]), np.array([0, 1, 0]))  # no bins matter
    study = bin_sensitivity.study(settings, [*given, hard])
    value, lower, upper, n = evidence(study)["sensitivity_ratio"]
    assert n == 4  # the one of 500 is left out
    assert lower < value < upper < 1 / 3
    row = study.table.query("measure == 'binned_ece' and setting == '20 bins' and n == 300")
    sample = some_samples()[1]
    assert row["value"].item() == binned_ece(sample.p, sample.y, 20)


def test_bin_sensitivity_needs_small_samples() -> None:
    settings = bin_sensitivity.Settings((5, 20), (2**12,), (1e-4, 1e-6), 100, 10, 0)
    with pytest.raises(LemmataError, match="no sample so small"):
        bin_sensitivity.study(settings, some_samples())


def test_endpoints() -> None:
    settings = endpoints.Settings((0.05, 0.2), (0.1, 0.5), (1.5,), 0.25, 20_000, 3, GRID, TOLERANCE)
    study = endpoints.study(settings)
    found = evidence(study)
    assert found["max_relative_error_hard"][0] < 0.05
    assert found["max_relative_error_mixed"][0] < 0.1
    mixed = study.table.query("part == 'mixed' and parameter == 0.5").mean(numeric_only=True)
    assert mixed["smooth_ece"] == pytest.approx(0.1015, abs=0.006)
    assert mixed["relplot_1_0_3"] == pytest.approx(0.0713, abs=0.006)  # the defect
    assert mixed["relplot_1_0_1"] == pytest.approx(0.0540, abs=0.006)
    saturated = study.table.query("part == 'saturated'").mean(numeric_only=True)
    assert saturated["smooth_ece"] == pytest.approx(saturated["true_ece"], rel=0.15)
    assert saturated["relplot_1_0_3"] > 1.05 * saturated["smooth_ece"]


def test_cost() -> None:
    study = cost.study(cost.Settings((1000, 20_000, 200_000), 3, GRID, TOLERANCE))
    found = evidence(study)
    assert found["total_seconds"][0] > 0.0
    assert found["binning_time_ratio"][3] == 3
    assert len(study.table) == 9


def test_published_examples() -> None:
    p, y = oscillating(800, stream("published"))
    settings = published_examples.Settings(15, GRID, TOLERANCE)
    own = Sample("solar_flares_daffs", 0, p, y.astype(np.int64))
    other = Sample("elsewhere", 0, np.round(p), y.astype(np.int64))
    study = published_examples.study(settings, [own, other])
    assert 0.0 < evidence(study)["max_abs_difference_from_relplot"][0] < 1e-3
    assert study.table["end_share"].tolist()[1] == 1.0
    with pytest.raises(LemmataError, match="needs one of"):
        published_examples.study(settings, [other])


def test_published_numbers_of_the_paper(mirror: object) -> None:
    from pathlib import Path

    from lemmata.data import forecasts

    folder = Path(str(mirror)) / "calibration"
    cases = {
        "imagenet_resnet34": ("imagenet_resnet34.csv", forecasts.read_top_label, 0.0779),
        "imagenet_resnext50": ("imagenet_resnext50_32x4d.csv", forecasts.read_top_label, 0.0580),
        "solar_flares_daffs": ("SF.FC.C1.csv", forecasts.read_solar_flares_daffs, 0.0674),
        "solar_flares_noaa": ("SF.FC.C1.csv", forecasts.read_solar_flares_noaa, 0.0408),
    }
    found = []
    for name, (file, read, _) in cases.items():
        table = read({file: folder / file})
        found.append(Sample(name, 0, table["p"].to_numpy(), table["y"].to_numpy()))
    study = published_examples.study(published_examples.Settings(15, 2**14, 1e-6), found)
    expected = [value for *_, value in cases.values()]
    assert study.table["smooth_ece"].tolist() == pytest.approx(expected, abs=5e-5)
    assert evidence(study)["max_abs_difference_from_relplot"][0] < 1e-3


def test_samples_are_the_test_rows_of_each_seed() -> None:
    table = pd.DataFrame(
        {
            "seed": [1, 0, 0, 0],
            "split": ["test", "test", "validation", "test"],
            "row": range(4),
            "y": [1, 0, 1, 1],
            "p": [0.9, 0.2, 0.3, 0.4],
        }
    )
    first, second = samples("model", table)
    assert (first.seed, first.p.tolist(), first.y.tolist()) == (0, [0.2, 0.4], [0, 1])
    assert (second.name, second.seed, second.p.tolist()) == ("model", 1, [0.9])


def test_worst_takes_the_worst_of_each_bound() -> None:
    items = [Interval(1.0, 0.5, 1.2, 3), Interval(0.9, 0.8, 1.0, 2)]
    assert worst(items) == Interval(1.0, 0.8, 1.2, 5)
    assert worst(items, largest=False) == Interval(0.9, 0.5, 1.0, 5)


def test_streams_differ() -> None:
    draws = {generator(*key).random() for key in ((0, 1), (0, 2), (1, 1), (0,))}
    assert len(draws) == 4
    assert calibrated_uniform(3, generator(0, 1))[0].tolist() == (
        calibrated_uniform(3, generator(0, 1))[0].tolist()
    )


def test_perfect_predictions_are_no_division_by_zero() -> None:
    y = np.tile([0, 1], 50)
    perfect = [Sample("perfect", 0, y.astype(np.float64), y)]
    mixed = [s._replace(name=f"model {s.seed}") for s in some_samples((200, 300, 400))] + perfect
    settings = diagram_number.Settings(GRID, TOLERANCE)
    table = diagram_number.study(settings, perfect).table
    assert table.loc[0, ["smooth_ece", "diagram_area", "gap_over_bandwidth"]].tolist() == [0, 0, 0]
    bins = bin_sensitivity.Settings((5, 10), (GRID, 2 * GRID), (TOLERANCE,), 1000, 200, 0)
    with pytest.raises(LemmataError, match="of 1 models too few have an ECE that depends"):
        bin_sensitivity.study(bins, perfect)
    study = bin_sensitivity.study(bins, mixed)
    assert np.isfinite(study.evidence[["value", "lower", "upper"]].to_numpy()).all()
