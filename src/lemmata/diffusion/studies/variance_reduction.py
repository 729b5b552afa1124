"""Predicting x0 instead of x_(t-dt): the same in expectation, with far less noise in the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.stats import Study, evidence_table, mean_interval, worst
from lemmata.training.batches import stream

SIGMA_Q = 3.0


def study(steps: Sequence[int], draws: int, seeds: Sequence[int]) -> Study:
    """Table: steps, seed, ratio (measured), theory. Data N(0, 1), sigma_q = 3.

    The one-step target x_(t-dt) is turned into one of x0, (t/dt) (x_(t-dt) - x_t) + x_t, whose
    mean given x_t is E[x0 | x_t] too; the ratio is that of the second moments of target - mean.
    """
    cases = [(n, seed) for n in steps for seed in seeds]
    rows = [{"steps": n, "seed": seed, "ratio": _ratio(n, draws, seed)} for n, seed in cases]
    table = pd.DataFrame(rows)
    table["theory"] = [theory(int(n)) for n in table["steps"]]
    off = [
        mean_interval((part["ratio"] / part["theory"]).to_numpy())
        for _, part in table.groupby("steps")
    ]
    evidence = {
        "min_ratio_to_theory": worst(off, largest=False),
        "max_ratio_to_theory": worst(off),
    }
    return Study(table, evidence_table(evidence))


def theory(steps: int) -> float:
    """Ratio of the second moments, means over t = 2/N, ..., 1 [derived].

    x0 target: var(x0 | x_t) = S / (1 + S), S = sigma_q^2 t. One-step target: (t/dt)^2 times
    var(x_(t-dt) | x_t) = sigma_q^2 dt (1 + sigma_q^2 (t - dt)) / (1 + S).
    """
    t, dt = _times(steps), 1.0 / steps
    s = SIGMA_Q**2 * t
    one_step = (t / dt) ** 2 * SIGMA_Q**2 * dt * (1 + s - SIGMA_Q**2 * dt) / (1 + s)
    return float(one_step.mean() / (s / (1 + s)).mean())


def _ratio(steps: int, draws: int, seed: int) -> float:
    rng = stream(seed, "variance reduction", steps)
    dt = 1.0 / steps
    t = rng.choice(_times(steps), draws)
    x0 = rng.standard_normal(draws)
    before = x0 + SIGMA_Q * np.sqrt(t - dt) * rng.standard_normal(draws)
    x = before + SIGMA_Q * np.sqrt(dt) * rng.standard_normal(draws)
    mean = x / (1 + SIGMA_Q**2 * t)  # E[x0 | x_t]
    one_step = (t / dt) * (before - x) + x
    return float(np.square(one_step - mean).mean() / np.square(x0 - mean).mean())


def _times(steps: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.arange(2, steps + 1) / steps
