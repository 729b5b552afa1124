"""One clock for all diffusions: the VE noise level s = sigma / alpha of x = alpha x0 + sigma eps.

VE, VP and the linear flow are views of the same path: x_VE = x / alpha. Samplers run in the VE
view, where alpha = 1; guided by any score field that is carried over so, ODE, reverse SDE and
Langevin corrector end in the same laws whatever the view [derived].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lemmata.errors import LemmataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """alpha: noise level -> signal; time: noise level -> the view's own time; level: its inverse.

    Time is 0 at the data and grows with the noise.
    """

    name: str
    alpha: Callable[[float], float]
    time: Callable[[float], float]
    level: Callable[[float], float]

    def sigma(self, level: float) -> float:
        """The noise beside `alpha` at this noise level."""
        return level * self.alpha(level)


VE: Final = View("ve", lambda _: 1.0, lambda s: s, lambda t: t)
"""alpha = 1, time = the noise level itself (EDM's sigma)."""
VP_COSINE: Final = View(
    "vp_cosine",
    lambda s: 1.0 / math.hypot(1.0, s),
    lambda s: 2.0 / math.pi * math.atan(s),
    lambda u: math.tan(math.pi * u / 2.0),
)
"""alpha = cos(pi u / 2), sigma = sin(pi u / 2), u in [0, 1). Each VP has this alpha of a level."""
LINEAR_FLOW: Final = View(
    "linear_flow", lambda s: 1.0 / (1.0 + s), lambda s: s / (1.0 + s), lambda t: t / (1.0 - t)
)
"""alpha = 1 - t, sigma = t, t in [0, 1): the linear flow from N(0, 1), independent coupling."""
VIEWS: Final = {view.name: view for view in (VE, VP_COSINE, LINEAR_FLOW)}


def log_levels(steps: int, largest: float, smallest: float = 0.0) -> Floats:
    """steps + 1 noise levels from `largest` to `smallest`, uniform in log(1 + s^2)."""
    ends = math.log1p(largest**2), math.log1p(smallest**2)
    return np.sqrt(np.expm1(np.linspace(*ends, checked_steps(steps) + 1)))


def view_levels(view: View, steps: int, start: float, end: float = 0.0) -> Floats:
    """steps + 1 noise levels, uniform in a view's time from `start` down to `end`."""
    times = np.linspace(start, end, checked_steps(steps) + 1)
    return np.array([view.level(float(t)) for t in times])


def constant_rate_levels(steps: int, sigma_q: float, power: float = 1.0) -> Floats:
    """steps + 1 levels sigma_q sqrt(t) with t = (i / steps)^power: arXiv 2406.08929's diffusion.

    power = 1 is the uniform grid of its algorithms; 2 is uniform in the noise level.
    """
    t = np.linspace(1.0, 0.0, checked_steps(steps) + 1) ** power
    found: Floats = sigma_q * np.sqrt(t)
    return found


def karras_levels(
    steps: int, smallest: float = 0.002, largest: float = 80.0, rho: float = 7.0
) -> Floats:
    """steps levels from `largest` to `smallest` and 0 after them (arXiv 2206.00364, equation 5)."""
    ramp = np.linspace(largest ** (1 / rho), smallest ** (1 / rho), checked_steps(steps))
    return np.append(ramp**rho, 0.0)


def vp_linear_levels(steps: int) -> Floats:
    """steps levels of DDPM's 1,000, beta from 1e-4 to 0.02 (arXiv 2006.11239), and 0 after them.

    Steps are spread over the 1,000 evenly; raises LemmataError for more.
    """
    if checked_steps(steps) > 1000:
        raise LemmataError(f"steps = {steps}: this schedule has 1000")
    remaining = np.cumprod(1.0 - np.linspace(1e-4, 0.02, 1000))
    chosen = remaining[np.linspace(999, 0, steps).round().astype(int)]
    return np.append(np.sqrt(1.0 / chosen - 1.0), 0.0)


def checked_steps(steps: int) -> int:
    """Refuse less than one step; raises LemmataError."""
    if steps < 1:
        raise LemmataError(f"steps = {steps}: must be 1 or more")
    return steps
