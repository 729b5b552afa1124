"""Learned scores in the plane: the samplers against the powered law, by weight, K and steps."""

from __future__ import annotations

import pandas as pd

from lemmata.stats import Interval, Study, evidence_table, exact

ASKED = 2.0


def study(table: pd.DataFrame) -> Study:
    """Table: as `sampling_plane.sample_plane` makes it.

    The twin's rows of the powered law, the same draws, are left out.
    """
    table = table.drop_duplicates(["sampler", "weight", "steps", "seed"], ignore_index=True)
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    most = table["steps"].isin([0, table["steps"].max()])
    own = table[most & (table["weight"] == ASKED)]
    energy = own.pivot_table(index="seed", columns="sampler", values="energy")
    trace = own.pivot_table(index="seed", columns="sampler", values="trace")
    # All seeds must bear it, so the least of them decides. Differences: estimates may be below 0.
    gaps = {
        "min_plane_ddim_beyond_ddpm": energy["ddim"] - energy["ddpm"],
        "min_plane_ddim_beyond_corrected": energy["ddim"] - energy.filter(like="pcg_").max(axis=1),
    }
    found = {name: exact(float(gap.min()), len(gap)) for name, gap in gaps.items()}
    gap = (trace["flow"] / trace["ddim"] - 1).abs()
    return found | {"max_plane_gap_of_the_flow_twin": exact(float(gap.max()), len(gap))}
