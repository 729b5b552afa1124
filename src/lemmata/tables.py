"""Parquet tables with a provenance stamp, and the common table of predictions.

The predictions table is the hinge of the DAG: every model that predicts a label writes one, and one
set of post-processing rules reads them all. One row per predicted example::

    seed  split  row   y    p                     binary: p = P(y = 1)
    0     test   17    1    0.83
    seed  split  row   y    p_0   p_1   p_2       multiclass: class probabilities, y a class number
    0     test   4     2    0.1   0.2   0.7

and any number of boolean columns ``g_<group>``. ``split`` is train, validation or test, or
calibration for rows that are kept for post-processing; ``row`` is the example's row in its data
set, so tables of different models can be joined.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lemmata.errors import LemmataError
from lemmata.provenance.content import table_digest
from lemmata.provenance.embed import KEY

SPLITS = ("train", "validation", "test")
PREDICTED = (*SPLITS, "calibration")


def write_table(
    frame: pd.DataFrame, path: str | PathLike[str], stamp: Mapping[str, Any] | None = None
) -> None:
    """Write `frame` as Parquet whose bytes depend on the values and the stamp alone.

    stamp: the job's identity (`Job.stamp`), kept in the file's key-value metadata with the digest
    of the columns.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = dict(table.schema.metadata or {})
    if stamp is not None:
        said = {**stamp, "content": table_digest(table)}
        metadata[KEY.encode()] = json.dumps(said, sort_keys=True).encode()
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")


def read_table(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a Parquet table; raises LemmataError when the file is missing or damaged."""
    try:
        # Opened by Python, so that the job's watch over what is read sees it.
        with open(path, "rb") as stream:  # noqa: PTH123 - str paths come straight from the engine
            frame: pd.DataFrame = pq.read_table(stream).to_pandas()
        return frame
    except (pa.ArrowInvalid, OSError) as error:
        raise LemmataError(f"{path}: not a readable Parquet table ({error})") from error


def read_predictions(paths: Iterable[str | PathLike[str]]) -> pd.DataFrame:
    """Concatenate prediction tables (one per seed, or one with many seeds) and check the whole."""
    frames = []
    for path in paths:
        frame = read_table(path)
        check_predictions(frame, str(path))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def probability_columns(frame: pd.DataFrame) -> list[str]:
    """``["p"]`` of a binary table, ``["p_0", ..., "p_k"]`` in class order of a multiclass one."""
    if "p" in frame.columns:
        return ["p"]
    classes = [c for c in frame.columns if c.startswith("p_") and c[2:].isdigit()]
    return sorted(classes, key=lambda name: int(name[2:]))


def check_predictions(frame: pd.DataFrame, name: str) -> None:
    """Raise LemmataError unless `frame` is a predictions table; `name` opens the message."""
    missing = [c for c in ("seed", "split", "row", "y") if c not in frame.columns]
    if missing:
        raise LemmataError(f"{name}: predictions lack the column(s) {', '.join(missing)}")
    columns = probability_columns(frame)
    if not columns:
        raise LemmataError(f"{name}: predictions hold neither p nor p_0, p_1, ...")
    unknown = set(frame["split"].unique()) - set(PREDICTED)
    if unknown:
        allowed = ", ".join(PREDICTED)
        raise LemmataError(f"{name}: unknown split {sorted(unknown)}; allowed: {allowed}")
    p = frame[columns].to_numpy(dtype=np.float64)  # (N, K) or (N, 1)
    if not np.isfinite(p).all() or p.min(initial=0.0) < 0.0 or p.max(initial=0.0) > 1.0:
        raise LemmataError(f"{name}: a probability is outside [0, 1] or not finite")
    classes = max(len(columns), 2)
    y = frame["y"].to_numpy()
    if not np.isin(y, np.arange(classes)).all():
        raise LemmataError(f"{name}: y must be one of 0..{classes - 1}")
    if len(columns) > 1 and np.abs(p.sum(axis=1) - 1.0).max(initial=0.0) > 1e-4:
        raise LemmataError(f"{name}: class probabilities do not sum to 1")
