"""DDIM and DDPM with exact scores: exact on a point, else right in the limit of small steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lemmata.diffusion.clock import constant_rate_levels
from lemmata.diffusion.laws import point_masses, three_bumps
from lemmata.diffusion.metrics import wasserstein_1d
from lemmata.diffusion.mixture import ExactGuidance, GaussianMixture
from lemmata.diffusion.samplers import ddim, gaussian, last, reverse_sde
from lemmata.stats import Interval, Study, evidence_table, exact, mean_interval, slope_interval
from lemmata.training.batches import torch_generator

SIGMA_Q = 8.0
GRIDS = {"uniform": 1.0, "quadratic": 2.0}
POINT, POINT_STEPS = 1.7, (1, 3, 10)
FORGETTING_STEPS = 200
"""Of the paths whose two ends are correlated, quadratic in time."""


def study(steps: Sequence[int], particles: int, paths: int, seeds: Sequence[int]) -> Study:
    """Table: sampler, grid, steps, seed, wasserstein (W1 to the data's quantiles); and the floor:
    the same for independent draws. steps: at least three, on a quadratic grid for the slope;
    paths: of DDPM, for the correlation of their ends.
    """
    data = three_bumps()
    quantiles = _quantiles(data, particles)
    score = ExactGuidance(data, 0).score
    rows: list[dict[str, object]] = []
    for seed in seeds:
        generator = torch_generator(seed, "steps")
        floor = wasserstein_1d(data.sample(particles, generator)[:, 0], quantiles)
        rows.append(_row("independent draws", "", 0, seed, floor))
        for (grid, power), n in ((g, n) for g in GRIDS.items() for n in steps):
            levels = [float(s) for s in constant_rate_levels(n, SIGMA_Q, power)]
            if seed == seeds[0]:  # it has no chance in it
                start = _quantiles(data, particles, SIGMA_Q)[:, None]
                end = last(ddim(1.0)(score, start, levels, torch.zeros_like))[:, 0]
                rows.append(_row("ddim", grid, n, seed, wasserstein_1d(end, quantiles)))
                if grid == "quadratic" and n == max(steps):
                    order = rank_correlation(start[:, 0], end)
            noise = gaussian(generator)
            start = data.sample(particles, generator)
            start = start + SIGMA_Q * noise(start)
            end = last(reverse_sde(1.0)(score, start, levels, noise))
            rows.append(_row("ddpm", grid, n, seed, wasserstein_1d(end[:, 0], quantiles)))
    table = pd.DataFrame(rows)
    evidence = _evidence(table) | {
        "correlation_of_ddpm_less_ideal": mean_interval(
            [_remembered(data, paths, seed) - ideal_correlation(data, SIGMA_Q) for seed in seeds]
        ),
        "max_error_on_a_point": exact(_point_error(), len(POINT_STEPS)),
        "rank_correlation_of_ddim": exact(float(order), particles),
    }
    return Study(table, evidence_table(evidence))


def ideal_correlation(data: GaussianMixture, sigma_q: float) -> float:
    """corr(x_1, x_0) of the forward process: std0 / sqrt(std0^2 + sigma_q^2)."""
    mean = data.weights @ data.means[:, 0]
    second = data.weights @ (data.spread[:, 0] + data.means[:, 0].square())
    variance = float(second - mean**2)
    return float(np.sqrt(variance / (variance + sigma_q**2)))


def rank_correlation(first: Tensor, second: Tensor) -> float:
    """Spearman's, of samples (N,) without ties; in whole numbers, so that 1 is 1."""
    ranks = [x.argsort().argsort() for x in (first, second)]
    n = len(first)
    return 1.0 - 6 * int((ranks[0] - ranks[1]).square().sum()) / (n * (n * n - 1))


def _remembered(data: GaussianMixture, paths: int, seed: int) -> float:
    """corr(x_1, x_0) of DDPM's paths."""
    generator = torch_generator(seed, "remembered")
    noise = gaussian(generator)
    start = data.sample(paths, generator)
    start = start + SIGMA_Q * noise(start)
    levels = [float(s) for s in constant_rate_levels(FORGETTING_STEPS, SIGMA_Q, GRIDS["quadratic"])]
    end = last(reverse_sde(1.0)(ExactGuidance(data, 0).score, start, levels, noise))
    return float(torch.corrcoef(torch.stack([start[:, 0], end[:, 0]]))[0, 1])


def _point_error() -> float:
    """Largest |x_t - (a + (x_1 - a) sqrt(t))| along DDIM's path to a point mass (Claim 3)."""
    score = ExactGuidance(point_masses([POINT]), 0).score
    worst = 0.0
    for n in POINT_STEPS:
        levels = [float(s) for s in constant_rate_levels(n, SIGMA_Q)]
        start = torch.tensor([[-9.0], [0.3], [11.0]], dtype=torch.float64)
        states = ddim(1.0)(score, start, levels, torch.zeros_like)
        for level, state in zip(levels[1:], states, strict=True):
            exact_path = POINT + (start - POINT) * level / SIGMA_Q
            worst = max(worst, float((state - exact_path).abs().max()))
    return worst


def _quantiles(data: GaussianMixture, count: int, level: float = 0.0) -> Tensor:
    """Quantiles (N,) at (i + 1/2) / N of the law at a noise level, by the inverse of its CDF."""
    reach = 12.0 * (1.0 + level)
    grid = np.linspace(-reach, reach, 400_001)
    scale = torch.sqrt(data.spread[:, 0] + level**2).numpy()
    z = (grid[:, None] - data.means[:, 0].numpy()) / scale  # (N, K)
    cdf = torch.special.ndtr(torch.from_numpy(z)).numpy() @ data.weights.numpy()
    shares = (np.arange(count) + 0.5) / count
    return torch.from_numpy(np.interp(shares, cdf, grid))


def _row(sampler: str, grid: str, steps: int, seed: int, value: float) -> dict[str, object]:
    return {"sampler": sampler, "grid": grid, "steps": steps, "seed": seed, "wasserstein": value}


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    quadratic = table[table["grid"] == "quadratic"]
    own = quadratic[(quadratic["sampler"] == "ddim") & (quadratic["steps"] >= 20)]
    ddpm = quadratic[quadratic["sampler"] == "ddpm"]
    by_steps = ddpm.groupby("steps")["wasserstein"].mean()
    most = ddpm[ddpm["steps"] == by_steps.index.max()].set_index("seed")["wasserstein"]
    floor = table[table["sampler"] == "independent draws"].set_index("seed")["wasserstein"]
    return {
        "wasserstein_slope_of_ddim": slope_interval(
            np.log(own["steps"]), np.log(own["wasserstein"])
        ),
        "max_rise_of_ddpm_over_floor": exact(
            float(by_steps.sort_index().diff().dropna().max()) / float(floor.mean()), len(by_steps)
        ),
        "ddpm_over_floor": mean_interval((most / floor.mean()).to_numpy()),
    }
