"""Classifier-free guidance, for scores, eps, x0, v and velocities alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Value = TypeVar("Value", Tensor, NDArray[np.float64], float)
Field = Callable[[Tensor, float, float], Tensor]
"""(x (B, ...), noise level or flow time, guidance weight) -> (B, ...): what samplers follow.

Weight 1 is the conditional field, 0 the unconditional one. As a score it is that of the VE view.
"""


def guide(conditional: Value, unconditional: Value, guidance_weight: float) -> Value:
    """weight * conditional + (1 - weight) * unconditional (arXiv 2408.09000).

    The weight is gamma = 1 + w of Ho and Salimans (arXiv 2207.12598): 1 is unguided. The two
    coefficients sum to one, so to guide any affine image of the score, such as eps, x0, v or a
    flow's velocity, is to guide the score.
    """
    return guidance_weight * conditional + (1.0 - guidance_weight) * unconditional


def guided(
    conditional: Callable[[], Value], unconditional: Callable[[], Value], guidance_weight: float
) -> Value:
    """`guide`, evaluating only what has a part: one of the two at the weights 1 and 0."""
    if guidance_weight == 1.0:
        return conditional()
    if guidance_weight == 0.0:
        return unconditional()
    return guide(conditional(), unconditional(), guidance_weight)


def predictor_corrector_weight(guidance_weight: float) -> float:
    """gamma' = 2 gamma - 1: PCG with it and one corrector step is CFG-DDPM with gamma in the limit.

    Source: arXiv 2408.09000, main theorem [relation confirmed by public reviews].
    """
    return 2.0 * guidance_weight - 1.0
