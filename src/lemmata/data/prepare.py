"""Prepared tables of all data sets: raw files or a generator in, rows with their split out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lemmata.data.columns import Paths
from lemmata.data.readers import read_raw
from lemmata.data.splits import assign_splits
from lemmata.data.synthetic import oscillating, synthetic_groups
from lemmata.errors import LemmataError
from lemmata.tables import SPLITS, check_predictions

GENERATORS = {
    "oscillating": oscillating,
    "synthetic_groups": synthetic_groups,
    "synthetic_population": synthetic_groups,
}


def prepare(
    name: str,
    paths: Paths,
    split: Mapping[str, Any] | None = None,
    synthetic: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """The table of data set `name` that the rest of the project reads.

    paths: raw files by file name. split: {"seed", "train", "validation", "test"}, for every set but
    a forecast one; synthetic: {"rows", "seed"}, for a synthetic set only. A forecast set becomes a
    predictions table (seed 0, split test, row, y, p); any other gets the columns row (0..N-1) and
    split before those of `read_raw`. Raises LemmataError for settings that do not fit the set.
    """
    if name in GENERATORS:
        settings = _exactly(name, "synthetic", synthetic, ("rows", "seed"))
        frame = GENERATORS[name](**settings)
    else:
        _exactly(name, "synthetic", synthetic, ())
        frame = read_raw(name, paths)
    if "p" in frame.columns:
        _exactly(name, "split", split, ())
        return _forecast(name, frame)
    settings = _exactly(name, "split", split, ("seed", *SPLITS))
    shares = {key: settings[key] for key in SPLITS}
    frame.insert(0, "row", range(len(frame)))
    frame.insert(1, "split", assign_splits(frame["y"].to_numpy(), settings["seed"], shares))
    return frame


def _forecast(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    own = {"seed": 0, "split": "test", "row": range(len(frame))}
    table = pd.DataFrame(own).join(frame)
    check_predictions(table, f"data set {name}")
    return table


def _exactly(
    name: str, kind: str, settings: Mapping[str, Any] | None, keys: tuple[str, ...]
) -> dict[str, Any]:
    """`settings` as a dict with exactly `keys`; raises LemmataError for any other."""
    found = dict(settings or {})
    if set(found) != set(keys):
        needed = ", ".join(keys) or "none"
        raise LemmataError(
            f"data set {name}: {kind} settings are {sorted(found)}, needed: {needed}"
        )
    return found
