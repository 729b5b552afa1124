"""Velocity fields: they combine by posterior weight, and DDIM is a linear flow by another clock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from torch import Tensor

from lemmata.diffusion.clock import constant_rate_levels
from lemmata.diffusion.laws import point_masses, three_bumps
from lemmata.diffusion.mixture import ExactGuidance, GaussianMixture
from lemmata.diffusion.samplers import ddim
from lemmata.diffusion.velocity_fields import gases, to_a_point
from lemmata.stats import Study, evidence_table, exact

SIGMA_Q = 8.0
DELTAS = (-1.0, 2.0)
NEAR = 0.05
END = 1e-4
"""Time t at which DDIM and the flow, at its time sqrt(t), are compared."""
Floats = NDArray[np.float64]


def study(steps: int, particles: int) -> Study:
    """Rows of three kinds, by `what`.

    "path": field (weighted or plain average), level, particle, x: paths to two point masses; "gas"
    and "pointwise": fields in the plane, see `velocity_fields`.

    The plain average is the control that must fail. Evidence too: DDIM's ODE against the linear
    flow under the diffusion coupling, and against the flow without the factor 1/s, as printed.
    """
    levels = [float(s) for s in constant_rate_levels(steps, SIGMA_Q, 2.0)]
    start = torch.from_numpy(SIGMA_Q * _normal_quantiles(particles))[:, None] + 0.5
    masses = point_masses(list(DELTAS))
    fields = {"weighted": ExactGuidance(masses, 0).score, "plain": _plain}
    rows, shares = [], {}
    for name, field in fields.items():
        states = [start, *ddim(1.0)(field, start, levels, torch.zeros_like)]
        for number in range(0, len(states), max(1, steps // 50)):
            shown = states[number][:: max(1, particles // 40), 0]
            rows.append(
                pd.DataFrame(
                    {
                        "what": "path",
                        "field": name,
                        "level": levels[number],
                        "particle": np.arange(len(shown)),
                        "x": shown.numpy(),
                    }
                )
            )
        end = states[-1][:, 0]
        shares[name] = [float(((end - a).abs() < NEAR).double().mean()) for a in DELTAS]
    right, printed = _flow_gap(divide=True), _flow_gap(divide=False)
    evidence = {
        "min_share_at_a_point": exact(min(shares["weighted"]), particles),
        "max_share_at_a_point": exact(max(shares["weighted"]), particles),
        "share_at_points_of_plain_average": exact(sum(shares["plain"]), particles),
        "max_gap_of_ddim_and_flow": exact(right, len(START)),
        "max_gap_without_the_factor": exact(printed, len(START)),
    }
    rows += [gases().assign(what="gas"), to_a_point().assign(what="pointwise")]
    return Study(pd.concat(rows, ignore_index=True), evidence_table(evidence))


START = np.array([-12.0, -4.0, 0.7, 3.0, 15.0])
"""Where the paths of DDIM and of the flow begin."""


def _flow_gap(*, divide: bool) -> float:
    """Largest |DDIM's ODE at t = END - the flow at s = sqrt(END)|, with the factor 1/s or without
    it, as arXiv 2406.08929 prints the flow in App. B.7.
    """
    data = three_bumps()

    def ode(t: float, x: Floats) -> Floats:  # dx/dt = -(1 / 2t) E[x0 - x_t | x_t]
        return -_pull(data, x, SIGMA_Q * np.sqrt(t)) / (2 * t)

    def flow(s: float, x: Floats) -> Floats:  # dx/ds = -(1/s) E[x0 - x_s | x_s]
        pull = _pull(data, x, SIGMA_Q * s)
        return -pull / s if divide else -pull

    ends = [
        solve_ivp(field, (1.0, end), START, method="DOP853", rtol=1e-10, atol=1e-10).y[:, -1]
        for field, end in ((ode, END), (flow, np.sqrt(END)))
    ]
    return float(np.abs(ends[0] - ends[1]).max())


def _pull(data: GaussianMixture, x: Floats, level: float) -> Floats:
    """E[x0 - x | x] at a noise level."""
    point = torch.from_numpy(x)[:, None]
    found: Floats = (data.denoised(point, level) - point)[:, 0].numpy()
    return found


def _plain(x: Tensor, level: float, guidance_weight: float) -> Tensor:
    """The score whose velocity is the plain average of those towards the two points."""
    middle = sum(DELTAS) / len(DELTAS)
    return guidance_weight * (middle - x) / level**2


def _normal_quantiles(count: int) -> Floats:
    shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    found: Floats = torch.special.ndtri(shares).numpy()
    return found
