"""Plain gradient descent of many deep linear networks at once, of any depths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.self_supervised.linear.data import Moments
from lemmata.self_supervised.linear.matrix import Matrices, amplitudes, gradients
from lemmata.self_supervised.linear.scalar import Objective

Floats = NDArray[np.float64]


class Batch(NamedTuple):
    """factors: (B, L + 1, D, D) with L the greatest depth; rates: (B, L + 1) of each factor."""

    factors: Floats
    rates: Floats


def batch(starts: Sequence[Floats], learning_rates: Sequence[float]) -> Batch:
    """Runs of any depths, each (L_b + 1, D, D), as one batch.

    The shallower encoders get identities on top, whose learning rate is 0: they change nothing.
    """
    most, size = max(len(start) for start in starts), starts[0].shape[-1]
    factors = np.broadcast_to(np.eye(size), (len(starts), most, size, size)).copy()
    rates = np.zeros((len(starts), most))
    for b, (start, rate) in enumerate(zip(starts, learning_rates, strict=True)):
        layers = len(start) - 1
        factors[b, :layers], factors[b, -1] = start[:-1], start[-1]
        rates[b, :layers] = rates[b, -1] = rate
    return Batch(factors, rates)


def descend(
    objective: Objective,
    runs: Batch,
    moments: Iterable[Moments],
    device: torch.device | None = None,
) -> Iterator[tuple[Matrices, Matrices]]:
    """Encoders and decoders (B, D, D) before the first step, and after each one.

    moments: one a step, all equal for full-batch descent, (D, D) or (B, D, D). device: None
    computes with arrays, which for a few small matrices is the fastest; else with tensors there.
    The last state comes with the last moments' step not yet taken.
    """
    place: Callable[[Floats], Any] = _placed(device) if device is not None else np.asarray
    factors = [place(runs.factors[:, a].copy()) for a in range(runs.factors.shape[1])]
    rates = [place(rate[:, None, None]) for rate in runs.rates.T]  # (B, 1, 1) a factor
    before: Moments | None = None
    for now in moments:
        if now is not before:  # full batches move to the device once
            before, xx, yx = now, place(now.xx), place(now.yx)
        slopes, encoder = gradients(objective, factors, xx, yx)
        yield encoder, factors[-1]
        factors = [w - r * g for w, r, g in zip(factors, rates, slopes, strict=True)]


def _placed(device: torch.device) -> Callable[[Floats], torch.Tensor]:
    return lambda values: torch.from_numpy(np.ascontiguousarray(values)).to(device)


def critical_steps(
    states: Iterable[tuple[Matrices, Matrices]], levels: Floats, most: int
) -> Floats:
    """Steps (B, D), as fractions, at which amplitudes first reach levels (B, D); nan where never.

    Between steps the logarithm is taken to be linear. Levels that are nan are not waited for. At
    most `most` steps are drawn. Raises LemmataError when a run diverges.
    """
    found = np.full(levels.shape, np.nan)
    waiting = np.isfinite(levels)
    aims = np.where(waiting, levels, np.inf)
    before = np.ones(levels.shape)
    for step, (encoder, _) in enumerate(states):
        size = np.asarray(torch.as_tensor(amplitudes(encoder)).cpu())
        new = waiting & (size >= aims)
        if (new.any() or step % 1000 == 0) and not np.isfinite(size).all():
            raise LemmataError(f"descent diverged by step {step}: a learning rate is too large")
        if new.any():
            low, high, level = np.log(before[new]), np.log(size[new]), np.log(aims[new])
            found[new] = step - 1 + (level - low) / (high - low) if step else 0.0
            waiting &= ~new
        if not waiting.any() or step == most:
            return found
        before = size
    return found
