"""What the published aggregates show, as they come out of the pipeline at its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest, norm

from lemmata.stats import Interval, Study, evidence_table, exact
from lemmata.survey.rows import keyed, tuples
from lemmata.survey.shares import UPPER, wilson

METASURVEY = "nlp_metasurvey_2022"
SCALING = "nlp_2_1"
CONTRIBUTORS = 6


def study(
    files: Sequence[str], shares: pd.DataFrame, predicted: pd.DataFrame, changes: pd.DataFrame,
    level: float,
) -> Study:  # fmt: skip
    """files: every aggregates.csv; the tables: as the comparison writes them.

    Table: each cited share beside the one that the pipeline prints, with its interval.
    """
    beside = _beside(files, shares)
    scaling = predicted[predicted["question"] == SCALING].iloc[0]
    unanimous = [float(end) for end in np.ravel(wilson(1.0, CONTRIBUTORS, level))]
    known = beside[beside["n"].notna()]
    evidence = {
        "metasurvey_rows": exact(_rows(shares), _rows(shares)),
        "max_share_difference": exact(beside["difference"].abs().max(), len(beside)),
        "max_wilson_difference": exact(_against_scipy(known, level), len(known)),
        "scaling_gap": Interval(
            scaling["gap"], scaling["gap_lower"], scaling["gap_upper"], int(scaling["n"])
        ),
        "scaling_prediction_above_interval": exact(
            scaling["predicted"] - scaling["upper"], int(scaling["n"])
        ),
        **_expert_survey(changes),
        "lower_bound_six_of_six": exact(unanimous[0], CONTRIBUTORS),
        "shares_without_interval": exact(_bare(shares), len(shares)),
        "stance_shares_of_the_interview": exact(
            int((shares["edition"] == "perspectives_2023").sum()), CONTRIBUTORS
        ),
    }
    return Study(beside, evidence_table(evidence))


def _beside(files: Sequence[str], shares: pd.DataFrame) -> pd.DataFrame:
    """Cited and printed shares; every cited one must be there, or its difference is NaN."""
    cited = []
    for path in files:
        with Path(path).open() as stream:
            frame = pd.read_csv(stream, dtype={"category": "str", "group": "str"})
        own = frame[frame["statistic"] == "share"]
        cited.append(own.assign(edition=Path(path).parent.name, group=own["group"].fillna("")))
    keys = ["edition", "question", "group", "category"]
    both = pd.concat(cited, ignore_index=True)[[*keys, "value", "citation"]].merge(
        shares, on=keys, how="left", validate="one_to_one"
    )
    gone = both["share"].isna()
    difference = (both["share"] - both["value"] / 100.0).where(~gone, 1.0)  # a lost row differs
    return both.assign(cited=both["value"] / 100.0, difference=difference).drop(columns="value")


def _rows(shares: pd.DataFrame) -> int:
    own = shares[(shares["edition"] == METASURVEY) & (shares["group"] == "")]
    return int((own["position"] == UPPER).sum())


def _against_scipy(known: pd.DataFrame, level: float) -> float:
    """Largest error of the intervals: against SciPy's at the nearest whole count, and as printed.

    Wilson's ends are the shares from which the printed one is just z standard errors away, which
    holds for a rounded percentage too.
    """
    z = float(norm.isf((1.0 - level) / 2.0))
    found: list[float] = []
    for row in tuples(known):
        count = round(row.share * row.n)
        other = binomtest(count, row.n).proportion_ci(level, method="wilson")
        own = wilson(count / row.n, row.n, level)
        found += [abs(float(own[0]) - other.low), abs(float(own[1]) - other.high)]
        for end in (row.lower, row.upper):
            error = float(np.sqrt(end * (1.0 - end) / row.n))
            found.append(abs(abs(row.share - end) - z * error))
    return max(found)


def _expert_survey(changes: pd.DataFrame) -> dict[str, Interval]:
    """Two null cases by Welch's test, and one drift whose first n is not stated."""
    own = keyed(changes[changes["series"] == "espai"], "question")
    safety = own["safety_priority"]
    sizes = {name: int(own[name]["first_n"] + own[name]["second_n"]) for name in EXTINCTION}
    return {
        **{f"{name}_p": exact(float(own[name]["p"]), sizes[name]) for name in EXTINCTION},
        "safety_change": exact(float(safety["change"]), int(safety["second_n"])),
        "safety_least_n": exact(float(safety["least_n"]), int(safety["second_n"])),
    }


EXTINCTION = ("extinction_1", "extinction_2")


def _bare(shares: pd.DataFrame) -> int:
    """Shares that are published with n and without an interval."""
    own = shares[~shares["suppressed"] & shares["n"].notna()]
    return int((own["lower"].isna() | own["upper"].isna()).sum())
