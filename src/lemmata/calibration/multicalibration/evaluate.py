"""The study's grid: every post-processor on every base model, measured by group.

Hansen, Devic, Nakkiran, Sharan, arXiv 2406.06487, section "experiments" [paper]; the measures are
exact SmoothECE and binned ECE by group, on validation rows (to choose by) and test rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.calibration.group_metrics import group_table
from lemmata.calibration.multicalibration.post_processors import ERM, Setting
from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
MEASURED = ("validation", "test")
LEAST_ROWS = 2
"""Groups with fewer rows in a part are left out of its measures [official code]."""


Key = tuple[int, str, int, bool, str, str]
Predictions = dict[Key, Floats]


@dataclass(frozen=True)
class Measures:
    """Settings of the measures. bins: of binned ECE; replicates: of the null floor."""

    bins: int
    grid_size: int
    tolerance: float
    replicates: int
    seed: int


@dataclass(frozen=True)
class Part:
    """Rows of one split: p, y (N,) and groups (N, G)."""

    p: Floats
    y: NDArray[np.int64]
    groups: NDArray[np.bool_]

    def head(self, n: int) -> Part:
        """The first n rows."""
        return Part(self.p[:n], self.y[:n], self.groups[:n])


@dataclass(frozen=True)
class Case:
    """One base model with the rows that post-processing may use.

    fraction: of the training rows (NaN in a population); reuse: calibration rows are the very rows
    that the model was trained on.
    """

    seed: int
    fraction: float
    reuse: bool
    calibration: Part | None
    validation: Part
    test: Part

    @property
    def shows_base(self) -> bool:
        """Whether the base model itself is measured here: once for each fit of it."""
        return self.calibration is None or not (self.reuse or np.isnan(self.fraction))

    @property
    def n_calibration(self) -> int:
        """Rows that post-processors are fitted on."""
        return 0 if self.calibration is None else len(self.calibration.p)


def cases(
    base: pd.DataFrame, groups: pd.DataFrame, sizes: Sequence[int] = (), reuse: bool = True
) -> Iterator[Case]:
    """Every base model of a table of base predictions, with its rows by purpose.

    base: as `base_predictions` makes it; groups: row and g_* of every row of the data set. sizes:
    numbers of calibration rows to try in a population, the first of its rows each time. Without
    calibration rows a case has the base model alone; fraction 0 comes a second time with its
    training rows as calibration rows, if `reuse`. Raises LemmataError for sizes that are not there.
    """
    flags = groups.drop(columns="row").to_numpy(dtype=bool)  # (rows, G)
    if not np.array_equal(groups["row"], np.arange(len(groups))):
        raise LemmataError("groups: rows are not 0, 1, 2, ...")
    for _, frame in base.groupby(["seed", "fraction"], dropna=False, sort=False):
        seed, fraction = int(frame["seed"].iloc[0]), float(frame["fraction"].iloc[0])
        parts = {
            str(split): Part(
                rows["p"].to_numpy(np.float64),
                rows["y"].to_numpy(np.int64),
                flags[rows["row"].to_numpy()],
            )
            for split, rows in frame.groupby("split")
        }
        measured = (parts["validation"], parts["test"])
        pool = parts.get("calibration")
        if sizes:
            yield Case(seed, fraction, False, None, *measured)
            for size in sizes:
                if pool is None or size > len(pool.p):
                    found = 0 if pool is None else len(pool.p)
                    raise LemmataError(f"calibration size {size}: only {found} rows are there")
                yield Case(seed, fraction, False, pool.head(size), *measured)
            continue
        yield Case(seed, fraction, False, pool, *measured)
        if reuse and "train" in parts:
            yield Case(seed, fraction, True, parts["train"], *measured)


def post_process(
    case: Case, setting: Setting | None, splits: Sequence[str] = MEASURED
) -> dict[str, Floats]:
    """Predictions (N,) of each split by one post-processor, of the base model for None.

    Groups without a calibration row cannot be learned about and are not shown to it.
    """
    parts: dict[str, Part] = {split: getattr(case, split) for split in splits}
    if setting is None:
        return {split: part.p for split, part in parts.items()}
    pool = case.calibration
    if pool is None:
        raise LemmataError(f"{setting.post_processor}: there are no calibration rows")
    there = pool.groups.any(axis=0)  # (G,)
    made = setting.make(case.seed).fit(pool.p, pool.y, pool.groups[:, there])
    return {split: made.predict(part.p, part.groups[:, there]) for split, part in parts.items()}


def evaluate(
    base: pd.DataFrame,
    groups: pd.DataFrame,
    settings: Sequence[Setting],
    measures: Measures,
    sizes: Sequence[int] = (),
    reuse: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[pd.DataFrame, Predictions]:
    """Measures by group of every post-processor on every case: the table `metrics`.

    And the test predictions (N,) of each, by `key_of`.

    ::

        seed fraction n_calibration reuse post_processor setting    split group  n   smooth_ece ...
        15   0.2      2400          False hkrr           alpha=0.1  test  female 811 0.061
    """
    names = [name.removeprefix("g_") for name in groups.columns if name != "row"]
    frames, keys = [], []
    predictions: Predictions = {}
    for case in cases(base, groups, sizes, reuse):
        tried: list[Setting | None] = [None] if case.shows_base else []
        if case.calibration is not None:
            both_labels = len(np.unique(case.calibration.y)) == 2
            tried += list(settings) if both_labels else []
        for setting in tried:
            for split, p in post_process(case, setting).items():
                part: Part = getattr(case, split)
                measured = measure(p, part, names, measures)
                frames.append(measured)
                keys.append({**_key(case, setting), "split": split})
                if split == "test":
                    predictions[key_of(case, setting)] = p
        tell(f"seed {case.seed}, fraction {case.fraction:g}, {case.n_calibration} rows")
    each = np.repeat(np.arange(len(keys)), [len(frame) for frame in frames])
    first = pd.DataFrame(keys).iloc[each].reset_index(drop=True)
    return pd.concat([first, pd.concat(frames, ignore_index=True)], axis=1), predictions


def key_of(case: Case, setting: Setting | None) -> Key:
    """What names one post-processor on one case."""
    what = (ERM, "") if setting is None else (setting.post_processor, setting.label)
    return (case.seed, repr(case.fraction), case.n_calibration, case.reuse, *what)


def measure(p: Floats, part: Part, names: Sequence[str], measures: Measures) -> pd.DataFrame:
    """`group_table` over the groups that have at least two rows here."""
    enough = part.groups.sum(axis=0) >= LEAST_ROWS  # (G,)
    kept = [name for name, there in zip(names, enough, strict=True) if there]
    return group_table(
        p,
        part.y,
        part.groups[:, enough],
        kept,
        bins=measures.bins,
        grid_size=measures.grid_size,
        tolerance=measures.tolerance,
    )


def _key(case: Case, setting: Setting | None) -> dict[str, Any]:
    return {
        "seed": np.int64(case.seed),
        "fraction": case.fraction,
        "n_calibration": np.int64(case.n_calibration),
        "reuse": case.reuse,
        "post_processor": ERM if setting is None else setting.post_processor,
        "setting": "" if setting is None else setting.label,
    }
