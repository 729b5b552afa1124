"""What the authors' code does otherwise than its papers say, and what difference that makes.

arXiv 2406.06487 [official code], on fits of the synthetic population, each beside the default here:
HKRR's oracle never answers at will, however far a guess is off; or there is no oracle, as the
authors' package recommends. HJZ's gradient descent leaves the simplex; its adversary keeps its
first step size. Platt and temperature scaling take probabilities for logits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from lemmata.calibration.multicalibration.evaluate import (
    Case,
    Measures,
    cases,
    measure,
    post_process,
)
from lemmata.calibration.multicalibration.post_processors import ERM, Setting
from lemmata.calibration.multicalibration.selection import null_of, summarise
from lemmata.stats import Interval, Study, evidence_table, mean_interval

DEFAULT: Final = "default"
OPTION: Final = "option"
_DESCENT: Final = {"learner": "online_gradient_descent", "learning_rate": 0.9}
_DRAWN: Final = {
    "learner": "hedge",
    "adversary": "hedge",
    "learning_rate": 0.9,
    "adversary_rate": 0.9,
}
OPTIONS: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "hkrr_oracle_far_off": ("hkrr", {"alpha": 0.1}, {"official": True}),
    "hkrr_without_oracle": ("hkrr", {"alpha": 0.1}, {"oracle": False}),
    "hjz_descent_leaves_simplex": ("hjz", _DESCENT, {"official": True}),
    "hjz_adversary_keeps_step": ("hjz", _DRAWN, {"official": True}),
    "platt_on_probabilities": ("platt", {}, {"on": "probabilities"}),
    "temperature_on_probabilities": ("temperature", {}, {"official": True}),
}
"""Post-processor, its parameters, and what the option changes of them."""


def study(
    base: Mapping[str, pd.DataFrame], groups: pd.DataFrame, size: int, measures: Measures
) -> Study:
    """base: base predictions of the population by model; size: calibration rows of each fit.

    Columns model, seed, option (of OPTIONS, or erm), behaviour (default or option), and what
    `summarise` returns of the test rows. Evidence: <option>_<model>, max-group SmoothECE of the
    option less that of the default, mean over seeds.
    """
    rows = [
        {"model": model, "seed": case.seed, **found}
        for model, predictions in base.items()
        for case in cases(predictions, groups, [size])
        for found in _measured(case, groups, measures)
    ]
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_differences(table)))


def _measured(case: Case, groups: pd.DataFrame, measures: Measures) -> Iterator[dict[str, Any]]:
    """The base model alone where there are no calibration rows, else every option both ways."""
    if case.calibration is None:
        yield _row(case, groups, measures, ERM, DEFAULT, None)
        return
    for option, (name, parameters, changed) in OPTIONS.items():
        for behaviour, own in ((DEFAULT, parameters), (OPTION, parameters | changed)):
            yield _row(case, groups, measures, option, behaviour, Setting(name, behaviour, own))


def _row(
    case: Case,
    groups: pd.DataFrame,
    measures: Measures,
    option: str,
    behaviour: str,
    setting: Setting | None,
) -> dict[str, Any]:
    names = [name.removeprefix("g_") for name in groups.columns if name != "row"]
    p = post_process(case, setting, ("test",))["test"]  # (N,)
    null = null_of(p, case.test.groups, measures, (case.seed, case.n_calibration))
    found = summarise(measure(p, case.test, names, measures), p, case.test, null)
    return {"option": option, "behaviour": behaviour, **found}


def _differences(table: pd.DataFrame) -> dict[str, Interval]:
    wide = table[table["option"] != ERM].pivot_table(
        index=["model", "option", "seed"], columns="behaviour", values="max_smooth_ece", sort=False
    )
    change = (wide[OPTION] - wide[DEFAULT]).rename("change").reset_index()
    found = {}
    for option, rows in change.groupby("option", sort=False):
        for model, values in rows.groupby("model", sort=False)["change"]:
            found[f"{option}_{model}"] = mean_interval(values)
    return found
