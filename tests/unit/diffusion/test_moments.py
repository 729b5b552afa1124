"""Moments of the Gaussian example: closed forms, and what the steps of samplers make of them."""

import numpy as np
import pytest

from lemmata.diffusion import gaussian as example
from lemmata.diffusion.clock import log_levels, vp_linear_levels
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.moments import propagate
from lemmata.diffusion.samplers import ddim, ddpm, langevin, pcg, probability_flow, reverse_sde
from lemmata.errors import LemmataError

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
