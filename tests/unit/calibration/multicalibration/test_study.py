"""Base models, the grid, what validation chooses, and the evidence, on small populations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.base_classical import classical_fit
from lemmata.calibration.multicalibration.base_models import (
    Fractions,
    Population,
    base_predictions,
    design_of,
)
from lemmata.calibration.multicalibration.base_networks import BaseNetworkSettings, network_fit
from lemmata.calibration.multicalibration.evaluate import Measures, cases, evaluate, post_process
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.selection import (
    choose,
    group_rows,
    max_group,
    null_of,
    select,
    settings_on_test,
)
from lemmata.calibration.multicalibration.stage import recalibrate
from lemmata.calibration.multicalibration.studies import (
    invariants,
    known_population,
    official_options,
    published_numbers,
    real_data,
)
from lemmata.data.groups import group_flags
from lemmata.data.prepare import prepare
from lemmata.data.study_splits import study_split
from lemmata.errors import LemmataError
from lemmata.tables import check_predictions
from tests.reference import stream

MEASURES = Measures(bins=10, grid_size=256, tolerance=1e-4, replicates=20, seed=0)
SPLIT = {"seed": 0, "train": 0.6, "validation": 0.2, "test": 0.2}
SETTINGS_OF_HJZ = {"learner": ["hedge", "online_gradient_descent"], "learning_rate": 0.9}
SETTINGS = settings_of(
    {
        "isotonic": {},
        "hkrr": {"alpha": [0.2, 0.1]},
        "hjz": [SETTINGS_OF_HJZ],
    }
)
SEEDS = (15, 25)
ROWS = {"train": 300, "calibration": 400, "validation": 150, "test": 300}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return prepare("synthetic_population", {}, SPLIT, {"rows": 2400, "seed": 1})


@pytest.fixture(scope="module")
def groups(table: pd.DataFrame) -> pd.DataFrame:
    return group_flags("synthetic_population", table, {})


@pytest.fixture(scope="module")
def base(table: pd.DataFrame) -> pd.DataFrame:
    fit = classical_fit("naive_bayes", {"var_smoothing": 1e-9})
    return base_predictions(table, fit, Fractions((0.0, 0.4)), SEEDS)


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


def predictions_table(classes: int) -> pd.DataFrame:
    rng = stream("stage", classes)
    n = 400
    frame = pd.DataFrame(
        {
            "seed": 3,
            "split": np.where(np.arange(n) % 2, "validation", "test"),
            "row": np.arange(n),
        }
    )
    if classes == 2:
        frame["p"] = rng.random(n)
        frame["y"] = (rng.random(n) < 0.5 + 0.3 * (frame["p"] - 0.5)).astype(int)
        return frame
    p = rng.dirichlet(np.full(classes, 0.3), n)
    frame["y"] = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return frame.assign(**{f"p_{k}": p[:, k] for k in range(classes)})


def test_shared_stage_on_binary_predictions() -> None:
    frame = predictions_table(2)
    flags = pd.DataFrame({"row": np.arange(400), "g_early": np.arange(400) < 150})
    made = recalibrate(frame, flags, SETTINGS, MEASURES)
    assert set(made.metrics["group"]) == {"all", "early"}
    assert len(made.summary) == 1 + len(SETTINGS)
    erm, isotonic = (
        made.summary[made.summary["post_processor"] == name].iloc[0] for name in ("erm", "isotonic")
    )
    assert isotonic["smooth_ece"] < erm["smooth_ece"]
    test = frame[frame["split"] == "test"]
    same = made.predictions[made.predictions["post_processor"] == "erm"]
    np.testing.assert_array_equal(same["p"], test["p"])
    np.testing.assert_array_equal(same["row"], test["row"])


def test_shared_stage_on_classes_uses_the_predicted_one() -> None:
    frame = predictions_table(4)
    settings = settings_of({"temperature": {}, "isotonic": {}})
    made = recalibrate(frame, None, settings, MEASURES)
    assert {"predicted_0", "predicted_3"} <= set(made.metrics["group"])
    test = frame[frame["split"] == "test"]
    p = test[[f"p_{k}" for k in range(4)]].to_numpy()
    row = made.metrics[
        (made.metrics["group"] == "predicted_2") & (made.metrics["post_processor"] == "erm")
    ].iloc[0]
    mine = p.argmax(axis=1) == 2
    assert row["n"] == mine.sum()
    assert row["mean_p"] == pytest.approx(p[mine].max(axis=1).mean())
    assert row["mean_y"] == pytest.approx((test["y"].to_numpy()[mine] == 2).mean())


def test_shared_stage_without_groups_or_rows() -> None:
    frame = predictions_table(2)
    made = recalibrate(frame, None, settings_of({"platt": {}}), MEASURES)
    assert set(made.metrics["group"]) == {"all", "everyone"}
    with pytest.raises(LemmataError, match="seed 3 have no validation rows"):
        recalibrate(frame[frame["split"] == "test"], None, SETTINGS, MEASURES)
