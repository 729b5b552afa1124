"""Networks against numpy and scipy, their gradients against finite differences in float64."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from lemmata.training.batches import torch_generator
from lemmata.training.networks import MLP, SmallConvNet


def convnet(side=8, channels=(3, 4), seed=0, dropout=0.0):
    return SmallConvNet(side, channels, 5, torch_generator(seed, "weights"), dropout)


def mlp(seed=0):
    return MLP((64, 16, 8, 5), torch_generator(seed, "weights"), 0.0)


def images(n, side, dtype=torch.float64):
    return torch.randn(n, side * side, generator=torch_generator(0, "images")).to(dtype)


def with_biases(model):
    """Non-zero biases, so that a test can see them."""
    generator = torch_generator(0, "biases")
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith("bias"):
                value.normal_(generator=generator)
    return model.double()


def test_mlp_is_what_it_says():
    model = with_biases(mlp())
    x = images(6, 8)
    values = [value.detach().numpy() for value in model.parameters()]
    a = x.numpy()
    for i, (weight, bias) in enumerate(zip(values[::2], values[1::2], strict=True)):
        a = a @ weight.T + bias
        a = a if i == 2 else np.maximum(a, 0)
    assert model(x).detach().numpy() == pytest.approx(a, rel=1e-12)


@pytest.mark.parametrize("side", [1, 3, 8, 11])
def test_convnet_is_what_it_says(side):
    """One image through scipy's correlation, every second pixel kept."""
    model = with_biases(convnet(side))
    x = images(2, side)
    values = [value.detach().numpy() for value in model.parameters()]
    for image, logits in zip(x.numpy(), model(x).detach().numpy(), strict=True):
        maps = image.reshape(1, side, side)
        for weight, bias in (values[:2], values[2:4]):
            summed = [
                sum(correlate2d(m, k, mode="same") for m, k in zip(maps, kernels, strict=True))
                for kernels in weight
            ]
            maps = np.maximum(np.stack(summed) + bias[:, None, None], 0)[:, ::2, ::2]
        assert logits == pytest.approx(values[4] @ maps.ravel() + values[5], rel=1e-10)


@pytest.mark.parametrize("build", [convnet, mlp])
def test_gradient_against_central_differences(build):
    """Along random directions, relative error below 1e-6 in float64; float32 within 1e-4 of it."""
    model = with_biases(build())
    x, y = images(16, 8), torch.arange(16) % 5
    parameters = dict(model.named_parameters())

    def loss_at(direction, h):
        moved = {k: v.detach() + h * direction[k] for k, v in parameters.items()}
        return float(cross_entropy(functional_call(model, moved, x), y))

    gradients = dict(
        zip(
            parameters,
            torch.autograd.grad(cross_entropy(model(x), y), parameters.values()),
            strict=True,
        )
    )
    generator = torch_generator(0, "directions")
    for _ in range(5):
        direction = {
            k: torch.randn(v.shape, dtype=v.dtype, generator=generator)
            for k, v in parameters.items()
        }
        slope = float(sum((gradients[k] * direction[k]).sum() for k in parameters))
        h = 1e-6
        numeric = (loss_at(direction, h) - loss_at(direction, -h)) / (2 * h)
        assert numeric == pytest.approx(slope, rel=1e-6, abs=1e-8)
    single = model.float()
    found = torch.autograd.grad(cross_entropy(single(x.float()), y), single.parameters())
    for name, value in zip(parameters, found, strict=True):
        assert torch.allclose(value.double(), gradients[name], rtol=1e-4, atol=1e-6)


def test_initial_weights_have_the_stated_variance():
    model = MLP((400, 300, 200), torch_generator(3, "weights"), 0.0)
    model.requires_grad_(False)
    first, last = model.layers[0], model.layers[-1]
    for layer, variance in ((first, 2 / 400), (last, 1 / 300)):
        n = layer.weight.numel()
        # the sample variance of n normals has relative standard deviation sqrt(2 / n)
        assert float(layer.weight.var()) == pytest.approx(variance, rel=5 * math.sqrt(2 / n))
        assert float(layer.weight.mean().abs()) < 5 * math.sqrt(variance / n)
        assert not layer.bias.any()
    kernels = convnet(8, (64, 64)).features[2].weight.detach()
    n = kernels.numel()
    assert float(kernels.var()) == pytest.approx(2 / (9 * 64), rel=5 * math.sqrt(2 / n))


@pytest.mark.parametrize("build", [convnet, mlp])
def test_weights_come_from_the_generator_alone(build):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = build(seed=4).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    two, other = build(seed=4).state_dict(), build(seed=5).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    weights = [name for name in one if name.endswith("weight")]
    assert not any(torch.equal(one[name], other[name]) for name in weights)


def test_dropout_acts_in_training_only():
    model = convnet(dropout=0.5)
    x = images(4, 8, torch.float32)
    model.eval()
    assert torch.equal(model(x), convnet()(x))
    model.train()
    assert not torch.equal(model(x), model(x))
