"""Exact laws: scores against automatic differentiation, densities against scipy, powered laws."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal, norm

from lemmata.diffusion.laws import (
    annulus,
    clusters,
    point_masses,
    six_gaussians,
    spiral,
    spiral_distance,
    three_bumps,
)
from lemmata.diffusion.metrics import (
    energy_distance,
    frechet_distance,
    nearest_distance,
    sliced_wasserstein,
    wasserstein_1d,
)
from lemmata.diffusion.mixture import ExactGuidance, GaussianMixture
from lemmata.diffusion.powered import powered_law
from lemmata.errors import LemmataError

RNG = np.random.default_rng(0)
ROOTS = RNG.normal(size=(4, 3, 3))
MIXTURE = GaussianMixture(
    [1, 2, 3, 4], RNG.normal(size=(4, 3)), ROOTS @ ROOTS.swapaxes(1, 2), [0, 1, 1, 2]
)
X = torch.from_numpy(RNG.normal(size=(20, 3)))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("level", [0.0, 0.3, 5.0])
def test_density_is_scipys_and_score_its_gradient(level):
    weights, means = MIXTURE.weights.numpy(), MIXTURE.means.numpy()
    covariances = ROOTS @ ROOTS.swapaxes(1, 2) + level**2 * np.eye(3)
    expected = np.log(
        sum(
            w * multivariate_normal(m, c).pdf(X.numpy())
            for w, m, c in zip(weights, means, covariances, strict=True)
        )
    )
    np.testing.assert_allclose(MIXTURE.log_density(X, level).numpy(), expected, rtol=1e-9)
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(MIXTURE.log_density(x, level).sum(), x)
    torch.testing.assert_close(MIXTURE.score(X, level), gradient, rtol=1e-8, atol=1e-10)


def test_denoising_is_the_posterior_mean():
    law, level = three_bumps(), 0.8
    grid = np.linspace(-8, 8, 40_001)
    prior = np.exp(law.log_density(torch.from_numpy(grid)[:, None]).numpy())
    for x in (-2.0, 0.1, 1.7):
        posterior = prior * norm.pdf(x, grid, level)
        expected = (posterior * grid).sum() / posterior.sum()
        found = law.denoised(torch.tensor([[x]], dtype=torch.float64), level)
        assert float(found) == pytest.approx(expected, abs=1e-9)


def test_conditional_law_is_that_of_its_components():
    own = MIXTURE.of_class(1)
    assert own.weights.tolist() == pytest.approx([0.4, 0.6])
    joint = sum(
        share * MIXTURE.of_class(c).log_density(X, 0.5).exp()
        for c, share in ((0, 0.1), (1, 0.5), (2, 0.4))
    )
    torch.testing.assert_close(joint.log(), MIXTURE.log_density(X, 0.5))
    guidance = ExactGuidance(MIXTURE, 1)
    expected = 3 * own.score(X, 0.7) - 2 * MIXTURE.score(X, 0.7)
    torch.testing.assert_close(guidance.score(X, 0.7, 3.0), expected)


def test_velocity_is_the_mean_of_the_paths_through_a_point():
    law = three_bumps()
    data = law.sample(400_000, generator())[:, 0]
    base = torch.randn(400_000, generator=generator(1), dtype=torch.float64)
    guidance = ExactGuidance(law, 0)
    for t, x in ((0.5, 0.4), (0.8, -1.0)):
        here = t * base + (1 - t) * data
        weight = torch.exp(-0.5 * ((here - x) / 0.02) ** 2)
        expected = float((weight * (data - base)).sum() / weight.sum())
        found = float(guidance.velocity(torch.tensor([[x]], dtype=torch.float64), t, 1.0))
        assert found == pytest.approx(expected, abs=0.06)
    ends = torch.tensor([[0.3]], dtype=torch.float64)
    mean = float(law.weights @ law.means[:, 0])
    assert float(guidance.velocity(ends, 1.0, 1.0)) == pytest.approx(mean - 0.3)
    near = float(guidance.velocity(ends, 1e-6, 1.0))
    assert float(guidance.velocity(ends, 0.0, 1.0)) == pytest.approx(near, abs=1e-4)


def test_samples_have_the_laws_moments():
    drawn = MIXTURE.sample(200_000, generator())
    mean = MIXTURE.weights @ MIXTURE.means
    np.testing.assert_allclose(drawn.mean(dim=0), mean, atol=0.03)
    second = sum(
        w * (r @ r.T + np.outer(m, m))
        for w, m, r in zip(MIXTURE.weights.numpy(), MIXTURE.means.numpy(), ROOTS, strict=True)
    )
    covariance = second - np.outer(mean, mean)
    np.testing.assert_allclose(np.cov(drawn.numpy().T), covariance, rtol=0.05, atol=0.05)


def test_point_masses_pull_by_their_softmax():
    law = point_masses([-1.0, 2.0])
    x, level = torch.tensor([[0.7]], dtype=torch.float64), 1.3
    near = [math.exp(-((0.7 - a) ** 2) / (2 * level**2)) for a in (-1.0, 2.0)]
    expected = (near[0] * -1.0 + near[1] * 2.0) / sum(near)
    assert float(law.denoised(x, level)) == pytest.approx(expected)


@pytest.mark.parametrize("g", [1.0, 2.0, 3.0])
def test_powered_law_of_gaussians_is_gaussian(g):
    # p(x|c) = N(0, 1) and p(x) = N(0, 2): the Gaussian example at c = 0.
    pair = GaussianMixture([1], [[0.0]], [[[1.0]]])
    whole = GaussianMixture([1], [[0.0]], [[[2.0]]])
    law = powered_law(pair, whole, g, reach=12.0)
    assert law.variance()[0] == pytest.approx(2 / (g + 1), rel=1e-6)
    assert law.mean()[0] == pytest.approx(0.0, abs=1e-9)
    scale = math.sqrt(2 / (g + 1))
    np.testing.assert_allclose(
        law.quantiles(np.array([0.1, 0.5, 0.9])), norm.ppf([0.1, 0.5, 0.9], scale=scale), atol=1e-4
    )


def test_powered_law_in_the_plane_is_the_measured_one():
    own = six_gaussians().of_class(0)
    law = powered_law(own, six_gaussians(), 2.0, reach=3.6)
    assert law.variance().sum() == pytest.approx(0.858, rel=0.01)
    # And by importance sampling from the conditional law, weighted by (p(x|c) / p(x))^(g - 1).
    x = own.sample(400_000, generator())
    weight = (own.log_density(x) - six_gaussians().log_density(x)).exp()[:, None]
    mean = (weight * x).sum(dim=0) / weight.sum()
    trace = float(((weight * (x - mean).square()).sum(dim=0) / weight.sum()).sum())
    assert law.variance().sum() == pytest.approx(trace, rel=0.005)
    drawn = law.sample(100_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), law.mean(), atol=0.01)
    np.testing.assert_allclose(drawn.var(axis=0), law.variance(), rtol=0.02)


def test_separated_clusters_have_the_conditional_as_powered_law():
    law = powered_law(clusters(4.0).of_class(0), clusters(4.0), 3.0, reach=16.0)
    assert law.mean()[0] == pytest.approx(-4.0, abs=1e-3)
    assert law.variance()[0] == pytest.approx(0.999, abs=2e-3)
    near = powered_law(clusters(1.0).of_class(0), clusters(1.0), 2.0, reach=14.0)
    assert near.mean()[0] + 1 == pytest.approx(-0.290, abs=1e-3)
    assert near.variance()[0] == pytest.approx(0.744, abs=1e-3)


def test_metrics_against_closed_forms():
    x, y = torch.randn(2, 4000, 2, generator=generator(), dtype=torch.float64)
    assert abs(energy_distance(x, y)) < 0.004
    # E|N(m, 2)| - E|N(0, 2)| twice, in one dimension.
    shift = 1.5
    scale = math.sqrt(2)
    between = scale * math.sqrt(2 / math.pi) * math.exp(-(shift**2) / 4) + shift * (
        1 - 2 * norm.cdf(-shift / scale)
    )
    expected = 2 * between - 2 * scale * math.sqrt(2 / math.pi)
    found = energy_distance(x[:, :1], y[:, :1] + shift)
    assert found == pytest.approx(expected, abs=0.12)  # four standard errors
    moved = y + torch.tensor([3.0, 0.0])
    assert frechet_distance(x, 2 * moved) == pytest.approx(36 + 2 * 1, rel=0.05)
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-6)
    assert sliced_wasserstein(x, x + 0.0, generator()) == 0.0
    assert sliced_wasserstein(x, x + torch.tensor([2.0, 0.0]), generator(), 2000) == pytest.approx(
        2 * 2 / math.pi, rel=0.03
    )
    ordered = torch.special.ndtri((torch.arange(4000, dtype=torch.float64) + 0.5) / 4000)
    assert wasserstein_1d(ordered.flip(0) + 0.25, ordered) == pytest.approx(0.25)
    assert nearest_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [6.0, 8.0]])).item() == 5.0


def test_toy_shapes():
    points = spiral(500, generator())
    assert float(spiral_distance(points).max()) < 0.01
    assert float(spiral_distance(points + 5.0).min()) > 2.0
    radius = annulus(2000, generator()).norm(dim=1)
    assert float(radius.min()) >= 3.0
    assert float(radius.max()) <= 4.0
    assert float((radius**2).mean()) == pytest.approx(12.5, rel=0.01)  # uniform in area


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: GaussianMixture([1], [[0.0, 1.0]], [[[1.0]]]), r"need \(K,\), \(K, D\)"),
        (lambda: GaussianMixture([-1], [[0.0]], [[[1.0]]]), "weights must be positive"),
        (lambda: GaussianMixture([1], [[0.0]], [[[-1.0]]]), "positive semidefinite"),
        (lambda: MIXTURE.of_class(7), "class 7: allowed: 0, 1, 2"),
        (lambda: powered_law(MIXTURE, MIXTURE, 2.0, 5.0), "dimension 3: allowed: 1, 2"),
        (lambda: powered_law(clusters(4.0), clusters(4.0), 2.0, 4.5), "the grid too small"),
        (lambda: energy_distance(torch.zeros(3, 2), torch.zeros(3, 1)), r"need \(N, D\)"),
        (lambda: frechet_distance(torch.zeros(1, 2), torch.zeros(3, 2)), "need 2 or more"),
        (
            lambda: energy_distance(torch.full((3, 1), math.nan), torch.zeros(3, 1)),
            "values are finite",
        ),
        (lambda: wasserstein_1d(torch.zeros(3), torch.zeros(2)), "3 points, 2 quantiles"),
        (lambda: sliced_wasserstein(torch.zeros(3, 1), torch.zeros(2, 1), generator()), "3 and 2"),
    ],
)
def test_what_is_no_law_is_one_line(wrong, message):
    with pytest.raises(LemmataError, match=message):
        wrong()
