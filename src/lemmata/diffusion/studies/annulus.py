"""The flow from an annulus to a spiral: how near its samples come."""

from __future__ import annotations

import pandas as pd

from lemmata.stats import Interval, Study, evidence_table, exact


def study(table: pd.DataFrame) -> Study:
    """Table: as `sampling_annulus.sample_annulus` makes it."""
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    own = table[table["what"] == "measure"]
    finest = own[own["steps"].isin([0, own["steps"].max()])]
    wide = finest.pivot_table(index="seed", columns="quantity", values="value")
    # All seeds must bear it, so the worst of them decides.
    return {
        "max_energy_to_spiral": exact(float(wide["energy"].max()), len(wide)),
        "min_energy_of_base": exact(float(wide["energy_base"].min()), len(wide)),
        "min_share_near_spiral": exact(float(wide["near_spiral"].min()), len(wide)),
    }
