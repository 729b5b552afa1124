"""Guided images: PCG with weight 2g - 1 gives what CFG-DDPM gives, PCG with weight g does not."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lemmata.stats import Interval, Study, evidence_table, mean_interval
from lemmata.tables import read_table

ASKED = 3.0


def study(measures: Iterable[str], paths: Iterable[str]) -> Study:
    """Table: the measures of every sampler, weight and seed, and the shared-noise distances.

    measures, paths: the tables of all seeds. what: "measure" or "path".
    """
    first = pd.concat([read_table(path) for path in measures], ignore_index=True)
    second = pd.concat([read_table(path) for path in paths], ignore_index=True)
    table = pd.concat([first.assign(what="measure"), second.assign(what="path")], ignore_index=True)
    return Study(table, evidence_table(_evidence(first, second)))


def _evidence(measures: pd.DataFrame, paths: pd.DataFrame) -> dict[str, Interval]:
    most = measures["steps"] == measures["steps"].max()
    own = measures[most & (measures["weight"] == ASKED)]
    distance = own.pivot_table(index="seed", columns="sampler", values="frechet_pixels")
    finest = paths[paths["steps"] == paths["steps"].max()]
    rms = finest.pivot_table(index="seed", columns="sampler", values="rms")
    gap = (distance["pcg"] - distance["ddpm"]).abs() / distance["ddpm"]
    return {
        "frechet_gap_of_pcg": mean_interval(gap.to_numpy()),
        "frechet_ratio_of_wrong_weight": mean_interval(
            (distance["pcg_powered_1"] / distance["ddpm"]).to_numpy()
        ),
        "frechet_gap_of_the_flow_twin": mean_interval(
            ((distance["flow"] - distance["ddim"]).abs() / distance["ddim"]).to_numpy()
        ),
        "path_ratio_of_wrong_weight": mean_interval((rms["pcg_powered_1"] / rms["pcg"]).to_numpy()),
    }
