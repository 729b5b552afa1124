"""Comparing a file made again with the one on record: byte for byte, or within a tolerance.

On the same hardware only bytes count. On other hardware numbers may move as far as the record
states. Stamps hold the digests of inputs, so behind a number that moved a little, bytes differ
everywhere: there the content is compared.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.provenance.content import content_digest
from lemmata.provenance.digest import sha256_file

PICTURES = (".png", ".svg")


class Outcome(StrEnum):
    """How a file made again compares with the recorded one."""

    IDENTICAL = "identical"
    WITHIN = "within tolerance"
    MEASURED = "a measurement of the machine"  # never repeats, nor does what follows from it
    DIFFERS = "differs"
    UNKNOWN = "not compared"  # the recorded file is gone and the bytes are others


@dataclass(frozen=True)
class Comparison:
    """The outcome for one file, and what shows it."""

    path: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Terms:
    """What may differ: tolerance as the record states it, on this hardware or other.

    measured: the job, or one that it descends from, measures the machine.
    """

    tolerance: Mapping[str, Any]
    same_hardware: bool
    measured: bool = False


def compare(item: Mapping[str, Any], recorded: Path, made: Path, terms: Terms) -> Comparison:
    """Compare `made` with an output of a record; recorded: where that lies, if it still does."""
    path = item["path"]
    if sha256_file(made) == item["sha256"]:
        return Comparison(path, Outcome.IDENTICAL)
    if terms.measured:
        return Comparison(path, Outcome.MEASURED)
    if not recorded.is_file() or sha256_file(recorded) != item["sha256"]:
        return Comparison(path, Outcome.UNKNOWN, "other bytes; the recorded file is gone")
    if terms.same_hardware:
        return Comparison(path, Outcome.DIFFERS, first_difference(recorded, made) or "in its stamp")
    return _within(path, recorded, made, terms.tolerance)


def _within(path: str, recorded: Path, made: Path, tolerance: Mapping[str, Any]) -> Comparison:
    if Path(path).suffix in PICTURES:
        same = content_digest(recorded) == content_digest(made)
        detail = "same drawing" if same else "judged by the table that it draws"
        return Comparison(path, Outcome.WITHIN, detail)
    try:
        found = _deviation(recorded, made, tolerance["rtol"], tolerance["atol"])
    except _Other as other:
        return Comparison(path, Outcome.DIFFERS, str(other))
    if found is None:
        return Comparison(path, Outcome.WITHIN, "same content")
    where, share, detail = found
    told = f"{where}: {detail}, {share:.2g} of what is allowed"
    return Comparison(path, Outcome.WITHIN if share <= 1 else Outcome.DIFFERS, told)


def first_difference(recorded: Path, made: Path) -> str | None:
    """Where two files first say something else; None where only their stamps or layout differ."""
    if recorded.suffix in PICTURES:
        return None if content_digest(recorded) == content_digest(made) else "another drawing"
    try:
        found = _deviation(recorded, made, 0.0, 0.0)
    except _Other as other:
        return str(other)
    return None if found is None else f"{found[0]}: {found[2]}"


class _Other(Exception):  # noqa: N818 - a finding, not a fault
    """Two files differ in what no tolerance covers: shape, names, text."""


def _deviation(
    recorded: Path, made: Path, rtol: float, atol: float
) -> tuple[str, float, str] | None:
    """The largest deviation: where, as a share of what is allowed, and in words. None: no number
    differs. Raises _Other for a difference that is not of numbers."""
    worst: tuple[str, float, str] | None = None
    old, new = dict(_arrays(recorded)), dict(_arrays(made))
    if list(old) != list(new):
        names = sorted(set(old) ^ set(new))
        raise _Other(f"other parts: {names[0]}" if names else "parts in another order")
    for name, before in old.items():
        after = new[name]
        if before.shape != after.shape:
            raise _Other(f"{name}: shape {before.shape}, now {after.shape}")
        if not np.issubdtype(before.dtype, np.number) or before.dtype != after.dtype:
            _same_text(name, before, after)
            continue
        found = _largest(name, before.astype(np.float64), after.astype(np.float64), rtol, atol)
        if found is not None and (worst is None or found[1] > worst[1]):
            worst = found
    return worst


def _same_text(name: str, before: NDArray[Any], after: NDArray[Any]) -> None:
    if before.dtype != after.dtype:
        raise _Other(f"{name}: type {before.dtype}, now {after.dtype}")
    equal = before == after
    if not np.all(equal):
        i = int(np.flatnonzero(~np.asarray(equal).ravel())[0])
        raise _Other(f"{name}[{i}]: {before.ravel()[i]!r}, now {after.ravel()[i]!r}")


def _largest(
    name: str, before: NDArray[np.float64], after: NDArray[np.float64], rtol: float, atol: float
) -> tuple[str, float, str] | None:
    """The element that deviates most for its size; NaN equals NaN and infinities must agree."""
    x, y = before.ravel(), after.ravel()
    same = (x == y) | (np.isnan(x) & np.isnan(y))
    if same.all():
        return None
    if not np.isfinite(x[~same]).all() or not np.isfinite(y[~same]).all():
        i = int(np.flatnonzero(~same & ~(np.isfinite(x) & np.isfinite(y)))[0])
        raise _Other(f"{name}[{i}]: {x[i]}, now {y[i]}")
    gap = np.abs(x - y)
    allowed = atol + rtol * np.abs(x)
    share = np.divide(gap, allowed, out=np.full_like(gap, np.inf), where=allowed > 0)
    share[same] = 0.0
    i = int(np.argmax(share))
    return f"{name}[{i}]", float(share[i]), f"{x[i]:.9g}, now {y[i]:.9g}"


def _arrays(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """What a file holds, as named arrays: columns, tensors, the values of a document."""
    if path.suffix in (".parquet", ".csv"):
        frame = pd.read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
        for name in frame.columns:
            column = frame[name]
            if isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype):
                column = column.astype(object).where(column.notna(), None)
            yield str(name), column.to_numpy()
    elif path.suffix == ".safetensors":
        from safetensors.numpy import load  # its library loads only when it is needed

        yield from sorted(load(path.read_bytes()).items())
    elif path.suffix == ".json":
        yield from _values(json.loads(path.read_text(encoding="utf-8")), "")
    else:
        yield "text", np.array(path.read_text(encoding="utf-8", errors="replace").splitlines())


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.read_table(io.BytesIO(path.read_bytes())).to_pandas()
    except (OSError, ValueError) as error:
        raise LemmataError(f"{path}: not a readable Parquet table ({error})") from error
    return frame


def _values(value: Any, lead: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Leaves of a JSON document by their place; numbers as floats, the rest as text."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _values(child, f"{lead}.{key}")
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _values(child, f"{lead}[{i}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield lead, np.array([float(value)])
    else:
        yield lead, np.array([json.dumps(value)])
