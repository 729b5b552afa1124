"""The tutorial's reverse step (arXiv 2406.08929): nearly Gaussian, its mean exact at any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.diffusion.laws import three_bumps
from lemmata.diffusion.reverse_step import (
    curvature,
    kl_of_gaussian,
    log_density,
    reverse_law,
    score,
)
from lemmata.stats import Interval, Study, evidence_table, exact, worst

POINTS = (-1.2, 0.2, 1.5)
"""Where the step ends; the last lies on an edge of the density."""
SIGMA_Q = 8.0
TIMES = ((1.0, 0.5), (0.5, 0.25), (0.1, 0.05), (0.01, 0.001), (1.0, 0.01))
"""(t, t - dt) at which the mean of a step is checked."""
SHOWN = (1.0, 0.5, 0.25)


def study(sigmas: Sequence[float]) -> Study:
    """Rows of two kinds, by `what`.

    "kl": z, centre (shifted, as Lemma 1 has it, or plain, z itself), sigma, value, coefficient
    (KL / sigma^4), theory (F''^2 / 4); "density": sigma, x, and at a fixed z the densities of the
    data, of the reverse step and of Lemma 1's Gaussian. sigmas: falling, the last two decide.
    """
    data = three_bumps()
    rows: list[dict[str, object]] = []
    for z in POINTS:
        theory = curvature(data, z) ** 2 / 4
        for sigma in sigmas:
            law = reverse_law(data, z, sigma)
            for centre, mean in (("shifted", z + sigma**2 * score(data, z)), ("plain", z)):
                value = kl_of_gaussian(law, mean, sigma)
                rows.append(
                    {
                        "what": "kl",
                        "z": z,
                        "centre": centre,
                        "sigma": sigma,
                        "value": value,
                        "coefficient": value / sigma**4,
                        "theory": theory,
                    }
                )
    table = pd.DataFrame(rows)
    evidence = _evidence(table, sigmas) | {
        "max_error_of_mean": exact(_mean_error(), len(TIMES) * 3)
    }
    shown = pd.concat([_densities(sigma) for sigma in SHOWN], ignore_index=True)
    return Study(pd.concat([table, shown], ignore_index=True), evidence_table(evidence))


def _mean_error() -> float:
    """Largest |E[x_(t-dt) | x_t] by quadrature - (x_t + sigma_q^2 dt score)| (Claim 2)."""
    data, errors = three_bumps(), []
    for t, before in TIMES:
        sigma = SIGMA_Q * np.sqrt(t - before)
        for z in POINTS:
            law = reverse_law(data, z, sigma, level=SIGMA_Q * np.sqrt(before))
            said = z + sigma**2 * score(data, z, SIGMA_Q * np.sqrt(t))
            errors.append(abs(law.mean() - said))
    return float(max(errors))


def _densities(sigma: float) -> pd.DataFrame:
    """The data's density and the reverse step's at z = 0.2, with Lemma 1's Gaussian."""
    data, z = three_bumps(), 0.2
    law = reverse_law(data, z, sigma)
    chosen = np.abs(law.x - z) <= 4.0
    x = law.x[chosen][::40]
    mean = z + sigma**2 * score(data, z)
    step = np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    return pd.DataFrame(
        {
            "what": "density",
            "sigma": sigma,
            "z": z,
            "x": x,
            "data": np.exp(log_density(data, x)),
            "reverse": np.exp(law.log_density[chosen][::40]),
            "gaussian": step,
        }
    )


def _evidence(table: pd.DataFrame, sigmas: Sequence[float]) -> dict[str, Interval]:
    coarse, fine = sorted(sigmas)[1], sorted(sigmas)[0]
    slopes: dict[str, list[Interval]] = {"shifted": [], "plain": []}
    steep = sorted(POINTS, key=lambda z: -abs(score(three_bumps(), z)))[:2]
    for (z, centre), part in table.groupby(["z", "centre"]):
        if centre == "plain" and z not in steep:
            continue  # where the density is flat the two centres hardly differ
        kl = part.set_index("sigma")["value"]
        slope = np.log(kl.loc[coarse] / kl.loc[fine]) / np.log(coarse / fine)
        slopes[str(centre)].append(exact(slope, 2))
    last = table[(table["sigma"] == fine) & (table["centre"] == "shifted")]
    off = (last["coefficient"] / last["theory"] - 1).abs().max()
    return {
        "min_slope_of_kl": worst(slopes["shifted"], largest=False),
        "max_slope_of_kl": worst(slopes["shifted"]),
        "min_slope_of_kl_plain_centre": worst(slopes["plain"], largest=False),
        "max_slope_of_kl_plain_centre": worst(slopes["plain"]),
        "max_error_of_coefficient": exact(off, len(last)),
    }
