"""A small network to train, and the optimal one of the Gaussian example."""

import math

import torch
from torch import Tensor

from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.network import ConditionalMLP

STAMP = {"rule": "test", "fingerprint": "0" * 64}
SETTINGS = Settings(
    data="gaussian",
    points=0,
    prediction="v",
    levels="cosine",
    sigma_q=1.0,
    architecture="mlp",
    width=32,
    depth=2,
    patch=1,
    steps=60,
    batch_size=128,
    learning_rate=2e-3,
    drop=0.3,
    ema=0.99,
    compile=False,
    seed=0,
    device="cpu",
    precision="float32",
    log_every=20,
    checkpoint_every=20,
)


class Exact(ConditionalMLP):
    """The optimal v-prediction of the Gaussian example, in place of a trained network."""

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)

    def forward(self, x: Tensor, time: Tensor, condition: Tensor, known: Tensor) -> Tensor:
        alpha, sigma = (f(time[:, None] * math.pi / 2) for f in (torch.cos, torch.sin))
        c, variance = condition * known[:, None], 2.0 - known[:, None]
        x0 = c + alpha * variance / (alpha**2 * variance + sigma**2) * (x - alpha * c)
        return alpha * (x - alpha * x0) / sigma - sigma * x0


FLOW = {"prediction": "velocity", "levels": "linear_flow"}
