"""CFG-DDIM, CFG-DDPM and PCG on the Gaussian example, against closed forms; no sampling noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.diffusion import gaussian
from lemmata.diffusion.clock import log_levels
from lemmata.diffusion.flow import flow_heun
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.mixture import GaussianMixture
from lemmata.diffusion.moments import propagate, propagate_flow
from lemmata.diffusion.powered import powered_law
from lemmata.diffusion.samplers import pcg, probability_flow, reverse_sde
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval, worst

CONDITION = 1.0
LARGEST = 100.0
"""Noise level at which the VE samplers start: S = 1e4."""
REACH = 20.0
ASKED = (2.0, 3.0, 5.0)
STRONG = (5.0, 7.5, 10.0)
CLOSED = {
    "ddim": (gaussian.variance_ddim, gaussian.mean_ddim),
    "flow": (gaussian.variance_ddim, gaussian.mean_ddim),
    "ddpm": (gaussian.variance_ddpm, gaussian.mean_ddpm),
    "pcg": (gaussian.variance_ddpm, gaussian.mean_ddpm),
    "powered": (gaussian.variance_powered, gaussian.mean_powered),
}


def study(weights: Sequence[float], steps: int, flow_steps: int) -> Study:
    """Table: sampler, weight, steps, variance and mean / c with closed forms beside.

    Moments are propagated without sampling noise, those of the powered law found by quadrature.
    DDIM's mean is the flow's, whose start law is exact: from a finite noise level it errs like one
    over that level, and is left out. weights must hold 2, 3, 5, 7.5 and 10.
    """
    rows = []
    for g in weights:
        found = _propagated(g, steps) | {"powered": _powered(g)}
        found["flow"] = propagate_flow(flow_heun(g), GaussianScore(CONDITION), flow_steps)
        counts = {"flow": flow_steps, "powered": 0}
        rows += [
            {
                "sampler": name,
                "weight": g,
                "steps": counts.get(name, steps),
                "variance": variance,
                "closed_variance": CLOSED[name][0](g),
                "mean": np.nan if name == "ddim" else mean / CONDITION,
                "closed_mean": CLOSED[name][1](g),
            }
            for name, (mean, variance) in found.items()
        ]
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _propagated(g: float, steps: int) -> dict[str, tuple[float, float]]:
    """Mean and variance of the VE samplers, from the exact law at the first level."""
    levels, start = log_levels(steps, LARGEST), 1.0 + LARGEST**2
    cases = {
        "ddim": (probability_flow(g), 0),
        "ddpm": (reverse_sde(g), 1),
        "pcg": (pcg(predictor_corrector_weight(g), 1, "probability_flow"), 1),
    }
    score = GaussianScore(CONDITION)
    return {
        name: propagate(sampler, score, levels, CONDITION, start, draws)
        for name, (sampler, draws) in cases.items()
    }


def _powered(g: float) -> tuple[float, float]:
    """Mean and variance of the powered law of N(c, 1) in N(0, 2), on a grid."""
    own, whole = (
        GaussianMixture([1.0], [[mean]], [[[variance]]])
        for mean, variance in ((CONDITION, 1.0), (0.0, 2.0))
    )
    law = powered_law(own, whole, g, REACH)
    return float(law.mean()[0]), float(law.variance()[0])


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
