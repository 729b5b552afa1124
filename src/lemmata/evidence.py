"""Evidence tables as plain rows: the judge, which runs once a claim, starts without pandas."""

from __future__ import annotations

import math
from os import PathLike
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lemmata.errors import LemmataError


def read_evidence(path: str | PathLike[str]) -> list[dict[str, Any]]:
    """Rows of the evidence table at `path`, columns by name; a missing number is nan.

    Raises LemmataError when the file is missing or damaged.
    """
    try:
        # Opened by Python, so that the job's watch over what is read sees it.
        with open(path, "rb") as stream:  # noqa: PTH123 - str paths come straight from the engine
            rows = pq.read_table(stream).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise LemmataError(f"{path}: not a readable Parquet table ({error})") from error
    return [{k: math.nan if v is None else v for k, v in row.items()} for row in rows]
