"""Metrics of representations: the plain formula, identities and limits, on every device."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.self_supervised.metrics.alpha import alpha_req
from lemmata.self_supervised.metrics.lidar import (
    discriminant_eigenvalues,
    discriminant_sum,
    lidar,
    lidar_of,
    scatter,
)
from lemmata.self_supervised.metrics.rank import effective_rank, participation_ratio, rankme
from lemmata.self_supervised.metrics.spectrum import shares_rank
from tests.reference import stream

Floats = NDArray[np.float64]
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]


def views(n: int, q: int, signal: Floats, noise: float, name: str) -> Floats:
    """Embeddings (n, q, p): a sample's own draw times `signal` (p,), and fresh noise a view."""
    rng = stream(name)
    p = len(signal)
    own = rng.standard_normal((n, 1, p)) * signal
    return own + noise * rng.standard_normal((n, q, p))


def plain(embeddings: Floats, delta: float, eps: float, debiased: bool = False) -> float:
    """LiDAR by its formula, S_w^(-1/2) by scipy's matrix functions."""
    n, q, p = embeddings.shape
    means = embeddings.mean(axis=1)
    around = means - means.mean(axis=0)
    between = around.T @ around / (n - 1)
    rest = (embeddings - means[:, None]).reshape(-1, p)
    raw = rest.T @ rest / (n * (q - 1))
    root = scipy.linalg.inv(scipy.linalg.sqrtm(raw + delta * np.eye(p)))
    inner = between - raw / q if debiased else between
    values = np.linalg.eigvalsh(root @ inner @ root).clip(min=0)
    shares = values / values.sum() + eps
    return float(np.exp(-(shares * np.log(shares)).sum()))


DECAY = 0.75 ** np.arange(16)
BASE = views(500, 10, DECAY, 0.1, "base")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("n", "q", "p"),
    [(40, 5, 6), (10, 4, 12), (5, 3, 15), (5, 3, 40), (2, 2, 3), (10000, 5, 100)],
    ids=["tall", "p above n", "p = n q", "p above n q", "least", "in chunks"],
)
def test_lidar_is_its_formula_whatever_the_shape(device: str, n: int, q: int, p: int) -> None:
    embeddings = views(n, q, 0.9 ** np.arange(p), 0.3, f"shape {n} {p}")
    for debiased in (False, True):
        expected = plain(embeddings, 1e-4, 1e-8, debiased)
        found = lidar(torch.from_numpy(embeddings).to(device), debiased=debiased)
        assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("device", DEVICES)
def test_every_metric_takes_arrays_and_tensors_of_any_float_type(device: str) -> None:
    half = BASE.astype(np.float16)
    flat = half.reshape(-1, 16)
    for metric, values in (
        (lidar, half),
        (rankme, flat),
        (effective_rank, flat),
        (participation_ratio, flat),
        (lambda x: alpha_req(x, 2, 12), flat),
    ):
        expected = metric(values.astype(np.float64))
        backwards = values[::-1]
        backwards.flags.writeable = False
        for array in (values, backwards):
            assert metric(array) == pytest.approx(expected, rel=1e-12)
        on_device = torch.from_numpy(values).to(device).requires_grad_()
        assert metric(on_device) == pytest.approx(expected, rel=1e-9)


def test_lidar_does_not_change_under_affine_maps_without_delta() -> None:
    mapped = BASE @ stream("map").standard_normal((16, 16)) + 3.0
    assert lidar(mapped, delta=0.0) == pytest.approx(lidar(BASE, delta=0.0), rel=1e-9)


def test_delta_is_absolute() -> None:
    small = lidar(0.01 * BASE, delta=1e-4)
    assert abs(small / lidar(BASE, delta=1e-4) - 1) > 1e-3
    assert small == pytest.approx(lidar(BASE, delta=1.0), rel=1e-6)  # delta scales as a variance


@pytest.mark.parametrize("delta", [1e-9, 1e-4, 1.0])
def test_equal_views_leave_the_rank_of_the_class_means(delta: float) -> None:
    means = BASE[:, 0]
    same = np.repeat(means[:, None], 10, axis=1)
    assert lidar(same, delta, eps=0.0) == pytest.approx(effective_rank(means), rel=1e-9)


@pytest.mark.parametrize(
    ("n", "p", "measured"),
    [(1000, 16, 15.83), (5000, 16, 15.97), (200, 64, 53.3), (2000, 64, 62.9)],
)
def test_isotropic_signal_has_full_rank(n: int, p: int, measured: float) -> None:
    found = lidar(views(n, 10, np.ones(p), 1.0, f"isotropic {n} {p}"))
    assert found == pytest.approx(measured, rel=0.02)
    assert found <= p * (1 + 1e-5)


@pytest.mark.parametrize(("n", "measured"), [(10, 7.68), (17, 12.47), (40, 27.3)])
def test_few_samples_cap_the_rank(n: int, measured: float) -> None:
    found = [lidar(views(n, 10, np.ones(64), 0.1, f"cap {n} {k}")) for k in range(20)]
    assert max(found) <= (n - 1) * (1 + 1e-4)
    assert abs(np.mean(found) - measured) < 3 * np.std(found)  # measured is a single draw


def test_pure_noise_has_the_largest_lidar() -> None:
    noise = views(1000, 10, np.zeros(16), 1.0, "noise")
    assert lidar(noise) == pytest.approx(15.86, rel=0.02)
    values = discriminant_eigenvalues(scatter(noise), 1e-4)
    assert float(values.mean()) == pytest.approx(1 / 10, rel=0.02)  # the floor 1/q


@pytest.mark.parametrize(
    ("q", "noise", "measured"), [(10, 0.3, 3.70), (50, 0.3, 3.17), (10, 0.01, 3.00)]
)
def test_signal_of_rank_three_stands_on_the_floor(q: int, noise: float, measured: float) -> None:
    signal = np.r_[np.ones(3), np.zeros(13)]
    embeddings = views(1000, q, signal, noise, f"rank three {q} {noise}")
    values = torch.tensor([1 / noise**2 + 1 / q] * 3 + [1 / q] * 13, dtype=torch.float64)
    found = lidar(embeddings, delta=1e-9)
    assert found == pytest.approx(shares_rank(values, 1e-8), rel=0.02)
    assert found == pytest.approx(measured, rel=0.02)
    assert lidar(embeddings, delta=1e-9, debiased=True) == pytest.approx(3.0, rel=0.02)


def test_fresh_noise_raises_rankme_and_hardly_lidar() -> None:
    rng = stream("appended")
    flat, lidar_base = BASE.reshape(-1, 16), lidar(BASE)
    for k in (16, 64):
        fresh = rng.standard_normal((500, 10, k))
        longer = np.concatenate([BASE, fresh], axis=2)
        # The base's singular values fall off, the appended ones are flat.
        gained = rankme(longer.reshape(-1, 16 + k)) - rankme(flat)
        assert 0.7 * k < gained < 1.1 * k
        added = discriminant_eigenvalues(scatter(fresh), 1e-4)
        whole = torch.cat([discriminant_eigenvalues(scatter(BASE), 1e-4), added])
        expected = shares_rank(whole, 1e-8)  # two spectra side by side, the second at 1/q
        assert lidar(longer) == pytest.approx(expected, rel=0.05)
        assert lidar(longer) - lidar_base < 0.1 * k


def test_noise_of_the_sample_itself_is_counted_as_signal() -> None:
    own = np.repeat(stream("own").standard_normal((500, 1, 64)), 10, axis=1)
    own += 0.1 * stream("own views").standard_normal(own.shape)
    assert lidar(np.concatenate([BASE, own], axis=2)) > lidar(BASE) + 40


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
@pytest.mark.parametrize("p", [4, 200])
def test_collapsed_representations(value: float, p: int) -> None:
    constant = np.full((20, 5, p), value)
    for debiased in (False, True):
        assert lidar(constant, debiased=debiased) == 1.0
    flat = constant.reshape(-1, p)
    assert rankme(flat) == pytest.approx(1.00001, abs=1e-3)
    assert effective_rank(flat) == participation_ratio(flat) == rankme(flat, centred=True) == 1.0
    with pytest.raises(LemmataError, match="eigenvalue 3 is 0"):
        alpha_req(flat, 1, 3)


def test_rankme_of_a_shifted_gaussian_sees_the_shift() -> None:
    shifted = 5.0 + stream("shifted").standard_normal((5000, 16))
    assert rankme(shifted) == pytest.approx(6.3, rel=0.02)
    assert rankme(shifted, centred=True) == pytest.approx(15.97, rel=0.02)


def test_ranks_of_given_spectra() -> None:
    """Orthogonal columns of given lengths: singular values, hence every rank, in closed form."""
    lengths = np.array([4.0, 2.0, 1.0, 1.0])
    signs = scipy.linalg.hadamard(8)[:, 1:5] / np.sqrt(8)  # orthonormal, mean 0
    features = signs * lengths
    shares = lengths / lengths.sum()
    assert rankme(features, eps=0.0) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    squares = lengths**2 / (lengths**2).sum()
    assert effective_rank(features) == pytest.approx(np.exp(-(squares * np.log(squares)).sum()))
    assert participation_ratio(features) == pytest.approx(22.0**2 / (256 + 16 + 1 + 1))


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_alpha_is_the_exponent_of_a_power_law(alpha: float) -> None:
    signs = scipy.linalg.hadamard(128)[:, 1:121]
    features = signs * np.arange(1, 121.0) ** (-alpha / 2) + 7.0
    assert alpha_req(features, 10, 100) == pytest.approx(alpha, abs=1e-9)


def test_alpha_weighs_by_one_over_the_index() -> None:
    features = stream("alpha").standard_normal((60, 8))
    values = np.linalg.eigvalsh(np.cov(features.T))[::-1][1:7]
    j = np.arange(2, 8.0)
    slope = np.polyfit(np.log(j), np.log(values), 1, w=np.sqrt(1 / j))[0]
    assert alpha_req(features, 2, 7) == pytest.approx(-slope, rel=1e-9)


def test_one_scatter_serves_every_delta() -> None:
    found = scatter(BASE)
    for delta in (1e-6, 1e-4, 1e-2):
        assert lidar_of(found, delta) == lidar(BASE, delta)
    values = discriminant_eigenvalues(found, 1e-4)
    assert len(values) == 16
    assert discriminant_sum(found, 1e-4) == pytest.approx(float(values.sum()))


def test_debiased_removes_the_floor() -> None:
    values = discriminant_eigenvalues(scatter(BASE), 0.0)
    debiased = discriminant_eigenvalues(scatter(BASE), 0.0, debiased=True)
    np.testing.assert_allclose(debiased, (values - 1 / 10).clamp(min=0), atol=1e-9)


def test_refusals() -> None:
    with pytest.raises(LemmataError, match="1 samples of 10 views"):
        lidar(BASE[:1])
    with pytest.raises(LemmataError, match="500 samples of 1 views"):
        lidar(BASE[:, :1])
    with pytest.raises(LemmataError, match="need floats"):
        lidar(BASE[0])
    with pytest.raises(LemmataError, match="need floats"):
        rankme(np.ones((3, 3), dtype=np.int64))
    with pytest.raises(LemmataError, match="not all values are finite"):
        lidar(np.concatenate([BASE, np.full((1, 10, 16), np.nan)]))
    same = np.repeat(BASE[:, :1], 10, axis=1)
    with pytest.raises(LemmataError, match="delta = 0"):
        lidar(same, delta=0.0)
    with pytest.raises(LemmataError, match="delta = -1"):
        lidar(BASE, delta=-1.0)
    with pytest.raises(LemmataError, match="2 samples or more"):
        effective_rank(BASE[0][:1])
    for first, last in ((0, 4), (3, 3), (2, 17)):
        with pytest.raises(LemmataError, match=f"indices {first}..{last}"):
            alpha_req(BASE[:, 0], first, last)
