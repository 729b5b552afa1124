"""Exact match length by length: the curves behind the bins."""

from __future__ import annotations

import pandas as pd

from lemmata.length_generalization.studies.exact_match import median_interval, summed
from lemmata.length_generalization.tasks.table import TASKS


def curves(answers: pd.DataFrame) -> pd.DataFrame:
    """task, title, model, length, bin, value (median over seeds), lower, upper, n, chance."""
    lengths = summed(answers, "length")
    known = answers.drop_duplicates(["task", "length"])
    bins = dict(zip(zip(known["task"], known["length"], strict=True), known["bin"], strict=True))
    rows = []
    for (task, model, length), part in lengths.groupby(["task", "model", "length"], sort=False):
        rows.append(
            {
                "task": task,
                "title": TASKS[str(task)].title,
                "model": model,
                "length": length,
                "bin": bins[task, length],
                **median_interval(part)._asdict(),
                "chance": TASKS[str(task)].chance,
            }
        )
    return pd.DataFrame(rows)
