"""Deep linear networks as matrices: gradients of both losses, starts, and the gradient flow.

Encoder W = W_L ... W_1 and decoder V, all (D, D). The losses are means over pairs of views::

    JEPA   1/2 |V W x - SG(W y)|^2     the target is the encoder itself, under stop-gradient
    MAE    1/2 |V W x - y|^2

so that with E = V W Sxx - W Syx (JEPA) or V W Sxx - Syx (MAE) the gradients are E W^T for V and
V^T E for W [derived]; nothing comes from the target's branch. Factors are the encoder's layers in
the order in which x meets them, then the decoder; axes before the last two are independent runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.stats import ortho_group

from lemmata.errors import LemmataError
from lemmata.self_supervised.linear.data import Moments
from lemmata.self_supervised.linear.scalar import Objective, layer_scale

Floats = NDArray[np.float64]
Matrices = Any  # (..., D, D): numpy arrays, or torch tensors on any device


def gradients(
    objective: Objective, factors: Sequence[Matrices], xx: Matrices, yx: Matrices
) -> tuple[list[Matrices], Matrices]:
    """Gradients of the loss in all factors (..., D, D), and the encoder W they were taken at.

    xx, yx: second moments (..., D, D).
    """
    *layers, decoder = factors
    upto = [layers[0]]  # W_a ... W_1
    for layer in layers[1:]:
        upto.append(layer @ upto[-1])
    encoder = upto[-1]
    aim = encoder @ yx if objective == "jepa" else yx
    error = decoder @ encoder @ xx - aim
    found = [error @ encoder.mT]
    above = decoder.mT @ error  # (W_L ... W_(a+1))^T V^T E, from the last layer down
    for a in range(len(layers) - 1, 0, -1):
        found.append(above @ upto[a - 1].mT)
        above = layers[a].mT @ above
    found.append(above)
    return found[::-1], encoder


def amplitudes(encoder: Matrices) -> Matrices:
    """|W e_k| (..., D) of each feature k: how much of it the encoder passes on, however turned."""
    return (encoder**2).sum(-2) ** 0.5


def aligned_start(depth: int, dimension: int, eps: float) -> Floats:
    """Factors (L + 1, D, D), each s0 = eps^(1/L) times the identity."""
    one = layer_scale(depth, eps) * np.eye(dimension)
    return np.broadcast_to(one, (depth + 1, dimension, dimension)).copy()


def rotated_start(
    objective: Objective, depth: int, dimension: int, eps: float, rng: np.random.Generator
) -> Floats:
    """The aligned start in other coordinates: encoder layers orthogonal times s0.

    JEPA's dynamics are the same in all of (R W, R V R^T), so its aligned decoder is s0 times the
    identity; MAE's undoes the encoder's rotation [derived].
    """
    found = _orthogonal(depth, dimension, rng)
    turned = np.eye(dimension)
    for layer in found[:-1]:
        turned = layer @ turned
    found[-1] = np.eye(dimension) if objective == "jepa" else turned.T
    return np.asarray(layer_scale(depth, eps) * found)


def random_start(depth: int, dimension: int, eps: float, rng: np.random.Generator) -> Floats:
    """Orthogonal times s0, the decoder's rotation independent of the encoder's: not aligned."""
    return np.asarray(layer_scale(depth, eps) * _orthogonal(depth, dimension, rng))


def gaussian_start(depth: int, dimension: int, eps: float, rng: np.random.Generator) -> Floats:
    """Independent normal entries, of the size that keeps a vector's length on average times s0."""
    normal = rng.standard_normal((depth + 1, dimension, dimension)) / np.sqrt(dimension)
    return np.asarray(layer_scale(depth, eps) * normal)


def unit_decoder_start(depth: int, dimension: int, eps: float) -> Floats:
    """A small aligned encoder under a decoder that is the identity itself: not balanced."""
    found = aligned_start(depth, dimension, eps)
    found[-1] = np.eye(dimension)
    return found


class Flow(NamedTuple):
    """times (T,), encoders (T, D, D), decoders (T, D, D); crossings (D,): first times at levels."""

    times: Floats
    encoders: Floats
    decoders: Floats
    crossings: Floats


def flow(
    objective: Objective, start: Floats, moments: Moments, times: Floats, levels: Floats
) -> Flow:
    """Gradient flow at unit rate from factors (L + 1, D, D) at time 0 through times (T,).

    levels (D,): the crossings are the times at which the amplitudes first rise to them, nan where
    they never do by the last time; a level that is nan is not asked for. LSODA to a
    relative tolerance of 1e-8. Raises LemmataError where it gives up.
    """
    shape, unit = start.shape, float(times[-1])

    def slope(_: float, state: Floats) -> Floats:
        found = gradients(objective, list(state.reshape(shape)), moments.xx, moments.yx)[0]
        return -unit * np.concatenate(found, axis=None)

    def product(state: Floats) -> Floats:
        layers = state.reshape(shape)[:-1]
        encoder: Floats = layers[0]
        for layer in layers[1:]:
            encoder = layer @ encoder
        return encoder

    @functools.lru_cache(maxsize=1)  # the events of all features ask for the same state
    def heights(state: bytes) -> Floats:
        return np.asarray(amplitudes(product(np.frombuffer(state))))

    asked = np.flatnonzero(np.isfinite(levels))
    rising = [_crossing(heights, int(k), float(levels[k])) for k in asked]
    solved = solve_ivp(
        slope,
        (0.0, 1.0),  # times are taken in units of the last
        start.ravel(),
        method="LSODA",
        t_eval=np.asarray(times, np.float64) / unit,
        events=rising,
        rtol=1e-8,
        atol=1e-12,
    )
    if not solved.success:
        raise LemmataError(f"gradient flow: {solved.message}")
    states = solved.y.T
    encoders = np.stack([product(state) for state in states])
    decoders = states.reshape(-1, *shape)[:, -1]
    crossings = np.full(len(levels), np.nan)
    for k, found in zip(asked, solved.t_events or [], strict=True):
        crossings[k] = found[0] * unit if len(found) else np.nan
    return Flow(solved.t * unit, encoders, decoders, crossings)


def _crossing(
    heights: Callable[[bytes], Floats], k: int, level: float
) -> Callable[[float, Floats], float]:
    """An event of solve_ivp: feature k's amplitude rises through a level."""

    def above(_: float, state: Floats) -> float:
        return float(np.log(heights(state.tobytes())[k] / level))

    above.direction = 1.0  # type: ignore[attr-defined] # how solve_ivp is told: rising only
    return above


def _orthogonal(depth: int, dimension: int, rng: np.random.Generator) -> Floats:
    found = ortho_group.rvs(dimension, size=depth + 1, random_state=rng)
    return np.asarray(found, np.float64).reshape(depth + 1, dimension, dimension)
