"""What HKRR and HJZ owe by their definition, on fits of the synthetic population.

Every update of HKRR lowers the Brier score, there are at most 16 Brier_0 / (3 alpha^3 lambda gamma)
of them, no large cell ends off by more than alpha / 2; a replay gives the fit again; learners stay
on the simplex and move a logit by at most the sum of eta_t / 2 [derived].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lemmata.calibration.multicalibration import hjz, hkrr
from lemmata.calibration.multicalibration.evaluate import cases
from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.multicalibration.post_processors import Setting
from lemmata.stats import Study, evidence_table, exact


def study(
    base: pd.DataFrame, groups: pd.DataFrame, settings: Sequence[Setting], size: int
) -> Study:
    """One fit of every HKRR and HJZ setting for each seed of a population, `size` rows each.

    Columns seed, post_processor, setting, invariant, value: <= 0 where it holds, up to rounding.
    Evidence: the largest value of each invariant.
    """
    rows: list[dict[str, Any]] = []
    for case in cases(base, groups, [size]):
        pool = case.calibration
        if pool is None:
            continue
        for setting in settings:
            for name, value in _violations(setting, case.seed, pool.p, pool.y, pool.groups).items():
                key = {"post_processor": setting.post_processor, "setting": setting.label}
                rows.append({"seed": case.seed, **key, "invariant": name, "value": value})
    table = pd.DataFrame(rows)
    largest = table.groupby("invariant", sort=False)["value"].agg(["max", "size"])
    evidence = {str(name): exact(row["max"], int(row["size"])) for name, row in largest.iterrows()}
    return Study(table, evidence_table(evidence))


def _violations(setting: Setting, seed: int, p: Any, y: Any, groups: Any) -> Mapping[str, float]:
    there = groups.any(axis=0)
    model = setting.make(seed).fit(p, y, groups[:, there])
    if isinstance(model, HKRR):
        return {f"hkrr_{k}": v for k, v in hkrr.violations(model, p, y, groups[:, there]).items()}
    if isinstance(model, HJZ):
        return {f"hjz_{k}": v for k, v in hjz.violations(model, p, y, groups[:, there]).items()}
    return {}
