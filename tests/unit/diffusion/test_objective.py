"""What networks are trained on: levels, targets, batches, and the transformer of images."""

import math

import pytest
import torch

from lemmata.diffusion.dit import DiT
from lemmata.diffusion.laws import six_gaussians
from lemmata.diffusion.mixture import GaussianMixture
from lemmata.diffusion.objective import (
    LOG_MEAN,
    LOG_STD,
    STEP,
    coefficients,
    draw_levels,
    regression_target,
    told_time,
)
from lemmata.diffusion.prediction import noise_of
from lemmata.diffusion.training_data import SHAPES, batch, training_points
from lemmata.training.batches import torch_generator

MANY = 200_000


def test_levels_have_the_laws_that_they_are_named_by():
    def drawn(levels, sigma_q=1.0):
        return draw_levels(levels, sigma_q, MANY, torch_generator(0, levels)).double()

    def uniform(time, largest=1.0):
        quantiles = time.quantile(torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))
        expected = largest * torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
        torch.testing.assert_close(quantiles, expected, atol=0.01 * largest, rtol=0)

    uniform(drawn("cosine").atan() * 2 / math.pi)
    linear = drawn("linear_flow")
    uniform(linear / (1 + linear))
    uniform((drawn("constant_rate", 4.0) / 4.0) ** 2)
    uniform(drawn("coupled", 4.0), 4.0)
    log = drawn("log_normal").log()
    assert float(log.mean()) == pytest.approx(LOG_MEAN, abs=0.02)
    assert float(log.std()) == pytest.approx(LOG_STD, abs=0.02)


def test_networks_are_told_the_time_of_their_view():
    level = torch.tensor([0.1, 1.0, 30.0], dtype=torch.float64)
    for prediction in ("v", "velocity"):
        alpha, sigma = coefficients(prediction, level)
        torch.testing.assert_close(sigma[:, 0] / alpha[:, 0], level)
    time = told_time("v", level)
    torch.testing.assert_close((time * math.pi / 2).cos(), coefficients("v", level)[0][:, 0])
    alpha, _ = coefficients("velocity", level)
    torch.testing.assert_close(1 - told_time("velocity", level), alpha[:, 0])


def test_a_velocity_leads_straight_to_the_data():
    x0, x1 = torch.randn(2, 5, 3, generator=torch_generator(0, "line"), dtype=torch.float64)
    level = torch.tensor([0.1, 0.5, 1.0, 4.0, 99.0], dtype=torch.float64)
    alpha, sigma = coefficients("velocity", level)
    torch.testing.assert_close(alpha + sigma, torch.ones_like(alpha))
    said = regression_target("velocity", 1.0, x0, x1, level, x1, alpha, sigma)
    torch.testing.assert_close(said, x0 - x1)
    torch.testing.assert_close(alpha * x0 + sigma * x1 + sigma * said, x0)


def test_v_prediction_is_the_preconditioning_of_edm():
    """D = c_skip x + c_out F(c_in x), table 1 of arXiv 2206.00364 with sigma_data = 1: F = -v."""
    generator = torch_generator(0, "edm")
    x, f = torch.randn(2, 100, 2, generator=generator, dtype=torch.float64)  # x in the VE view
    for sigma in (0.01, 0.5, 7.0):
        root = math.hypot(sigma, 1.0)
        c_skip, c_out, c_in = 1 / root**2, sigma / root, 1 / root
        denoised = c_skip * x + c_out * f
        eps = noise_of("v", -f, c_in * x, 1 / root, sigma / root)
        torch.testing.assert_close(x - sigma * eps, denoised)
    # Its weight of the loss, (sigma^2 + 1) / sigma^2, times c_out^2 is 1: the mean square of v.
    assert (0.5**2 + 1) / 0.5**2 * (0.5 / math.hypot(0.5, 1.0)) ** 2 == pytest.approx(1.0)


def test_the_state_one_step_back_has_the_mean_and_variance_of_the_bridge():
    sigma_q, time = 4.0, 0.3
    generator = torch_generator(0, "bridge")
    x0 = torch.full((MANY, 1), 0.7, dtype=torch.float64)
    steps = sigma_q * torch.randn(2, MANY, 1, generator=generator, dtype=torch.float64)
    before = x0 + math.sqrt(time - STEP) * steps[0]
    x_t = before + math.sqrt(STEP) * steps[1]
    level = torch.full((MANY,), sigma_q * math.sqrt(time), dtype=torch.float64)
    ours = regression_target(
        "previous",
        sigma_q,
        x0,
        torch.zeros_like(x0),
        level,
        torch.randn(x0.shape, generator=generator, dtype=torch.float64),
        *coefficients("previous", level),
    )
    # Scaled to predict x0: x_t + t / dt (x_(t - dt) - x_t), given x0 and over all x_t.
    scaled = x_t + time / STEP * (before - x_t)
    spread = float(scaled.std())
    assert float(ours.mean()) == pytest.approx(0.7, abs=5 * spread / math.sqrt(MANY))
    assert float(ours.std()) == pytest.approx(spread, rel=0.01)
    # It tells nothing more of x_t: the regression on it has x0's mean.
    assert abs(float(torch.corrcoef(torch.stack([scaled[:, 0], x_t[:, 0]]))[0, 1])) < 0.01


@pytest.mark.parametrize("data", ["gaussian", "six_gaussians", "three_bumps", "spiral"])
def test_batches_are_a_function_of_seed_and_step(data):
    def made(seed, step):
        return batch(data, 0, 64, seed, step)

    assert torch.equal(made(0, 3).x0, made(0, 3).x0)
    assert not torch.equal(made(0, 3).x0, made(0, 4).x0)
    assert not torch.equal(made(0, 3).x0, made(1, 3).x0)
    assert made(0, 3).x0.shape == (64, SHAPES[data].dimension)
    assert made(0, 3).condition.shape == (64, SHAPES[data].condition)
    assert made(0, 3).base is None


def test_classes_come_with_their_points():
    found = batch("six_gaussians", 0, 4000, 0, 1)
    for label in range(3):
        own = found.x0[found.condition[:, label] == 1].double()
        law: GaussianMixture = six_gaussians().of_class(label)
        centre = law.weights @ law.means
        torch.testing.assert_close(own.mean(dim=0), centre, atol=0.1, rtol=0)


def test_a_small_training_set_is_all_that_is_seen():
    known = training_points(10, 2).float()
    found = batch("spiral", 10, 500, 2, 5).x0
    assert torch.equal(found.unique(dim=0), known.unique(dim=0))
    assert len(known) == 10


def test_the_flow_from_the_annulus_has_its_own_base():
    found = batch("annulus_to_spiral", 0, 500, 0, 1)
    radius = found.base.norm(dim=1)
    assert float(radius.min()) >= 3
    assert float(radius.max()) <= 4


def test_a_transformer_of_images_begins_blind_and_learns_to_see():
    model = DiT(8, 3, 10, 32, 2, 4, torch_generator(0, "w"))
    x = torch.randn(5, 192, generator=torch_generator(0, "x"))
    torch.testing.assert_close(model._join(model._cut(x)), x)
    time, one = torch.full((5,), 0.3), torch.ones(5)
    zero, other = torch.zeros(5, 10), torch.eye(10)[:5]
    assert model(x, time, zero, one).shape == (5, 192)
    assert torch.equal(model(x, time, zero, one), model(x, time, other, one))
    with torch.no_grad():
        for layer in model.layers:
            layer.modulate.weight.normal_(generator=torch_generator(0, "m"))
    assert not torch.equal(model(x, time, zero, one), model(x, time, other, one))
    assert torch.equal(model(x, time, zero, 0 * one), model(x, time, other, 0 * one))
