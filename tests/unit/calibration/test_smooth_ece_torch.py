"""SmoothECE of tensors equals that of arrays; the transform equals SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import fft

from lemmata.calibration.populations import mixed_endpoints, oscillating, two_points
from lemmata.calibration.relplot_versions import relplot_1_0_1
from lemmata.calibration.smooth_ece import bin_predictions, smece_at, smooth_ece
from lemmata.calibration.smooth_ece_torch import (
    cosine_transform,
    node_residuals,
)
from lemmata.calibration.smooth_ece_torch import smece_at as smece_at_torch
from lemmata.calibration.smooth_ece_torch import smooth_ece as smooth_ece_torch
from lemmata.errors import LemmataError
from tests.reference import stream

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]


@pytest.mark.parametrize("device", DEVICES)
def test_equals_numpy(device: str) -> None:
    rng = stream("torch")
    for p, y in (oscillating(3000, rng), mixed_endpoints(2000, 0.4, rng), two_points(0.01)):
        tensors = (torch.from_numpy(p).to(device), torch.from_numpy(y).to(device))
        expected = smooth_ece(p, y, 2**12, 1e-8)
        assert smooth_ece_torch(*tensors, 2**12, 1e-8) == pytest.approx(expected, abs=1e-7)
        binned = bin_predictions(p, y, 512)
        nodes = node_residuals(*tensors, 512)
        np.testing.assert_allclose(nodes.cpu().numpy(), binned.residual, atol=1e-14)
        for s in (0.01, 0.3):
            expected = float(smece_at(binned, s))
            assert smece_at_torch(nodes, s) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("device", DEVICES)
def test_transform_is_scipys(device: str) -> None:
    x = stream("dct").normal(size=65)
    found = cosine_transform(torch.from_numpy(x).to(device)).cpu().numpy()
    np.testing.assert_allclose(found, fft.dct(x, type=1), atol=1e-12)


def test_float32_and_integer_tensors_are_taken() -> None:
    p, y = oscillating(500, stream("float32"))
    found = smooth_ece_torch(
        torch.tensor(p, dtype=torch.float32), torch.tensor(y).long(), 4096, 1e-7
    )
    expected = smooth_ece(p.astype(np.float32).astype(np.float64), y, 4096, 1e-7)
    assert found == pytest.approx(expected, abs=1e-6)
    assert smooth_ece_torch(torch.ones(5), torch.ones(5), 256, 1e-6) == 0.0


@pytest.mark.parametrize(
    ("p", "y", "said"),
    [
        (torch.tensor([0.5, 1.5]), torch.tensor([0.0, 1.0]), r"p holds 0\.5 to 1\.5"),
        (torch.tensor([0.5, float("nan")]), torch.tensor([0.0, 1.0]), "p holds nan"),
        (torch.tensor([0.5]), torch.tensor([[1.0]]), r"y \(1, 1\): both must be"),
        (torch.tensor([]), torch.tensor([]), "N >= 1"),
        (torch.tensor([0.5]), torch.tensor([1.0], device="meta"), "must be on one device"),
    ],
)
def test_refusals(p: torch.Tensor, y: torch.Tensor, said: str) -> None:
    with pytest.raises(LemmataError, match=said):
        smooth_ece_torch(p, y, 256, 1e-6)


def test_old_relplot_is_that_of_version_1_0_1() -> None:
    """Numbers printed by relplot 1.0.1 itself for these samples."""
    rng = np.random.default_rng(0)
    p = (rng.random(4000) < 0.5).astype(float)
    wrong = np.abs(p - (rng.random(4000) < 0.2157))
    q = rng.random(3000)
    right = (rng.random(3000) < q).astype(float)
    assert relplot_1_0_1(p, wrong) == pytest.approx(0.11074462942024238, rel=1e-9)
    assert relplot_1_0_1(q, right) == pytest.approx(0.01788873296342121, rel=1e-9)
    mixed = relplot_1_0_1(np.r_[p, q], np.r_[wrong, right])
    assert mixed == pytest.approx(0.06598941997638366, rel=1e-9)
    assert relplot_1_0_1(p, wrong) < 0.55 * smooth_ece(p, wrong, 2**12, 1e-6)
