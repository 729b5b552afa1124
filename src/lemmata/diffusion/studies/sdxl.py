"""Stable Diffusion XL: how near PCG stays to CFG-DDPM under the same noise, by corrector weight."""

from __future__ import annotations

import pandas as pd

from lemmata.stats import Study, evidence_table, mean_interval


def study(table: pd.DataFrame) -> Study:
    """Table: `sdxl.sample_sdxl`'s; images of one prompt and number are compared with each other."""
    wide = table.pivot_table(index=["prompt", "number"], columns="sampler", values="rms")
    ratio = wide["pcg_powered_1"] / wide["pcg"]
    found = {"sdxl_path_ratio_of_wrong_weight": mean_interval(ratio.to_numpy())}
    return Study(table, evidence_table(found))
