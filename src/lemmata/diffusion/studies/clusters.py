"""Two separated classes: the powered law is the conditional itself, yet guided samples move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from lemmata.diffusion.clock import log_levels
from lemmata.diffusion.laws import clusters
from lemmata.diffusion.mixture import ExactGuidance
from lemmata.diffusion.powered import powered_law
from lemmata.diffusion.samplers import gaussian, heun, last, reverse_sde
from lemmata.stats import Interval, Study, bootstrap_interval, evidence_table, exact
from lemmata.training.batches import torch_generator

Floats = NDArray[np.float64]
SHARES = 401
"""Quantiles that are kept of each law."""
SDE_LARGEST = float(np.sqrt(1000.0))
ASKED = (4.0, 3.0)


def study(
    distances: Sequence[float],
    weights: Sequence[float],
    ode_steps: int,
    sde_steps: int,
    paths: int,
    seed: int,
) -> Study:
    """Table: mu, weight, sampler, share, x (quantile), mean shift from -mu and variance.

    The ODE is monotone, so quantiles of the start law become quantiles of the output; the SDE is
    simulated. Guided to the class at -mu.
    """
    shares = (np.arange(SHARES) + 0.5) / SHARES
    rows: list[pd.DataFrame] = []
    evidence: dict[str, Interval] = {}
    for mu in distances:
        guidance = ExactGuidance(clusters(mu), 0)
        for g in weights:
            law = powered_law(guidance.own, guidance.whole, g, reach=mu + 12.0)
            moments = law.mean()[0] + mu, law.variance()[0]
            rows.append(_frame(mu, g, "powered", shares, law.quantiles(shares), *moments))
            pushed = _pushed(guidance, mu, g, ode_steps)
            rows.append(
                _frame(
                    mu,
                    g,
                    "ddim",
                    shares,
                    np.quantile(pushed, shares),
                    pushed.mean() + mu,
                    pushed.var(),
                )
            )
            simulated = _simulated(guidance, mu, g, sde_steps, paths, seed)
            rows.append(
                _frame(
                    mu, g, "ddpm", shares, np.quantile(simulated, shares),
                    simulated.mean() + mu, simulated.var(ddof=1),
                )
            )  # fmt: skip
            if (mu, g) == ASKED:
                evidence = {
                    "powered_shift": exact(abs(moments[0]), 1),
                    "ddim_shift": exact(pushed.mean() + mu, len(pushed)),
                    "ddim_variance": exact(pushed.var(), len(pushed)),
                    "ddpm_shift": bootstrap_interval(simulated + mu, resamples=500),
                }
    return Study(pd.concat(rows, ignore_index=True), evidence_table(evidence))


def _pushed(guidance: ExactGuidance, mu: float, g: float, steps: int) -> Floats:
    """Quantiles of CFG-DDIM's law, at the middles of 2,001 equal shares."""
    largest = 100.0 * max(1.0, mu)  # the finite start biases the mean by about mu / largest
    shares = (np.arange(2001) + 0.5) / 2001
    start = norm.ppf(shares, loc=-mu, scale=np.sqrt(1.0 + largest**2))
    x = torch.from_numpy(start)[:, None]
    levels = [float(s) for s in log_levels(steps, largest)]
    found: Floats = last(heun(g)(guidance.score, x, levels, torch.zeros_like))[:, 0].numpy()
    return found


def _simulated(
    guidance: ExactGuidance, mu: float, g: float, steps: int, paths: int, seed: int
) -> Floats:
    """Samples of CFG-DDPM from the exact conditional law at S = 1,000."""
    generator = torch_generator(seed, f"clusters {mu:g} {g:g}")
    start = guidance.own.sample(paths, generator)
    start = start + SDE_LARGEST * gaussian(generator)(start)
    levels = [float(s) for s in log_levels(steps, SDE_LARGEST)]
    states = reverse_sde(g)(guidance.score, start, levels, gaussian(generator))
    found: Floats = last(states)[:, 0].numpy()
    return found


def _frame(
    mu: float, g: float, sampler: str, shares: Floats, x: Floats, shift: float, variance: float
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "mu": mu,
            "weight": g,
            "sampler": sampler,
            "share": shares,
            "x": x,
            "shift": shift,
            "variance": variance,
        }
    )
