"""Samplers as they draw, step and converge; guidance; clocks."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lemmata.diffusion import gaussian as example
from lemmata.diffusion.clock import (
    VIEWS,
    VP_COSINE,
    constant_rate_levels,
    karras_levels,
    log_levels,
    view_levels,
    vp_linear_levels,
)
from lemmata.diffusion.flow import flow_euler, flow_heun
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import guide, guided, predictor_corrector_weight
from lemmata.diffusion.laws import six_gaussians, three_bumps
from lemmata.diffusion.mixture import ExactGuidance
from lemmata.diffusion.moments import propagate
from lemmata.diffusion.samplers import (
    ddim,
    ddpm,
    gaussian,
    heun,
    langevin,
    last,
    pcg,
    probability_flow,
    reverse_sde,
)
from lemmata.errors import LemmataError

ALL = {
    "ddim": ddim(2.0),
    "probability_flow": probability_flow(2.0),
    "heun": heun(2.0),
    "ddpm": ddpm(2.0),
    "ddpm posterior": ddpm(2.0, "posterior"),
    "reverse_sde": reverse_sde(2.0),
    "langevin": langevin(3.0, 2),
    "pcg": pcg(3.0, 2),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", VIEWS)
@given(level=st.floats(1e-3, 1e3))
def test_views_go_to_and_fro(name, level):
    view = VIEWS[name]
    assert view.level(view.time(level)) == pytest.approx(level, rel=1e-9)
    assert view.sigma(level) / view.alpha(level) == pytest.approx(level, rel=1e-12)
    if name == "vp_cosine":
        u = view.time(level)
        assert view.alpha(level) == pytest.approx(math.cos(math.pi * u / 2), abs=1e-9)
        assert view.alpha(level) ** 2 + view.sigma(level) ** 2 == pytest.approx(1.0)
    if name == "linear_flow":
        assert view.alpha(level) + view.sigma(level) == pytest.approx(1.0)


def test_grids_end_where_they_say():
    for levels in (
        log_levels(10, 100.0),
        view_levels(VP_COSINE, 10, 0.98),
        constant_rate_levels(10, 8.0, 2.0),
        karras_levels(9),
    ):
        assert len(levels) == len(karras_levels(9)) + (len(levels) - 10)
        assert (np.diff(levels) < 0).all()
        assert levels[-1] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(constant_rate_levels(4, 8.0), 8 * np.sqrt([1, 0.75, 0.5, 0.25, 0]))
    np.testing.assert_allclose(
        constant_rate_levels(4, 8.0, 2.0), 8 * np.array([1, 0.75, 0.5, 0.25, 0])
    )
    assert karras_levels(5)[0] == pytest.approx(80.0)
    assert karras_levels(5)[-2] == pytest.approx(0.002)
    beta = np.linspace(1e-4, 0.02, 1000)
    assert vp_linear_levels(1000)[0] == pytest.approx(math.sqrt(1 / np.prod(1 - beta) - 1))
    assert vp_linear_levels(1000)[-2] == pytest.approx(math.sqrt(1e-4 / (1 - 1e-4)))
    assert vp_linear_levels(10)[0] == vp_linear_levels(1000)[0]
    with pytest.raises(LemmataError, match="steps = 0: must be 1 or more"):
        log_levels(0, 10.0)
    with pytest.raises(LemmataError, match="steps = 1001: this schedule has 1000"):
        vp_linear_levels(1001)


@given(
    weight=st.floats(-2, 8),
    alpha=st.floats(0.05, 1.0),
    sigma=st.floats(0.05, 3.0),
    values=st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_to_guide_one_parametrization_is_to_guide_all(weight, alpha, sigma, values):
    x, conditional, unconditional = values  # a point and two scores
    forms = {
        "eps": lambda s: -sigma * s,
        "x0": lambda s: (x + sigma**2 * s) / alpha,
        "v": lambda s: alpha * (-sigma * s) - sigma * (x + sigma**2 * s) / alpha,
        "velocity": lambda s: ((x + sigma**2 * s) / alpha - x) / sigma,
    }
    score = guide(conditional, unconditional, weight)
    for form in forms.values():
        found = guide(form(conditional), form(unconditional), weight)
        assert found == pytest.approx(form(score), rel=1e-6, abs=1e-6)


def test_guidance_asks_only_for_what_has_a_part():
    def refuse():
        raise AssertionError("asked for")

    assert guided(lambda: 3.0, refuse, 1.0) == 3.0
    assert guided(refuse, lambda: 4.0, 0.0) == 4.0
    assert guided(lambda: 3.0, lambda: 4.0, 2.0) == 2.0
    assert predictor_corrector_weight(3.0) == 5.0


def test_propagation_is_what_sampling_does():
    levels, g = log_levels(30, 10.0), 2.0
    for sampler, draws in ((ddpm(g), 1), (pcg(3.0, 3), 3), (ddim(g), 0)):
        mean, variance = propagate(sampler, GaussianScore(0.7), levels, 0.7, 101.0, draws)
        start = example.start_law(0.7, 10.0, generator(), 200_000)
        end = last(sampler(GaussianScore(0.7), start, list(levels), gaussian(generator(1))))
        assert float(end.mean()) == pytest.approx(mean, abs=5 * math.sqrt(variance / 200_000))
        assert float(end.var()) == pytest.approx(variance, rel=5 * math.sqrt(2 / 200_000))


@pytest.mark.parametrize("name", ALL)
def test_every_sampler_yields_each_state_and_draws_from_its_noise_alone(name):
    guidance, levels = ExactGuidance(six_gaussians(), 1), list(log_levels(7, 5.0))
    start = torch.randn(4, 2, generator=generator(), dtype=torch.float64)
    runs = []
    for _ in range(2):
        torch.manual_seed(_)  # the global generator has no part
        states = list(ALL[name](guidance.score, start, levels, gaussian(generator(3))))
        assert len(states) == 7
        assert all(state.shape == start.shape for state in states)
        runs.append(torch.stack(states))
    assert torch.equal(*runs)


def test_heun_has_second_order_and_ddim_first():
    guidance = ExactGuidance(three_bumps(), 0)
    start = torch.tensor([[-3.0], [0.4], [5.0]], dtype=torch.float64)

    def end(sampler, steps):
        # To a level above 0, so that the last step is of the method's own order.
        levels = list(np.geomspace(4.0, 0.5, steps + 1))
        return last(sampler(guidance.score, start, levels, torch.zeros_like))

    truth = end(heun(1.0), 8000)
    for sampler, order in ((ddim(1.0), 1), (probability_flow(1.0), 1), (heun(1.0), 2)):
        errors = [float((end(sampler, n) - truth).abs().max()) for n in (200, 400)]
        assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.12)


def test_flow_means_and_variances_are_those_of_ddim():
    for g, expected in {
        2.0: (1.6231, 0.49977),
        3.0: (1.9997, 0.24990),
        5.0: (2.3327, 0.06252),
    }.items():
        x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        times = [float(t) for t in np.linspace(1, 0, 51)]
        end = last(flow_heun(g)(GaussianScore(1.0).velocity, x, times, torch.zeros_like))
        found = float(end[0]), float((end[1] - end[0]) ** 2)
        np.testing.assert_allclose(found, expected, rtol=2e-3)
    times = [float(t) for t in np.linspace(1, 0, 201)]
    for g, variance in {2.0: 0.49299, 3.0: 0.24575, 5.0: 0.06074}.items():
        end = last(flow_euler(g)(GaussianScore(1.0).velocity, x, times, torch.zeros_like))
        assert float((end[1] - end[0]) ** 2) == pytest.approx(variance, rel=2e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: pcg(3.0, -1), "corrections = -1: must be 0 or more"),
        (lambda: pcg(-0.5, 1), "guidance_weight = -0.5: must be 0 or more"),
        (lambda: langevin(float("nan"), 1), "guidance_weight = nan: must be 0 or more"),
        (lambda: pcg(3.0, 1, "heun"), "predictor = 'heun'; allowed: ddim, probability_flow"),
        (lambda: pcg(3.0, 1, step_size=0.0), "step_size = 0.0: must be positive"),
        (lambda: ddpm(2.0, "beta"), "ddpm: noise = 'beta'; allowed: forward, posterior"),
        (lambda: next(run(ddim(1.0), [1.0])), "noise levels must be 2 or more"),
        (lambda: next(run(ddim(1.0), [1.0, 2.0])), "noise levels must be 2 or more"),
        (lambda: next(run(heun(1.0), [float("inf"), 1.0])), "finite, falling"),
        (lambda: next(run(flow_euler(1.0), [2.0, 1.0])), "flow times must be 2 or more"),
        (lambda: last(iter(())), "no step was made"),
        (lambda: example.variance_powered(-1.0), "needs more than -1"),
    ],
)
def test_what_makes_no_sense_is_one_line(wrong, message):
    with pytest.raises(LemmataError, match=message):
        wrong()


def run(sampler, grid):
    return sampler(GaussianScore(0.0), torch.zeros(1, 1), grid, torch.zeros_like)
