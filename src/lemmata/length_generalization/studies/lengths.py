"""Exact match length by length: the curves behind the bins."""

from __future__ import annotations

import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies.exact_match import median_interval, summed
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.stats import Interval, Study, evidence_table


def study(answers: pd.DataFrame) -> Study:
    """Table: task, title, model, length, bin, value (median over seeds), lower, upper, n, chance.

    Evidence: how much exact match the longest lengths lose on the trained ones, by run.
    """
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
    table = pd.DataFrame(rows)
    evidence = {}
    for (task, model), part in table.groupby(["task", "model"], sort=False):
        inside = part.loc[part["bin"] == BINS[0], "value"].mean()
        last = part.sort_values("length").iloc[-1]
        evidence[f"longest_{model}_{task}"] = Interval(
            inside - last["value"],
            inside - last["upper"],
            inside - last["lower"],
            int(last["n"]),
        )
    return Study(table, evidence_table(evidence))
