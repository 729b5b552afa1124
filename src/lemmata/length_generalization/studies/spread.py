"""All configurations of the sweeps: what choosing one on longer strings does to the result."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.stats import Interval, Study, evidence_table
from lemmata.tables import read_table


def study(tasks: Iterable[str], models: Iterable[str], paths: Iterable[str]) -> Study:
    """Table: every configuration of every task and model, with its exact match by bin.

    Evidence: of the configurations that fit the trained lengths, the chosen one's lead over their
    mean on the longest bin, and the range they span there.
    """
    parts = [
        read_table(path).assign(task=task, model=model)
        for task, model, path in zip(tasks, models, paths, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    evidence = {}
    for (task, model), part in table.groupby(["task", "model"], sort=False):
        longest = [b for b in BINS if part[b].notna().any()][-1]
        own = part.loc[part["fits"], longest]
        picked = part.loc[part["selected"], longest]
        if own.empty:
            continue
        lead = float(picked.iloc[0] - own.mean())
        evidence[f"lead_of_selected_{model}_{task}"] = Interval(
            lead,
            float(picked.iloc[0] - own.max()),
            float(picked.iloc[0] - own.min()),
            len(own),
        )
    return Study(table, evidence_table(evidence))
