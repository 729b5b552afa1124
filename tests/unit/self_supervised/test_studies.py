"""The studies at small sizes: their numbers, their controls, their figures."""

from __future__ import annotations

import numpy as np
import pytest

from lemmata.self_supervised.figures import (
    amplitudes,
    learning_orders,
    time_ratios,
)
from lemmata.self_supervised.figures import controlled_family as family_figure
from lemmata.self_supervised.figures import convergence as convergence_figure
from lemmata.self_supervised.figures import critical_times as times_figure
from lemmata.self_supervised.figures import departures as departures_figure
from lemmata.self_supervised.figures import descent as descent_figure
from lemmata.self_supervised.figures import identities as identities_figure
from lemmata.self_supervised.figures import masking as masking_figure
from lemmata.self_supervised.figures import temporal as temporal_figure
from lemmata.self_supervised.metrics.family import Representation, latents_and_classes
from lemmata.self_supervised.metrics.lidar import lidar
from lemmata.self_supervised.metrics.population import gaussian_lidar, isotropic_lidar
from lemmata.self_supervised.studies import (
    controlled_family,
    convergence,
    critical_times,
    departures,
    descent,
    identities,
    learning_order,
    masking,
    temporal,
)
from tests.reference import stream


def values(study):
    return study.evidence.set_index("statistic")["value"]


def test_critical_times():
    study = critical_times.study([1, 2, 3], [1e-2, 1e-4], [0.9, 0.45], 1e-2)
    found = values(study)
    assert found["max_error_of_closed_times"] < 1e-11
    assert found["max_error_of_jepa_asymptotics"] < 0.01
    assert found["max_gap_of_mae_asymptotics"] < 2
    simulated = study.table[study.table["eps"] == 1e-2]
    np.testing.assert_allclose(simulated["flow"], simulated["closed"], rtol=1e-5)
    assert study.table.loc[study.table["eps"] == 1e-4, "flow"].isna().all()
    assert times_figure.draw(study.table).axes


def test_learning_order_is_the_sheets():
    study = learning_order.study([1, 2, 5], 1e-3, 30)
    found = values(study)
    assert found["max_error_of_flow_times"] < 2e-5
    assert found["max_error_of_paths"] < 2e-3
    assert found["max_off_diagonal"] == 0.0
    assert found["max_error_of_limits"] < 1e-4
    assert found["deep_jepa_ratio"] == pytest.approx(2.193, rel=1e-3)
    assert found["max_gap_of_mae_ratio"] == pytest.approx(0.064, abs=1e-3)
    assert found["max_gap_of_deep_mae_ratio"] < 1e-3
    for order in ("order_of_deep_jepa_by_rho", "max_order_of_mae_by_lambda"):
        assert found[order] == pytest.approx(-1)
    assert found["max_order_of_shallow_jepa_by_lambda"] == pytest.approx(-1)
    times = study.table[(study.table["what"] == "time") & (study.table["objective"] == "jepa")]
    jepa = times[times["data"] == "equal"].pivot_table(
        index="depth", columns="feature", values="simulated"
    )
    np.testing.assert_allclose(jepa.loc[5], [40850, 45110, 53495, 65215, 89577], rtol=2e-5)
    for figure in (amplitudes, learning_orders, time_ratios):
        assert figure.draw(study.table).axes


def test_the_order_flips_where_it_should_not_be_seen_by_mistake():
    """The statistic tells one order from the other: shallow JEPA is not in order of rho."""
    study = learning_order.study([1, 5], 1e-3, 5)
    times = study.table[(study.table["what"] == "time") & (study.table["data"] == "reversed")]
    shallow = times[(times["objective"] == "jepa") & (times["depth"] == 1)]
    assert shallow.sort_values("simulated")["feature"].tolist() == [4, 3, 2, 1, 0]
    deep = times[(times["objective"] == "jepa") & (times["depth"] == 5)]
    assert deep.sort_values("simulated")["feature"].tolist() == [0, 1, 2, 3, 4]


def test_descent():
    grids = [
        {"objective": "jepa", "depths": [1, 2], "eps": [1e-2], "learning_rate": 0.5, "seeds": []},
        {"objective": "mae", "depths": [3], "eps": [1e-2], "learning_rate": 0.02, "seeds": [0]},
    ]
    study = descent.study(5, grids, "cpu", 1)
    assert len(study.table) == 3 * 5
    assert values(study)["max_error_of_descent"] < 0.03
    assert study.table["simulated"].notna().all()
    assert descent_figure.draw(study.table).axes
    dense = descent.study(9, grids[1:], "cpu", 1)
    assert dense.table["rho"].nunique() == 9


def test_temporal():
    study = temporal.study(4, 1e-3, 200_000, 20, [0])
    found = values(study)
    assert found["seeds_where_jepa_learns_the_noisy_last"] == 1.0
    assert found["seeds_where_mae_learns_the_noisy_first"] == 1.0
    assert temporal_figure.draw(study.table).axes
    shallow = temporal.study(2, 1e-3, 200_000, 20, [0])  # JEPA begins with the noisy as well
    assert values(shallow)["seeds_where_jepa_learns_the_noisy_last"] == 0.0


def test_masking():
    study = masking.study(8, 2.0, 0.5, 1, 1e-2, 50_000, [0])
    found = values(study)
    assert found["max_error_of_masked_lambda"] < 0.02
    assert found["max_order_by_eigenvalue"] == pytest.approx(-1)
    assert found["max_share_below_average_with_true_moments"] < 0.05
    true = study.table[(study.table["source"] == "true") & study.table["theory"].notna()]
    np.testing.assert_allclose(true["simulated"], true["theory"], rtol=1e-5)
    assert masking_figure.draw(study.table).axes


def test_departures():
    rates = {"jepa": 0.5, "mae": 0.05}
    study = departures.study(2, 1, 1e-2, [1000, 20_000], 256, rates, [0, 1])
    found = values(study)
    assert found["max_learned_under_a_unit_decoder"] == 0
    cases = study.table.set_index(["objective", "case"])
    unit = study.table[study.table["case"] == "unit decoder"]
    assert unit["seed"].eq(0).all()
    np.testing.assert_allclose(cases.loc[("mae", "rotated"), "ratio"], 1.0, atol=1e-5)
    near, far = (
        (cases.loc[("mae", f"n = {n}"), "ratio"] - 1).abs().max() for n in ("20,000", "1,000")
    )
    assert near < far
    batches = cases.loc[("jepa", "small batches")]
    assert batches["share"].between(0.1, 10).all()
    assert departures_figure.draw(study.table).axes


def test_identities():
    study = identities.study([0, 1, 2])
    found = values(study)
    assert found["max_error_of_identities"] < 1e-9
    assert found["max_error_of_limits"] < 0.02
    assert identities_figure.draw(study.table).axes


def test_controlled_family():
    study = controlled_family.study([2, 8, 32], [0.1], [0, 64], 1500, 300, 20, 4, [0, 1])
    found = values(study)
    assert found["spearman_of_lidar"] > 0.8
    assert found["min_lead_over_rankme"] > 0.4
    assert found["change_with_views"] > 0.01
    ranked = controlled_family.correlations(study.table)
    assert ranked["kendall"].between(-1, 1).all()
    assert len(ranked) == 2 * len(controlled_family.METRICS)
    assert family_figure.draw(study.table).axes


def test_convergence():
    study = convergence.study([100, 400], [5, 20], [0, 1])
    assert values(study)["gap_to_the_limit"] < 0.1
    wide = study.table[~study.table["debiased"]].pivot_table(
        index="representation", columns="views", values="lidar"
    )
    assert (wide[5] > wide[20]).loc["mostly noise"]  # the floor 1/q
    assert convergence_figure.draw(study.table).axes


def test_representations_are_what_they_say():
    made = Representation(8, 0.5, 16)
    latents, classes = latents_and_classes(2000, stream("latents"))
    embeddings = made.views(latents, 10, stream("family"))
    assert embeddings.shape == (2000, 10, 96)
    assert set(classes) == set(range(10))
    within = embeddings.astype(np.float64) - embeddings.mean(axis=1, dtype=np.float64)[:, None]
    spread = np.linalg.eigvalsh(np.cov(within.reshape(-1, 96).T) * 10 / 9)[::-1]
    _, noise = made.variances()
    np.testing.assert_allclose(spread[:24], np.sort(noise)[::-1][:24], rtol=0.1)
    assert lidar(embeddings) == pytest.approx(gaussian_lidar(*made.variances(), 10, 1e-4), rel=0.02)


def test_lidar_of_a_population():
    assert gaussian_lidar([1.0, 1.0, 0.0], [0.0, 0.0, 0.0], 5, 1e-4) == pytest.approx(2, rel=1e-5)
    assert gaussian_lidar([0.0] * 7, [1.0] * 7, 5) == pytest.approx(7, rel=1e-5)
    assert gaussian_lidar([0.0] * 7, [1.0] * 7, 5, debiased=True) == 1.0
    assert isotropic_lidar(16, 10**9, 10) == pytest.approx(16)
