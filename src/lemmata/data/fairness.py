"""Readers of two tables of people in ARFF: bar passage of law students, the Dutch census of 2001.

Both as the survey of Le Quy, Roy, Iosifidis, Zhang, Ntoutsi, doi 10.1002/widm.1452, has them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lemmata.data.columns import Paths, assemble


def read_law_school(paths: Paths) -> pd.DataFrame:
    """18,692 students of law; y = 1 passed the bar examination."""
    # The header declares tier as {0, 1} while values reach 6, so ARFF readers refuse the file.
    frame = _arff(paths["law_dataset.arff"]).astype(np.float64)
    return assemble(frame["pass_bar"], frame.drop(columns="pass_bar"))


def read_dutch_census(paths: Paths) -> pd.DataFrame:
    """60,420 people of the Dutch census of 2001; y = 1 a prestigious occupation. All are codes."""
    frame = _arff(paths["dutch_census_2001.arff"])
    levels = set(frame["occupation"])
    if levels != {"2_1", "5_4_9"}:
        raise ValueError(f"unknown occupations {sorted(levels)}")
    codes = frame.drop(columns="occupation")
    return assemble(frame["occupation"] == "2_1", codes)


def _arff(path: Path) -> pd.DataFrame:
    """Rows of an ARFF file as strings; names from its @attribute lines, values not checked."""
    names = []
    with path.open() as stream:
        for line in stream:
            words = line.split(maxsplit=2)
            if words and words[0].lower() == "@attribute":
                names.append(words[1])
            if words and words[0].lower() == "@data":
                return pd.read_csv(
                    stream, names=names, dtype="str", keep_default_na=False, skipinitialspace=True
                )
    raise ValueError("no @data line")
