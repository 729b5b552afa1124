"""Learned scores on the Gaussian example: the order of the samplers, and how near closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lemmata.diffusion import gaussian
from lemmata.stats import Interval, Study, evidence_table, exact

ASKED = 2.0
CLOSED = {
    "ddim": gaussian.variance_ddim,
    "flow": gaussian.variance_ddim,
    "ddpm": gaussian.variance_ddpm,
    "pcg": gaussian.variance_ddpm,
}


def study(table: pd.DataFrame) -> Study:
    """Table: `sampling_gaussian`'s, with the closed form of each variance beside it."""
    pairs = zip(table["sampler"], table["weight"], strict=True)
    table = table.assign(closed=[CLOSED[name](g) for name, g in pairs])
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    asked = table[table["weight"] == ASKED]
    wide = asked.pivot_table(index="seed", columns="sampler", values="variance")
    errors = (asked["variance"] / asked["closed"] - 1).abs()
    own = asked["sampler"].isin(["ddim", "ddpm"])
    gaps = {
        "ddim_below_ddpm": (wide["ddpm"] - wide["ddim"]).to_numpy(),
        "ddpm_below_powered": gaussian.variance_powered(ASKED) - wide["ddpm"].to_numpy(),
    }
    # All seeds must bear it, so the least of them decides.
    found = {f"min_{name}": exact(float(np.min(gap)), len(gap)) for name, gap in gaps.items()}
    return found | {
        "max_error_of_learned_variances": exact(float(errors[own].max()), int(own.sum())),
        "max_error_of_the_flow_twin": exact(
            float(errors[asked["sampler"] == "flow"].max()), len(wide)
        ),
    }
