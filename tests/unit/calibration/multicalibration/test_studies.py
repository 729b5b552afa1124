"""The evidence of every study, against the grids that it is taken from and published numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.base_classical import classical_fit
from lemmata.calibration.multicalibration.base_models import Fractions, Population, base_predictions
from lemmata.calibration.multicalibration.evaluate import cases, evaluate
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.selection import (
    group_rows,
    max_group,
    select,
    settings_on_test,
)
from lemmata.calibration.multicalibration.studies import (
    invariants,
    known_population,
    official_options,
    published_numbers,
    real_data,
)
from tests.unit.calibration.multicalibration.settings import (
    MEASURES,
    ROWS,
    SEEDS,
    SETTINGS,
    SETTINGS_OF_HJZ,
)


@pytest.fixture(scope="module")
def population(table: pd.DataFrame, groups: pd.DataFrame) -> dict:
    parts = {}
    for model, settings in (
        ("logistic_regression", {"max_iter": 1000}),
        ("random_forest", {"n_estimators": 5, "max_depth": 4}),
        ("naive_bayes", {}),
    ):
        made = base_predictions(table, classical_fit(model, settings), Population(**ROWS), SEEDS)
        metrics, predictions = evaluate(made, groups, SETTINGS, MEASURES, [100, 400])
        selected = select(made, groups, metrics, predictions, MEASURES, [100, 400])
        parts[model] = (made, metrics, selected)
    return parts


def test_study_of_the_population(population: dict, groups: pd.DataFrame) -> None:
    metrics, selected = ({m: part[k] for m, part in population.items()} for k in (1, 2))
    found = known_population.study(metrics, selected)
    evidence = found.evidence.set_index("statistic")["value"]
    rows = found.table[found.table["model"] == "logistic_regression"]
    erm = rows[rows["post_processor"] == "erm"].set_index("seed")
    hkrr = rows[(rows["post_processor"] == "hkrr") & rows["chosen"]]
    harm = [
        value - erm.loc[seed, "max_smooth_ece"]
        for seed, value in zip(hkrr["seed"], hkrr["max_smooth_ece"], strict=True)
    ]
    assert evidence["hkrr_least_harm_with_few_rows"] == pytest.approx(min(harm))
    excess = (erm["max_smooth_ece"] - erm["floor_mean"]).mean()
    assert evidence["logistic_regression_excess"] == pytest.approx(excess)
    wide = rows[(rows["post_processor"] == "hkrr") & (rows["n_calibration"] == 100)]
    spread = wide.groupby("seed")["max_smooth_ece"].agg(np.ptp).mean()
    assert evidence["hkrr_range_over_alpha"] == pytest.approx(spread)
    counts = found.evidence.set_index("statistic")["n"]
    assert counts["logistic_regression_excess"] == len(SEEDS)
    assert {"naive_bayes_gain_of_hkrr", "random_forest_change_by_isotonic"} <= set(evidence.index)


def test_study_of_invariants(population: dict, groups: pd.DataFrame) -> None:
    found = invariants.study(population["naive_bayes"][0], groups, SETTINGS, 400)
    evidence = found.evidence.set_index("statistic")["value"]
    assert set(found.table["post_processor"]) == {"hkrr", "hjz"}
    assert evidence["hkrr_largest_brier_increase"] <= 0.0
    assert evidence["hkrr_replay_difference"] == 0.0
    assert evidence["hjz_simplex_difference"] < 1e-9


def test_study_of_official_options(population: dict, groups: pd.DataFrame) -> None:
    base = {"naive_bayes": population["naive_bayes"][0]}
    found = official_options.study(base, groups, 400, MEASURES)
    table = found.table.set_index(["option", "behaviour", "seed"])
    assert len(table) == len(SEEDS) * (1 + 2 * len(official_options.OPTIONS))
    case = next(c for c in cases(base["naive_bayes"], groups, [400]) if c.calibration)
    pool = case.calibration
    assert pool is not None
    model = HKRR(0.1, oracle=False, seed=15).fit(pool.p, pool.y, pool.groups)
    p = model.predict(case.test.p, case.test.groups)
    worst = group_smooth_ece(p, case.test.y, case.test.groups, 256, 1e-4).max()
    assert table.loc[("hkrr_without_oracle", "option", 15), "max_smooth_ece"] == worst
    wide = table["max_smooth_ece"].loc["platt_on_probabilities"].unstack("behaviour")
    evidence = found.evidence.set_index("statistic")["value"]
    change = (wide["option"] - wide["default"]).mean()
    assert evidence["platt_on_probabilities_naive_bayes"] == pytest.approx(change)


def test_study_of_real_data(base: pd.DataFrame, groups: pd.DataFrame) -> None:
    metrics, predictions = evaluate(base, groups, SETTINGS, MEASURES)
    selected = select(base, groups, metrics, predictions, MEASURES)
    better = selected.assign(max_smooth_ece=selected["max_smooth_ece"] / 2)
    assert real_data.rows_of(metrics) == len(groups)
    rows = {"people/mlp": 2400, "people/naive_bayes": 2400}
    found = real_data.study({"people/mlp": better, "people/naive_bayes": selected}, rows)
    assert set(found.table["rows"]) == {2400}
    one = found.table[(found.table["model"] == "naive_bayes") & (found.table["seed"] == 15)].iloc[0]
    erm = selected[(selected["post_processor"] == "erm") & (selected["fraction"] == 0.0)]
    assert one["erm"] == erm.set_index("seed").loc[15, "max_smooth_ece"]
    which = selected[selected["best"] & (selected["post_processor"] == one["which"])]
    assert one["multicalibrator"] == which.set_index("seed").loc[15, "max_smooth_ece"]
    evidence = found.evidence.set_index("statistic")["value"]
    gain = found.table[~found.table["calibrated"]]["gain"].mean()
    assert evidence["uncalibrated_gain"] == pytest.approx(gain)
    assert evidence["calibrated_gain"] == pytest.approx(gain / 2)
    by_group = group_rows({"naive_bayes": metrics}, {"naive_bayes": selected})
    assert set(by_group["post_processor"]) == {"erm", "isotonic", one["which"]}
    assert by_group.groupby("post_processor").size().eq(2 * 14).all()
    settings = settings_on_test(metrics)
    assert len(settings) == 2 * (1 + 6)


@pytest.fixture(scope="module")
def beside(table: pd.DataFrame, groups: pd.DataFrame) -> dict:
    """The study published_numbers on four models, beside made-up published numbers."""
    settings = settings_of({"platt": {}, "isotonic": {}, "hjz": SETTINGS_OF_HJZ})
    metrics, selected, base = {}, {}, {}
    for model, own in (
        ("logistic_regression", {"max_iter": 1000}),
        ("decision_tree", {"max_depth": 6}),
        ("naive_bayes", {}),
        ("svm", {"alpha": 1e-4, "max_iter": 1000}),
    ):
        made = base_predictions(table, classical_fit(model, own), Fractions((0.0, 0.4)), SEEDS)
        metrics[model], predictions = evaluate(made, groups, settings, MEASURES, reuse=False)
        selected[model] = select(made, groups, metrics[model], predictions, MEASURES)
        base[model] = made
    names = (*published_numbers.MEASURES, "max_smooth_ece_std")
    published = {"erm": {model: dict.fromkeys(names, 0.1) for model in base}}
    scaling = published_numbers.svm_scaling(
        table, {"alpha": 1e-4, "max_iter": 1000}, (0.0, 0.4), SEEDS
    )
    study = published_numbers.study(published, metrics, selected, base, groups, scaling)
    return {"study": study, "metrics": metrics, "selected": selected, "base": base}


def test_old_formula_flatters_hard_predictions_by_half(beside: dict) -> None:
    table, evidence = beside["study"]
    erm = table[table["part"] == "erm"].pivot(
        index=["model", "seed"], columns="measure", values="value"
    )
    hard = erm.loc["svm"]
    # Half of ECE, up to what smoothing does and how fine relplot looks for its width.
    assert (hard["smooth_ece_old_formula"] / hard["binned_ece"]).between(0.45, 0.51).all()
    soft = erm.loc["logistic_regression"]
    np.testing.assert_allclose(soft["smooth_ece_old_formula"], soft["smooth_ece"], atol=2e-3)
    found = evidence.set_index("statistic")["value"]
    bayes = erm.loc["naive_bayes"]
    deficit = 1 - bayes["max_smooth_ece_old_formula"] / bayes["max_smooth_ece"]
    assert found["naive_bayes_old_formula_deficit"] == pytest.approx(deficit.mean())
    ours = erm["max_smooth_ece_old_formula"].groupby("model").agg(["mean", "std"])
    off = ((ours["mean"] - 0.1).abs() / np.hypot(ours["std"], 0.1)).max()
    assert found["largest_deviation_in_spreads"] == pytest.approx(off)
    bounds = evidence.set_index("statistic").loc["largest_deviation_in_spreads"]
    spread = np.hypot(ours["std"], 0.1)
    sem = ours["std"] / np.sqrt(len(SEEDS))
    reach = stats.t.ppf(0.975, len(SEEDS) - 1) * sem / spread
    assert bounds["upper"] == pytest.approx(((ours["mean"] - 0.1).abs() / spread + reach).max())
    assert bounds["lower"] <= bounds["value"] <= bounds["upper"]
    assert bounds["n"] == len(SEEDS) * len(ours)
    own = beside["selected"]["svm"]
    size_aware = own[(own["post_processor"] == "erm") & (own["fraction"] == 0.0)]
    assert erm.loc[("svm", 15), "mce"] == size_aware.set_index("seed").loc[15, "mce"]
    assert table.loc[table["measure"] == "floor_mean", "published"].isna().all()


def chosen_of(smooth: list[float], binned: list[float]) -> pd.DataFrame:
    """What `select` says of ERM, at 0, and of isotonic regression, by seed."""
    n = len(smooth)
    gains = {"max_smooth_ece": [0.0] * n + smooth, "max_binned_ece": [0.0] * n + binned}
    names = ["erm"] * n + ["isotonic"] * n
    common = {"seed": [*range(n)] * 2, "post_processor": names, "reuse": False, "best": True}
    return pd.DataFrame({**common, "fraction": 0.0, **gains})


@pytest.mark.parametrize(
    ("binned", "asked"),
    [
        ([-0.2, -0.1, -0.3], (1.0, 1.0, 1.0)),
        ([0.2, 0.1, 0.3], (0.5, 0.5, 0.5)),
        ([-0.4, 0.1, 0.1], (1.0, 0.5, 1.0)),  # on average as the other, by its first seed alone
    ],
)
def test_orderings_are_compared_with_their_spread(
    binned: list[float], asked: tuple[float, float, float]
) -> None:
    alike = chosen_of([-0.1, -0.2, -0.3], [-0.1, -0.2, -0.3])
    other = chosen_of([-0.1, -0.2, -0.3], binned)
    found = published_numbers.agreement({"decision_tree": alike, "naive_bayes": other})
    assert found == (*asked, 3)


def test_scaling_mismatch_is_that_of_kept_rows_alone(table: pd.DataFrame, beside: dict) -> None:
    scaling = beside["study"].table
    scaling = (
        scaling[scaling["part"] == "scaling"]
        .set_index(["measure", "fraction", "seed"])
        .sort_index()
    )
    alike, mismatch = (scaling.loc[m, "value"] for m in ("accuracy", "accuracy_mismatch"))
    np.testing.assert_array_equal(alike.loc[0.0], mismatch.loc[0.0])
    # Features in other units than those tested on: the mismatch costs accuracy.
    wide = table.assign(x_z0=1000.0 * table["x_z0"] + 5000.0)
    found = published_numbers.svm_scaling(wide, {"alpha": 1e-4, "max_iter": 1000}, (0.4,), (15,))
    values = found.set_index("measure")["value"]
    assert values["accuracy"] == pytest.approx(alike.loc[(0.4, 15)])
    assert values["accuracy_mismatch"] < values["accuracy"] - 0.05


def test_platt_row_prints_the_first_setting_of_hjz(beside: dict) -> None:
    rows = beside["study"].table
    rows = rows[(rows["part"] == "platt_row") & (rows["model"] == "naive_bayes")]
    found = rows.set_index(["measure", "seed"])["value"]
    measured = max_group(beside["metrics"]["naive_bayes"])
    test = measured[(measured["split"] == "test") & (measured["fraction"] == 0.4)]
    keyed = test.set_index(["post_processor", "setting", "seed"])["max_smooth_ece"]
    assert found["platt", 15] == keyed["platt", "", 15]
    first = "learner=hedge learning_rate=0.9"
    assert found["printed_as_platt", 15] == keyed["hjz", first, 15]
