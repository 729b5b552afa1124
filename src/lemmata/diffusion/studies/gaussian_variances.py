"""CFG-DDIM, CFG-DDPM and PCG on the Gaussian example, against closed forms; no sampling noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from lemmata.diffusion import gaussian
from lemmata.diffusion.clock import log_levels
from lemmata.diffusion.flow import flow_heun
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.moments import propagate
from lemmata.diffusion.samplers import pcg, probability_flow, reverse_sde
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval, worst

LARGEST = 100.0
"""Noise level at which the VE samplers start: S = 1e4."""
ASKED = (2.0, 3.0, 5.0)
STRONG = (5.0, 7.5, 10.0)


def study(weights: Sequence[float], steps: int, flow_steps: int) -> Study:
    """Table: sampler, weight, steps, variance and mean / c with closed forms beside.

    Variances are propagated exactly for c = 0; means come from the linear flow, whose start law is
    exact, for c = 1. weights must hold 2, 3, 5, 7.5 and 10.
    """
    levels = log_levels(steps, LARGEST)
    rows = []
    for g in weights:
        cases = {
            "ddim": (probability_flow(g), 0, gaussian.variance_ddim(g)),
            "ddpm": (reverse_sde(g), 1, gaussian.variance_ddpm(g)),
            "pcg": (
                pcg(predictor_corrector_weight(g), 1, "probability_flow"),
                1,
                gaussian.variance_ddpm(g),
            ),
        }
        for name, (sampler, draws, closed) in cases.items():
            start = 1.0 + LARGEST**2
            _, found = propagate(sampler, GaussianScore(0.0), levels, 0.0, start, draws)
            rows.append(_row(name, g, steps, found, closed))
        mean, variance = _flow(g, flow_steps)
        rows.append(_row("flow", g, flow_steps, variance, gaussian.variance_ddim(g)))
        rows[-1] |= {"mean": mean, "closed_mean": gaussian.mean_ddim(g)}
        rows.append(
            _row("powered", g, 0, gaussian.variance_powered(g), gaussian.variance_powered(g))
        )
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _flow(g: float, steps: int) -> tuple[float, float]:
    """Mean and variance of the guided linear flow: its map is affine, so two points tell it."""
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    times = [float(t) for t in np.linspace(1.0, 0.0, steps + 1)]
    for state in flow_heun(g)(GaussianScore(1.0).velocity, x, times, torch.zeros_like):
        x = state
    return float(x[0]), float((x[1] - x[0]) ** 2)


def _row(
    sampler: str, weight: float, steps: int, variance: float, closed: float
) -> dict[str, object]:
    return {
        "sampler": sampler,
        "weight": weight,
        "steps": steps,
        "variance": variance,
        "closed_variance": closed,
        "mean": np.nan,
        "closed_mean": np.nan,
    }


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    wide = table.pivot_table(index="weight", columns="sampler", values="variance")
    weights = wide.index.to_numpy(np.float64)
    variance = {name: wide[name].to_numpy(np.float64) for name in wide.columns}
    error = (table["variance"] / table["closed_variance"] - 1).abs()
    asked = table["weight"].isin(ASKED) & table["sampler"].isin(["ddim", "ddpm", "flow"])
    gaps = {n: np.abs(variance[n] / variance["powered"] - 1) for n in ("ddim", "ddpm")}
    beyond = [np.diff(gap[weights >= 1.0]) for gap in gaps.values()]
    strong = (weights * variance["ddpm"])[np.isin(weights, STRONG)]
    means = table.dropna(subset=["mean"])
    return {
        "max_variance_error": exact(float(error[asked].max()), int(asked.sum())),
        "max_mean_error": exact(
            float((means["mean"] / means["closed_mean"] - 1).abs().max()), len(means)
        ),
        "powered_gap_of_ddpm": exact(float(gaps["ddpm"][weights == 2.0][0]), 1),
        "powered_gap_of_ddim": exact(float(gaps["ddim"][weights == 2.0][0]), 1),
        "min_growth_of_powered_gap": worst(
            [exact(float(b.min()), len(b)) for b in beyond], largest=False
        ),
        "log2_variance_slope_of_ddim": slope_interval(weights, np.log2(variance["ddim"])),
        "min_weight_times_variance_of_ddpm": exact(float(strong.min()), len(strong)),
        "max_weight_times_variance_of_ddpm": exact(float(strong.max()), len(strong)),
    }
