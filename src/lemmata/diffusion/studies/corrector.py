"""What K Langevin steps do: V_K towards the powered law, and samples in the plane against it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lemmata.diffusion import gaussian
from lemmata.diffusion.clock import VP_COSINE, log_levels, view_levels
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.laws import six_gaussians
from lemmata.diffusion.metrics import energy_distance
from lemmata.diffusion.mixture import ExactGuidance
from lemmata.diffusion.moments import propagate
from lemmata.diffusion.powered import powered_law
from lemmata.diffusion.samplers import Sampler, ddim, last, pcg, reverse_sde
from lemmata.diffusion.samplers import gaussian as normal
from lemmata.stats import Interval, Study, evidence_table, exact, mean_interval
from lemmata.training.batches import stream, torch_generator

WEIGHT = 3.0
"""gamma' of the claims."""
WEIGHTS = (WEIGHT, 5.0)
STEP_SIZES = (0.25, 0.5, 2.0, 4.0)
"""Of one Langevin step in place of as many, whole or not."""
PLANE_WEIGHT = 2.0
LARGEST = 100.0
NULLS = 40
"""Pairs of samples of the powered law itself, whose energy distance is the null."""


def study(
    corrections: Sequence[int], steps: int, plane_steps: int, points: int, seeds: Sequence[int]
) -> Study:
    """Rows of three kinds, by `what`.

    "variance": weight (gamma'), corrections, step_size, value, closed; "point": sampler, x, y (of
    the first seed); "energy": sampler, seed, value (energy distance to the powered law; "null": of
    the law to itself).
    """
    cases = [(g, k, 1.0) for g in WEIGHTS for k in corrections]
    cases += [(WEIGHT, 1, size) for size in STEP_SIZES]
    rows: list[dict[str, object]] = [_variance(g, k, size, steps) for g, k, size in cases]
    whole = six_gaussians()
    law = powered_law(whole.of_class(0), whole, PLANE_WEIGHT, reach=3.6)
    null = []
    for number in range(NULLS):
        rng = stream(0, "null", number)
        pair = [torch.from_numpy(law.sample(points, rng)) for _ in range(2)]
        null.append(energy_distance(*pair))
    rows += [
        {"what": "energy", "sampler": "null", "seed": k, "value": v} for k, v in enumerate(null)
    ]
    for seed in seeds:
        reference = torch.from_numpy(law.sample(points, stream(seed, "powered law")))
        drawn = {"powered": reference} | _samples(plane_steps, points, seed)
        if seed == seeds[0]:
            rows += [
                {"what": "point", "sampler": name, "x": float(x), "y": float(y)}
                for name, sample in drawn.items()
                for x, y in sample[:500]
            ]
        rows += [
            {
                "what": "energy",
                "sampler": name,
                "seed": seed,
                "value": energy_distance(s, reference),
            }
            for name, s in drawn.items()
            if name != "powered"
        ]
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _variance(weight: float, corrections: int, step_size: float, steps: int) -> dict[str, object]:
    """Variance of PCG(weight, K) on the Gaussian example, and V of as many steps of size 1."""
    sampler = pcg(weight, corrections, "probability_flow", step_size)
    levels, start = log_levels(steps, LARGEST), 1.0 + LARGEST**2
    _, found = propagate(sampler, GaussianScore(0.0), levels, 0.0, start, corrections)
    return {
        "what": "variance",
        "weight": weight,
        "corrections": corrections,
        "step_size": step_size,
        "value": found,
        "closed": gaussian.variance_pcg(weight, corrections * step_size),
    }


def _samples(steps: int, points: int, seed: int) -> dict[str, Tensor]:
    """Points (N, 2) of each sampler from the exact law at the first level."""
    guidance = ExactGuidance(six_gaussians(), 0)
    levels = view_levels(VP_COSINE, steps, start=0.99)
    samplers: dict[str, Sampler] = {
        "ddim": ddim(PLANE_WEIGHT),
        "ddpm": reverse_sde(PLANE_WEIGHT),
        "pcg": pcg(predictor_corrector_weight(PLANE_WEIGHT), 1),
        "pcg_powered_8": pcg(PLANE_WEIGHT, 8),
    }
    found = {}
    for name, sampler in samplers.items():
        generator = torch_generator(seed, f"plane {name}")
        start = guidance.own.sample(points, generator)
        start = start + levels[0] * normal(generator)(start)
        found[name] = last(sampler(guidance.score, start, list(levels), normal(generator)))
    return found


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    asked = (table["what"] == "variance") & (table["weight"] == WEIGHT) & (table["step_size"] == 1)
    variances = table[asked].sort_values("corrections")
    error = (variances["value"] / variances["closed"] - 1).abs()
    limit = gaussian.variance_powered(WEIGHT)
    falling = -variances["value"].diff().dropna()
    energy = table[table["what"] == "energy"]
    null = energy.loc[energy["sampler"] == "null", "value"].abs()
    bound = float(np.quantile(null, 0.975))
    by_sampler = {name: part["value"].to_numpy() for name, part in energy.groupby("sampler")}
    return {
        "max_error_of_variances": exact(error.max(), len(error)),
        "min_step_towards_the_powered_law": exact(falling.min(), len(falling)),
        "excess_over_the_powered_law": exact(variances["value"].iloc[-1] / limit - 1, 1),
        "pcg_8_over_null": mean_interval(by_sampler["pcg_powered_8"] / bound),
        "ddim_over_null": mean_interval(by_sampler["ddim"] / bound),
    }
