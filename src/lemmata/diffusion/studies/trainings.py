"""One law trained in the tutorial's ways: predicting x0 or the state one step back, or the flow."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lemmata.stats import Interval, Study, evidence_table, exact


def study(table: pd.DataFrame) -> Study:
    """Table: as `sampling_bumps.sample_bumps` makes it."""
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    errors = table[table["what"] == "denoiser"]
    wide = errors.pivot_table(index="seed", columns="training", values="value")  # mean over times
    ratio = wide["previous"] / wide["x0"]
    gaps = [_gap(part) for _, part in table[table["what"] == "map"].groupby("seed")]
    # All seeds must bear it, so the worst of them decides.
    return {
        "min_error_of_previous_over_x0": exact(float(ratio.min()), len(ratio)),
        "max_gap_of_learned_flow_and_ddim": exact(max(gaps), len(gaps)),
    }


def _gap(maps: pd.DataFrame) -> float:
    """RMS distance of where the two maps take the same starts, over the ends' deviation."""
    ends = {
        name: part.sort_values("start")["end"].to_numpy() for name, part in maps.groupby("training")
    }
    gap = float(np.sqrt(np.mean((ends["x0"] - ends["eps"]) ** 2)))
    return gap / float(np.std(ends["x0"]))
