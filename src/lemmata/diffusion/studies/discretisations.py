"""What a finite number of steps does to each sampler's variance on the Gaussian example.

Three ways to step: Euler in S over a VE grid, the discrete updates over DDPM's own VP schedule, and
the guided linear flow. Moments are propagated, so that all of an error is the steps'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lemmata.diffusion import gaussian
from lemmata.diffusion.clock import log_levels, vp_linear_levels
from lemmata.diffusion.flow import flow_euler, flow_heun
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.moments import propagate, propagate_flow
from lemmata.diffusion.samplers import Sampler, ddim, ddpm, pcg, probability_flow, reverse_sde
from lemmata.stats import Interval, Study, evidence_table, exact

LARGEST = 100.0
CONTROL, CONTROLS = 3.0, (3.0, 4.0, 6.0)
"""A weight, and corrector weights beside 2 * 3 - 1 that must not give its CFG-DDPM."""
SCORE = GaussianScore(0.0)
EULER = {"ddim": probability_flow, "ddpm": reverse_sde}


def study(
    weights: Sequence[float], log_steps: Sequence[int], practical_steps: Sequence[int]
) -> Study:
    """Table: way ("ve", "vp", "flow"), sampler, weight, corrector weight, steps, variance, closed,
    error (relative). log_steps: of the VE grid, 2 or more; practical_steps: of the others, at most
    1,000. At CONTROL, "control" rows: PCG with the wrong weights at the most steps.
    """
    rows = [
        *(row for g in weights for row in _on_ve(g, log_steps)),
        *(row for g in weights for row in _on_vp(g, practical_steps)),
        *(row for g in weights for row in _on_flow(g, practical_steps)),
        *(_euler("control", "pcg", CONTROL, w, max(log_steps)) for w in CONTROLS),
    ]
    table = pd.DataFrame(rows)
    table["error"] = table["variance"] / table["closed"] - 1
    return Study(table, evidence_table(_evidence(table)))


def _on_ve(g: float, counts: Sequence[int]) -> Iterator[dict[str, object]]:
    right = predictor_corrector_weight(g)
    for n in counts:
        yield _euler("ve", "ddim", g, np.nan, n)
        yield _euler("ve", "ddpm", g, np.nan, n)
        yield _euler("ve", "pcg", g, right, n)


def _euler(way: str, name: str, g: float, corrector: float, steps: int) -> dict[str, object]:
    sampler: Sampler = pcg(corrector, 1, "probability_flow") if name == "pcg" else EULER[name](g)
    levels = log_levels(steps, LARGEST)
    return _row(way, name, g, steps, _variance(sampler, levels, int(name != "ddim")), corrector)


def _on_vp(g: float, counts: Sequence[int]) -> Iterator[dict[str, object]]:
    right = predictor_corrector_weight(g)
    for n in counts:
        levels = vp_linear_levels(n)
        yield _row("vp", "ddim", g, n, _variance(ddim(g), levels, 0))
        yield _row("vp", "ddpm", g, n, _variance(ddpm(g), levels, 1))
        yield _row("vp", "ddpm_posterior", g, n, _variance(ddpm(g, "posterior"), levels, 1))
        yield _row("vp", "pcg", g, n, _variance(pcg(right, 1), levels, 1), right)


def _on_flow(g: float, counts: Sequence[int]) -> Iterator[dict[str, object]]:
    for n in counts:
        for name, sampler in (("flow_euler", flow_euler(g)), ("flow_heun", flow_heun(g))):
            yield _row("flow", name, g, n, propagate_flow(sampler, SCORE, n)[1])


def _variance(sampler: Sampler, levels: Sequence[float] | np.ndarray, draws: int) -> float:
    """From the exact law at the first level."""
    return propagate(sampler, SCORE, levels, 0.0, 1.0 + float(levels[0]) ** 2, draws)[1]


def _row(
    way: str, name: str, g: float, steps: int, variance: float, corrector: float = np.nan
) -> dict[str, object]:
    deterministic = name == "ddim" or way == "flow"
    closed = gaussian.variance_ddim(g) if deterministic else gaussian.variance_ddpm(g)
    return {
        "way": way,
        "sampler": name,
        "weight": g,
        "corrector_weight": corrector,
        "steps": steps,
        "variance": variance,
        "closed": closed,
    }


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    wide = table[table["way"] == "ve"].pivot_table(
        index=["sampler", "weight"], columns="steps", values="error"
    )
    fine, finest = sorted(table.loc[table["way"] == "ve", "steps"].unique())[-2:]
    guided = wide[wide.index.get_level_values("weight") > 1].abs()  # else some have no error
    slopes = np.log(guided[finest] / guided[fine]) / np.log(finest / fine)
    controls = table.loc[table["way"] == "control", "error"].abs()
    return {
        "min_slope_of_variance_error": exact(slopes.min(), len(slopes)),
        "max_slope_of_variance_error": exact(slopes.max(), len(slopes)),
        "min_variance_error_of_controls": exact(controls.min(), len(controls)),
    }
