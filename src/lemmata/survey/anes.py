"""The American National Election Study of 1996 as statsmodels bundles it, as survey responses.

944 respondents, four items of seven points: real microdata, through the same door as a form's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lemmata.survey.ingest import consent_hash
from lemmata.survey.instrument import Edition

COLUMNS = {"own_leaning": "selfLR", "clinton": "ClinLR", "dole": "DoleLR", "party": "PID"}
LOWEST = {"party": 0}
"""Lowest code of an item where it is not 1."""
AGES = (35, 55)
EDUCATION = (4, 5)


def anes_responses(edition: Edition) -> list[dict[str, Any]]:
    """The public file as responses. Respondents are named by their row, which says nothing."""
    from statsmodels.datasets import anes96

    data = anes96.load_pandas().data
    return responses_from(data, edition)


def responses_from(data: pd.DataFrame, edition: Edition) -> list[dict[str, Any]]:
    """data: columns as in statsmodels. Ages and schooling come in the edition's coarse bins."""
    ages, schooling = edition.strata["age"], edition.strata["education"]
    age = np.digitize(data["age"], AGES)
    education = np.digitize(data["educ"], EDUCATION)
    items = {
        name: data[column].astype(int) + 1 - LOWEST.get(name, 1) for name, column in COLUMNS.items()
    }
    return [
        {
            "format": "lemmata-survey-1",
            "edition": edition.id,
            "respondent": f"anes96-row-{row:04d}",
            "consent": consent_hash(edition.consent),
            "strata": {"age": ages[age[row]], "education": schooling[education[row]]},
            "bucket": str(edition.year),
            "answers": [
                {
                    "question": name,
                    "wording": edition.questions[name],
                    "shown": True,
                    "stance": int(values.iloc[row]),
                }
                for name, values in items.items()
            ],
        }
        for row in range(len(data))
    ]
