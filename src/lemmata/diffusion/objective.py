"""The regression that trains a network: noise levels drawn, points noised, targets, mean squares.

Networks see x = alpha x0 + sigma eps in the VP view, whatever levels are drawn, and the level as
the cosine schedule's time; those that predict a velocity see the linear flow. So one clock serves:

    cosine         time uniform: the schedule of the digits and the Gaussian example
    linear_flow    time uniform: linear flow matching, independent coupling
    log_normal     log s ~ N(-1.2, 1.4^2). With v-prediction this is EDM's training (arXiv
                   2206.00364, table 1) for data of standard deviation 1: its preconditioned
                   network is -v, and its weight of the loss makes the mean square of v
    constant_rate  s = sigma_q sqrt(t), t uniform: the diffusion of arXiv 2406.08929
    coupled        s = sigma_q t, t uniform: its linear flow with the diffusion coupling, whose
                   velocity x0 - x1 = -sigma_q eps
"""

from __future__ import annotations

import math
from typing import Final, Literal

import torch
from torch import Tensor

from lemmata.diffusion.prediction import Prediction, target
from lemmata.errors import LemmataError

SMALLEST_TIME: Final = 1e-3
"""Times are drawn from [this, 1 - this]: the ends, where a prediction is free, are left out."""
LOG_MEAN: Final = -1.2
LOG_STD: Final = 1.4
"""Of log s [the tutorial's figure 6 trained so in our trial; EDM has std 1.2]."""
STEP: Final = 0.01
"""dt of Procedure 1, where the state one step back is predicted."""
Levels = Literal["cosine", "linear_flow", "log_normal", "constant_rate", "coupled"]


def draw_levels(levels: Levels, sigma_q: float, count: int, generator: torch.Generator) -> Tensor:
    """Noise levels s (B,) at which a batch is trained."""
    if levels == "log_normal":
        return (LOG_MEAN + LOG_STD * torch.randn(count, generator=generator)).exp()
    time = SMALLEST_TIME + (1 - 2 * SMALLEST_TIME) * torch.rand(count, generator=generator)
    if levels == "cosine":
        return (time * (math.pi / 2)).tan()
    if levels == "linear_flow":
        return time / (1.0 - time)
    return sigma_q * (time.sqrt() if levels == "constant_rate" else time)


def coefficients(prediction: Prediction, level: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and sigma (B, 1) at noise levels s (B,) of the view that a prediction belongs to."""
    s = level[:, None]
    if prediction == "velocity":
        return 1.0 / (1.0 + s), s / (1.0 + s)
    root = torch.hypot(torch.ones_like(s), s)
    return 1.0 / root, s / root


def told_time(prediction: Prediction, level: Tensor) -> Tensor:
    """How a network is told the noise level (B,): the time of its view, in [0, 1]."""
    if prediction == "velocity":
        return level / (1.0 + level)
    return level.atan() * (2.0 / math.pi)


def regression_target(
    prediction: Prediction,
    sigma_q: float,
    x0: Tensor,
    eps: Tensor,
    level: Tensor,
    fresh: Tensor,
    alpha: Tensor,
    sigma: Tensor,
) -> Tensor:
    """What is predicted (B, D). eps is x1 for a velocity; fresh (B, D): noise for "previous".

    alpha, sigma: as `coefficients` makes them of the levels.

    "previous" is Procedure 1 of arXiv 2406.08929 with dt = STEP, scaled to predict x0: the state
    one step back is drawn from the bridge between x0 and x_t, and t / dt of that step is made.
    """
    if prediction == "previous":
        time = (level[:, None] / sigma_q).square().clamp(min=STEP)  # t of its diffusion
        spread = sigma_q * ((time - STEP).clamp(min=0.0) * (time / STEP)).sqrt()
        return x0 + spread * fresh
    return target(prediction, x0, eps, alpha, sigma)


def check_objective(prediction: Prediction, levels: Levels) -> None:
    """Refuse a prediction with levels that it is not defined by."""
    bound = {"velocity": "linear_flow", "previous": "constant_rate"}
    if prediction in bound and levels != bound[prediction]:
        raise LemmataError(
            f"prediction {prediction!r}, levels {levels!r}: need {bound[prediction]}"
        )
    if levels == "linear_flow" and prediction != "velocity":
        raise LemmataError(f"levels 'linear_flow' with prediction {prediction!r}: need velocity")
