"""How long finetuning takes to make the right answer as likely as all others together.

K logits are the parameters (one input of a linear policy with orthonormal inputs), one label is
right (+1) and the others wrong (-1), q = p(right). Under gradient flow, while the wrong labels
share their mass equally, which both flows preserve [derived]:

    expected reward   dq/dt = 2 q^2 (1 - q)^2 K / (K - 1)
    cross entropy     dq/dt =   q   (1 - q)^2 K / (K - 1)

The first takes of order 1 / STD^2 from a small q, the second log(1 / STD) (arXiv 2310.20703,
section 4.3, as public reviews tell it).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad, solve_ivp
from scipy.special import log_softmax, softmax

from lemmata.errors import LemmataError

Method = Literal["rft", "sft"]
Rest = Literal["uniform", "peaked"]
Floats = NDArray[np.float64]
END: Final = 0.5
RIGHT: Final = 0
"""The right label's place among the logits."""


def reward_std(q: float) -> float:
    """Of a reward of +1 with probability q and -1 otherwise."""
    return 2.0 * math.sqrt(q * (1.0 - q))


def rft_time(q0: float, labels: int) -> float:
    """Time of expected reward from q0 to 1/2, closed form for equal wrong labels."""
    gain = 1.0 / q0 - 1.0 / (1.0 - q0) + 2.0 * math.log((1.0 - q0) / q0)
    return (labels - 1) / (2.0 * labels) * gain


def sft_time(q0: float, labels: int) -> float:
    """Time of cross entropy from q0 to 1/2, closed form for equal wrong labels."""
    return (labels - 1) / labels * (2.0 + math.log((1.0 - q0) / q0) - 1.0 / (1.0 - q0))


def flow_time(factor: Callable[[float], float], q0: float, labels: int) -> float:
    """Time from q0 to 1/2 where the velocity of expected reward is multiplied by factor(q).

    A factor of 1 is `rft_time`; 1 / (2 q) is `sft_time`.
    """

    def slowness(u: float) -> float:  # dt / dlog q
        q = math.exp(u)
        velocity = 2.0 * q * (1.0 - q) ** 2 * labels / (labels - 1)
        return 1.0 / (factor(q) * velocity)

    found, _ = quad(slowness, math.log(q0), math.log(END), limit=200, epsrel=1e-10)
    return float(found)


def start(q0: float, labels: int, rest: Rest) -> Floats:
    """Logits (K,) with p(right) = q0. rest: wrong labels share the mass, or one of them has it all
    and the others have q0 each.
    """
    wrong = np.full(labels, (1.0 - q0) / (labels - 1))
    if rest == "peaked":
        wrong[:] = q0
        wrong[-1] = 1.0 - (labels - 1) * q0
    wrong[RIGHT] = q0
    found: Floats = np.log(wrong)
    return found


def velocity(method: Method, logits: Floats) -> Floats:
    """dz/dt of gradient flow: p (r - V), or onehot(right) - p. (..., K) -> (..., K)."""
    p: Floats = softmax(logits, axis=-1)
    right = np.zeros(logits.shape[-1])
    right[RIGHT] = 1.0
    if method == "sft":
        slope: Floats = right - p
        return slope
    found: Floats = 2.0 * p * (right - p[..., RIGHT, None])
    return found


def ode_time(method: Method, q0: float, labels: int, rest: Rest) -> float:
    """The same time by integrating the flow of all K logits."""

    def reached(_: float, z: Floats) -> float:
        return float(log_softmax(z)[RIGHT] - math.log(END))

    reached.terminal = True  # type: ignore[attr-defined]
    found = solve_ivp(
        lambda _, z: velocity(method, z),
        (0.0, 10.0 / q0 + 100.0),
        start(q0, labels, rest),
        method="LSODA",
        events=reached,
        rtol=1e-9,
        atol=1e-11,
    )
    if found.t_events is None or not len(found.t_events[0]):
        raise LemmataError(f"time separation: {method} from q0 = {q0:g} did not reach {END}")
    return float(found.t_events[0][0])


def descent_time(method: Method, q0: float, labels: int, rest: Rest, step: float) -> float:
    """The same time by gradient descent: steps times their size, to the last part of a step."""
    z = start(q0, labels, rest)
    done, q = 0, q0
    while q < END:
        before, z = q, z + step * velocity(method, z)
        q, done = float(softmax(z)[RIGHT]), done + 1
    return step * (done - (q - END) / (q - before))
