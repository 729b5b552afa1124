"""What post-processors and measures by group are given, checked once and in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.calibration.smooth_ece import checked_shapes, checked_unit
from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def checked_inputs(
    p: ArrayLike, y: ArrayLike, groups: ArrayLike
) -> tuple[Floats, NDArray[np.int64], Flags]:
    """Predictions p (N,) in [0, 1], outcomes y (N,) in {0, 1} and groups (N, G), as arrays.

    Raises LemmataError, one line, for lengths that differ, a value out of range or not a number,
    labels other than 0 and 1, flags that are not boolean, no groups, or a group without a row.
    """
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    labels = outcome.astype(np.int64)
    if not np.array_equal(labels, outcome):
        raise LemmataError("y holds values between 0 and 1: labels must be 0 or 1")
    flags = checked_groups(groups, len(x))
    empty = np.flatnonzero(~flags.any(axis=0))
    if empty.size:
        raise LemmataError(f"groups: column {empty[0]} has no rows: a group must have one or more")
    return x, labels, flags


def checked_groups(groups: ArrayLike, n: int, expected: int | None = None) -> Flags:
    """Flags (n, G), G >= 1, as booleans; `expected`: the G that the model was fitted with.

    Raises LemmataError for another shape, another number of groups, or flags that are not boolean.
    """
    flags = np.asarray(groups)
    if flags.ndim != 2 or len(flags) != n or flags.shape[1] < 1:
        raise LemmataError(f"groups have shape {flags.shape}: must be ({n}, G) with G >= 1")
    if flags.dtype != np.bool_:
        raise LemmataError(f"groups are of type {flags.dtype}: must be boolean flags")
    if expected is not None and flags.shape[1] != expected:
        raise LemmataError(f"groups: {flags.shape[1]} are given, the model knows {expected}")
    return flags


def checked_predictions(p: ArrayLike) -> Floats:
    """Predictions p (N,) in [0, 1]; LemmataError otherwise."""
    return checked_unit(checked_shapes(p, p)[0], "p")
