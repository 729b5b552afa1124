"""PCG(2g - 1, 1) and CFG-DDPM(g) on the same Brownian path: their difference falls as 1/N."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lemmata.diffusion import gaussian
from lemmata.diffusion.clock import log_levels
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.samplers import Noise, pcg, reverse_sde
from lemmata.errors import LemmataError
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval, worst
from lemmata.training.batches import torch_generator

CONDITION = 1.0
LARGEST, SMALLEST = float(np.sqrt(1000.0)), 1e-3
"""Just short of 0, where neither sampler adds noise and so their last steps differ."""


@dataclass
class _Grid:
    """One step count: its levels, how many finest steps make one, the path so far, the states."""

    levels: list[float]
    stride: int
    path: Tensor
    states: dict[tuple[str, float], Tensor]


def study(weights: Sequence[float], steps: Sequence[int], paths: int, seed: int) -> Study:
    """Table: weight, corrector weight, kind (right or control), steps, rms of the difference.

    steps: step counts, each a divisor of the largest; all see one Brownian path, coarse increments
    being sums of fine ones. Controls: corrector weights g and 2g.
    """
    finest = max(steps)
    if any(finest % n for n in steps):
        raise LemmataError(f"steps = {list(steps)}: each must divide the largest")
    correctors = {g: (predictor_corrector_weight(g), g, 2.0 * g) for g in weights}
    levels = log_levels(finest, LARGEST, SMALLEST)
    generator = torch_generator(seed, "shared noise")
    start = gaussian.start_law(CONDITION, LARGEST, generator, paths)
    grids = [
        _Grid(
            [float(s) for s in levels[:: finest // n]],
            finest // n,
            torch.zeros_like(start),
            {("ddpm", g): start for g in weights}
            | {("pcg", w): start for ws in correctors.values() for w in ws},
        )
        for n in steps
    ]
    for step in range(finest):
        width = levels[step] ** 2 - levels[step + 1] ** 2
        fine = torch.randn(start.shape, generator=generator, dtype=start.dtype)
        for grid in grids:
            grid.path += np.sqrt(width) * fine
            if (step + 1) % grid.stride == 0:
                _advance(grid, (step + 1) // grid.stride)
    table = pd.DataFrame(list(_rows(correctors, steps, grids)))
    return Study(table, evidence_table(_evidence(table, weights, paths)))


def _advance(grid: _Grid, number: int) -> None:
    """One coarse step of every sampler, with the increment that has gathered."""
    s, t = grid.levels[number - 1], grid.levels[number]
    unit = grid.path / np.sqrt(s * s - t * t)
    score, noise = GaussianScore(CONDITION), _fixed(unit)
    for (name, weight), x in grid.states.items():
        sampler = reverse_sde(weight) if name == "ddpm" else pcg(weight, 1, "probability_flow")
        (grid.states[name, weight],) = sampler(score, x, (s, t), noise)
    grid.path = torch.zeros_like(grid.path)


def _fixed(unit: Tensor) -> Noise:
    return lambda _: unit


def _rows(
    correctors: Mapping[float, tuple[float, ...]], steps: Sequence[int], grids: list[_Grid]
) -> Iterator[dict[str, object]]:
    for n, grid in zip(steps, grids, strict=True):
        for g, (right, *controls) in correctors.items():
            for weight in (right, *controls):
                gap = grid.states["ddpm", g] - grid.states["pcg", weight]
                yield {
                    "weight": g,
                    "corrector_weight": weight,
                    "kind": "right" if weight == right else "control",
                    "steps": n,
                    "rms": float(gap.square().mean().sqrt()),
                }


def _evidence(table: pd.DataFrame, weights: Sequence[float], paths: int) -> dict[str, Interval]:
    right = table[table["kind"] == "right"]
    slopes = [
        slope_interval(np.log(part["steps"]), np.log(part["rms"]))
        for _, part in right.groupby("weight")
    ]
    last = table[table["steps"] == table["steps"].max()]
    own = last[last["kind"] == "right"].set_index("weight")["rms"]
    controls = last[last["kind"] == "control"]
    ratio = controls["rms"].to_numpy() / own.loc[controls["weight"]].to_numpy()
    gap = [
        abs(gaussian.variance_pcg(predictor_corrector_weight(g), 1) - gaussian.variance_ddpm(g))
        for g in weights
    ]
    return {
        "min_slope": worst(slopes, largest=False),
        "max_slope": worst(slopes),
        "min_control_ratio": exact(ratio.min(), paths),
        "max_gap_of_closed_variances": exact(max(gap), len(gap)),
    }
