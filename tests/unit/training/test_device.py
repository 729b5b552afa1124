"""The choices of device and precision do what they say."""

import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.training.batches import torch_generator
from lemmata.training.device import select
from lemmata.training.networks import MLP

WITH_GPU = torch.cuda.is_available()


def relative_error(precision):
    """Of the logits and the gradient of a small network, against float64."""
    compute = select("cpu", precision, 1)
    x = torch.randn(64, 20, dtype=torch.float64, generator=torch_generator(0, "x"))
    results = []
    for dtype in (torch.float64, torch.float32):
        model = MLP((20, 64, 64, 5), torch_generator(0, "weights"), 0.0).to(dtype)
        if dtype is torch.float64:
            logits = model(x)
        else:
            with compute.autocast():
                logits = model(x.float())
        logits.double().square().mean().backward()
        gradient = torch.cat([p.grad.double().flatten() for p in model.parameters()])
        results.append((logits.detach().double(), gradient))
    (exact, exact_gradient), (found, found_gradient) = results
    return (
        float((found - exact).norm() / exact.norm()),
        float((found_gradient - exact_gradient).norm() / exact_gradient.norm()),
    )


def test_float32_agrees_with_float64():
    assert max(relative_error("float32")) < 1e-5


def test_bfloat16_agrees_with_float64_to_its_own_precision():
    """8 bits of mantissa: 2^-9 = 0.2% per rounding; and not float32 under another name."""
    logits, gradient = relative_error("bfloat16")
    assert 1e-4 < logits < 1e-2
    assert 1e-4 < gradient < 3e-2


def test_select_sets_threads_and_determinism():
    before = torch.get_num_threads()
    try:
        compute = select("cpu", "float32", 2)
        assert torch.get_num_threads() == 2
        assert torch.are_deterministic_algorithms_enabled()
        assert compute.device == torch.device("cpu")
        assert compute.describe() == f"cpu, float32, 2 thread(s), torch {torch.__version__}"
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(WITH_GPU, reason="this machine has a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused():
    assert select("auto", "float32", 1).device.type == "cpu"
    with pytest.raises(LemmataError, match="device = 'cuda': torch sees no GPU"):
        select("cuda", "float32", 1)


@pytest.mark.skipif(not WITH_GPU, reason="needs a GPU")
def test_gpu_float32_is_ieee():
    compute = select("auto", "float32", 1)
    a = torch.randn(256, 256, dtype=torch.float64, generator=torch_generator(0, "a"))
    found = a.float().to(compute.device) @ a.float().to(compute.device)
    error = (found.double().cpu() - a @ a).norm() / (a @ a).norm()
    assert float(error) < 1e-6  # TF32 would give about 3e-4


def test_auto_that_asked_for_a_gpu_says_so_when_there_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert select("auto", "float32", 1, gpus=1).device.type == "cpu"
    (message,) = caplog.messages
    assert message.startswith("asked for 1 GPU, but torch")
    assert "CUDA_VISIBLE_DEVICES: 3" in message
    caplog.clear()
    select("auto", "float32", 1)
    assert not caplog.messages
