"""What a network may predict, and how each prediction becomes the score.

With x = alpha x0 + sigma eps in a VP view: eps; x0; v = alpha eps - sigma x0 (arXiv 2202.00512).
A flow's network predicts the velocity x0 - x1 of the linear flow. "previous" is x0 as well, learned
from the state one step back (`objective`). All are affine in one another, so guidance may be
applied to whichever is predicted.
"""

from __future__ import annotations

from typing import Final, Literal

from torch import Tensor

Prediction = Literal["v", "eps", "x0", "velocity", "previous"]
PREDICTIONS: Final = ("v", "eps", "x0", "velocity", "previous")


def target(prediction: Prediction, x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """What is predicted at x = alpha x0 + sigma eps. alpha, sigma: (B, 1, ...)."""
    if prediction == "v":
        return alpha * eps - sigma * x0
    if prediction == "velocity":
        return x0 - eps
    return eps if prediction == "eps" else x0


def noise_of(prediction: Prediction, said: Tensor, x: Tensor, alpha: float, sigma: float) -> Tensor:
    """eps from a prediction at x; for x0 (and in the flow, where alpha + sigma = 1) by solving."""
    if prediction == "v":
        return alpha * said + sigma * x
    if prediction == "eps":
        return said
    if prediction in ("x0", "previous"):
        return (x - alpha * said) / sigma
    return x - alpha * said  # x = (1 - t) x0 + t eps and said = x0 - eps
