"""Times of RFT and SFT: the closed forms against their own velocities, the flow and descent."""

import numpy as np
import pytest
from scipy.special import softmax

from lemmata.reinforcement_finetuning.exact import time_separation as times
from lemmata.reinforcement_finetuning.exact.studies.time_separation import study


@pytest.mark.parametrize("labels", [2, 10])
def test_closed_forms_have_the_stated_velocities(labels):
    step = 1e-6
    for q in (0.01, 0.2, 0.4):
        speed = q**2 * (1 - q) ** 2 * 2 * labels / (labels - 1)
        for closed, velocity in ((times.rft_time, speed), (times.sft_time, speed / (2 * q))):
            slowness = (closed(q - step, labels) - closed(q + step, labels)) / (2 * step)
            assert slowness == pytest.approx(1 / velocity, rel=1e-6)
            assert closed(times.END, labels) == pytest.approx(0.0, abs=1e-12)


def test_velocity_is_the_gradient_of_its_objective():
    z, step = np.array([0.3, -0.2, 1.0]), 1e-6
    objectives = {
        "rft": lambda z: 2 * softmax(z)[times.RIGHT] - 1,
        "sft": lambda z: np.log(softmax(z)[times.RIGHT]),
    }
    for method, objective in objectives.items():
        moves = step * np.eye(3)
        slopes = [(objective(z + m) - objective(z - m)) / (2 * step) for m in moves]
        np.testing.assert_allclose(times.velocity(method, z), slopes, atol=1e-9)


@pytest.mark.parametrize("q0", [0.1, 1e-3])
def test_flow_and_quadrature_give_the_closed_forms(q0):
    for method, closed in (("rft", times.rft_time), ("sft", times.sft_time)):
        expected = closed(q0, 10)
        assert times.ode_time(method, q0, 10, "uniform") == pytest.approx(expected, rel=1e-5)
    assert times.flow_time(lambda _: 1.0, q0, 10) == pytest.approx(times.rft_time(q0, 10))
    assert times.flow_time(lambda q: 0.5 / q, q0, 10) == pytest.approx(times.sft_time(q0, 10))


def test_values_with_one_wrong_label_that_has_the_mass():
    """Integrated independently once, to the digits given."""
    expected = {("rft", 0.01): 31.08, ("sft", 0.01): 3.541, ("rft", 1e-3): 257.3}
    for (method, q0), time in expected.items():
        assert times.ode_time(method, q0, 10, "peaked") == pytest.approx(time, rel=5e-4)


def test_descent_converges_to_the_flow_with_its_step():
    exact = times.rft_time(0.05, 10)
    coarse, fine = (times.descent_time("rft", 0.05, 10, "uniform", s) for s in (0.2, 0.05))
    assert abs(fine - exact) < abs(coarse - exact) / 2
    assert fine == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("rest", ["uniform", "peaked"])
def test_start_has_the_probability_asked_for(rest):
    p = softmax(times.start(1e-4, 10, rest))
    assert p[times.RIGHT] == pytest.approx(1e-4)
    assert p.sum() == pytest.approx(1.0)


def test_study_separates_the_times():
    q0 = [0.1, *np.logspace(-2, -4, 5).tolist()]
    result = study(10, q0, 1e-2, 0.05, [8])
    found = result.evidence.set_index("statistic")["value"]
    assert found["rft_slope"] == pytest.approx(-1.96, abs=0.04)
    assert found["grpo_8_slope"] == pytest.approx(-1.95, abs=0.05)
    assert found["grpo_population_slope"] == pytest.approx(-1.0, abs=0.03)
    assert found["least_r_squared_of_sft"] > 0.98
    assert found["largest_gap_of_flow"] < 1e-5
    assert found["largest_gap_of_descent"] < 0.01
    assert set(result.table["how"]) == {"closed form", "flow", "descent"}
