"""Samplers against closed forms, published updates, and each other; guidance; clocks."""

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


TABLE = {  # weight: variances of DDIM, DDPM, powered; means of the same (fact sheet, section 1.1)
    0.5: (1.414214, 1.386294, 1.333333, 0.557435, 0.585786, 0.666667),
    1.0: (1, 1, 1, 1, 1, 1),
    1.5: (0.707107, 0.750000, 0.800000, 1.349349, 1.292893, 1.200000),
    2.0: (0.500000, 0.583333, 0.666667, 1.623225, 1.500000, 1.333333),
    3.0: (0.250000, 0.387500, 0.500000, 2.000000, 1.750000, 1.500000),
    5.0: (0.062500, 0.221788, 0.333333, 2.333333, 1.937500, 1.666667),
    7.5: (0.011049, 0.142848, 0.235294, 2.397927, 1.988951, 1.764706),
    10.0: (0.001953, 0.105263, 0.181818, 2.345369, 1.998047, 1.818182),
}


@pytest.mark.parametrize("g", TABLE)
def test_closed_forms_are_the_table(g):
    found = (
        example.variance_ddim(g),
        example.variance_ddpm(g),
        example.variance_powered(g),
        example.mean_ddim(g),
        example.mean_ddpm(g),
        example.mean_powered(g),
    )
    np.testing.assert_allclose(found, TABLE[g], atol=6e-7)


def test_pcg_closed_form_is_its_ablation():
    assert [round(example.variance_pcg(3.0, k), 5) for k in (1, 2, 4, 8, 16, 32)] == [
        0.58333, 0.53750, 0.51718, 0.50819, 0.50400, 0.50198,
    ]  # fmt: skip
    assert [round(example.variance_pcg(5.0, k), 5) for k in (1, 2, 4, 8, 16, 32)] == [
        0.38750, 0.35564, 0.34345, 0.33817, 0.33570, 0.33450,
    ]  # fmt: skip
    for g in (0.7, 2.0, 3.0, 7.5):
        right = example.variance_pcg(predictor_corrector_weight(g), 1)
        assert right == pytest.approx(example.variance_ddpm(g), abs=1e-10)
    assert [round(example.variance_pcg(3.0, k), 4) for k in (0.25, 0.5)] == [0.7703, 0.6667]
    with pytest.raises(LemmataError, match="corrections = 0: must be positive"):
        example.variance_pcg(3.0, 0)


PROPAGATED = {  # errors of the variances of DDIM, DDPM, PCG in percent, measured elsewhere
    (2.0, 100): (26.0, 11.5, 3.0),
    (2.0, 400): (5.95, 2.74, 0.72),
    (2.0, 1600): (1.46, 0.68, 0.18),
    (3.0, 100): (27.3, 13.4, 3.8),
    (3.0, 400): (6.2, 3.2, 0.82),
    (5.0, 400): (6.1, 4.2, 1.8),
}


@pytest.mark.parametrize(("g", "steps"), PROPAGATED)
def test_propagated_variances_err_as_measured(g, steps):
    levels, corrector = log_levels(steps, 100.0), predictor_corrector_weight(g)
    cases = (
        (probability_flow(g), 0, example.variance_ddim(g)),
        (reverse_sde(g), 1, example.variance_ddpm(g)),
        (pcg(corrector, 1, "probability_flow"), 1, example.variance_ddpm(g)),
    )
    # Theirs were noised to the end: DDPM's last step, and PCG's corrector at level 0.
    last_noise = levels[-2] ** 2
    shrink = 1 - last_noise * (corrector + 1) / 4
    gains = ((1.0, 0.0), (1.0, last_noise), (shrink**2, last_noise))
    found = [propagate(s, GaussianScore(0.0), levels, 0.0, 10_001.0, d)[1] for s, d, _ in cases]
    for own, (gain, more), case, percent in zip(
        found, gains, cases, PROPAGATED[g, steps], strict=True
    ):
        error = 100 * ((gain * own + more) / case[2] - 1)
        assert error == pytest.approx(percent, rel=0.02)


@pytest.mark.parametrize("corrections", [1, 2, 4])
def test_pcg_converges_to_its_closed_form_as_one_over_steps(corrections):
    closed, errors = example.variance_pcg(3.0, corrections), []
    for steps in (400, 1600):
        sampler = pcg(3.0, corrections, "probability_flow")
        levels = log_levels(steps, 100.0)
        score = GaussianScore(0.0)
        _, found = propagate(sampler, score, levels, 0.0, 10_001.0, corrections)
        errors.append(abs(found / closed - 1))
    assert errors[1] < 0.01
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)


def test_only_the_right_corrector_weight_gives_ddpm():
    levels = log_levels(3200, 100.0)
    found = {
        w: propagate(pcg(w, 1, "probability_flow"), GaussianScore(0.0), levels, 0.0, 10_001.0, 1)[1]
        for w in (3.0, 4.0, 5.0, 6.0)
    }
    expected = {3.0: 0.58359, 4.0: 0.46895, 5.0: 0.38769, 6.0: 0.32832}
    for weight, value in expected.items():
        assert found[weight] == pytest.approx(value, rel=2e-3)


def test_songs_step_size_is_two_corrections_in_the_limit():
    levels = log_levels(3200, 100.0)
    sampler = pcg(3.0, 1, "probability_flow", step_size=2.0)
    _, found = propagate(sampler, GaussianScore(0.0), levels, 0.0, 10_001.0, 1)
    assert found == pytest.approx(example.variance_pcg(3.0, 2), rel=3e-3)
    assert found != pytest.approx(example.variance_pcg(3.0, 1), rel=0.05)


@pytest.mark.parametrize("g", [0.0, 1.0, 3.0])
def test_langevin_steps_end_in_the_powered_law_of_their_level(g):
    s, t = 1.1, 1.0
    eps = s * s - t * t
    precision = g / (1 + t * t) + (1 - g) / (2 + t * t)
    _, found = propagate(langevin(g, 400), GaussianScore(0.0), (s, t), 0.0, 9.0, 400)
    # Unadjusted steps of size eps settle at variance (1 / precision) / (1 - eps precision / 4).
    assert found == pytest.approx(1 / precision / (1 - eps * precision / 4), rel=1e-9)
    _, still = propagate(langevin(g, 5), GaussianScore(0.0), (s, 0.0), 0.0, 9.0, 5)
    assert still == 9.0


def test_propagation_is_what_sampling_does():
    levels, g = log_levels(30, 10.0), 2.0
    for sampler, draws in ((ddpm(g), 1), (pcg(3.0, 3), 3), (ddim(g), 0)):
        mean, variance = propagate(sampler, GaussianScore(0.7), levels, 0.7, 101.0, draws)
        start = example.start_law(0.7, 10.0, generator(), 200_000)
        end = last(sampler(GaussianScore(0.7), start, list(levels), gaussian(generator(1))))
        assert float(end.mean()) == pytest.approx(mean, abs=5 * math.sqrt(variance / 200_000))
        assert float(end.var()) == pytest.approx(variance, rel=5 * math.sqrt(2 / 200_000))


VP_TABLE = {  # 1000-step linear beta sub-sampled; DDIM, DDPM posterior, DDPM forward, PCG
    (1.0, 100): (0.964, 0.921, 1.000, 0.991),
    (3.0, 50): (0.221, 0.303, 0.397, 0.386),
    (3.0, 250): (0.244, 0.367, 0.389, 0.387),
    (5.0, 250): (0.0600, 0.2058, 0.2235, 0.2224),
}


@pytest.mark.parametrize(("g", "steps"), VP_TABLE)
def test_variance_preserving_steps_are_those_of_the_discrete_schedule(g, steps):
    levels = vp_linear_levels(steps)
    cases = (
        (ddim(g), 0), (ddpm(g, "posterior"), 1), (ddpm(g), 1),
        (pcg(predictor_corrector_weight(g), 1), 1),
    )  # fmt: skip
    for (sampler, draws), expected in zip(cases, VP_TABLE[g, steps], strict=True):
        start = 1.0 + levels[0] ** 2
        _, found = propagate(sampler, GaussianScore(0.0), levels, 0.0, start, draws)
        assert found == pytest.approx(expected, rel=0.03), sampler


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
