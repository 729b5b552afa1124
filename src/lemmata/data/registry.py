"""Every data set by name: its files, licence and citation. Metadata only, so it loads at once.

The bytes come by `lemmata.data.fetch`, the tables by `lemmata.data.prepare`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from lemmata.data.bundled import BUNDLED
from lemmata.data.dataset import Dataset
from lemmata.data.downloadable import DOWNLOADABLE
from lemmata.data.raw import RawFile
from lemmata.data.text_sets import TEXT_SETS
from lemmata.errors import LemmataError

__all__ = ["DATASETS", "Dataset", "RawFile", "dataset", "raw_file"]

SYNTHETIC: Final = (
    Dataset(
        "synthetic_groups",
        "Synthetic population with known probabilities and 14 overlapping groups",
        "tabular",
        files=(),
        licence="MIT",
        citation="this project",
        note="column p_true is the true P(y = 1 | x)",
    ),
    Dataset(
        "synthetic_population",
        "The population of synthetic_groups, large enough for independent samples",
        "tabular",
        files=(),
        licence="MIT",
        citation="this project",
        note="column p_true is the true P(y = 1 | x)",
    ),
    Dataset(
        "oscillating",
        "Synthetic forecast whose true frequency swings around it",
        "forecast",
        files=(),
        licence="MIT",
        citation="Błasiok, Nakkiran (2023), arXiv 2309.12236: its synthetic example",
        note="column p_true is the true P(y = 1 | p); rows are our draw",
    ),
)

DATASETS: Final[dict[str, Dataset]] = {
    d.name: d for d in (*BUNDLED, *SYNTHETIC, *DOWNLOADABLE, *TEXT_SETS)
}
"""All data sets by name: bundled, then synthetic, then downloadable ones, then texts."""


def dataset(name: str) -> Dataset:
    """Look up a data set; raises LemmataError that lists the names and guesses the one meant."""
    if name in DATASETS:
        return DATASETS[name]
    close = get_close_matches(name, DATASETS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise LemmataError(f"unknown data set {name!r}{hint} (allowed: {', '.join(sorted(DATASETS))})")


def raw_file(name: str, file: str) -> RawFile:
    """Look up one file of a data set; raises LemmataError when the set has no such file."""
    files = {raw.name: raw for raw in dataset(name).files}
    if file not in files:
        allowed = ", ".join(files) or "none, it is synthetic"
        raise LemmataError(f"data set {name} has no file {file!r} (its files: {allowed})")
    return files[file]
