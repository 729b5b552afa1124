"""HKRR and HJZ against the authors' package, fit and predict in one run, one thread.

    pip install --no-deps multicalibration==0.0.2 tqdm
    OMP_NUM_THREADS=1 python benchmarks/multicalibrators.py [ROWS] [GROUPS]

Prints seconds of both, their ratio, and the largest SmoothECE of any group on as many fresh rows
(before: of the predictions as they were). The package's predict visits every row with a search
through every group's list, so a share of the fresh rows is predicted by it and its time is scaled
up; the SmoothECE of both is of that share.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR

ALPHA = 0.1
SHARE = 20  # one fresh row in so many is predicted by the package


def population(rows: int, groups: int, seed: int) -> tuple[Any, Any, Any]:
    """Predictions that are off in some groups: p, y, flags."""
    rng = np.random.Generator(np.random.Philox(seed))
    flags = rng.random((rows, groups)) < np.linspace(0.02, 0.5, groups)
    p = rng.beta(2.0, 3.0, rows)
    truth = np.clip(p + 0.1 * flags[:, 0] - 0.1 * flags[:, -1] + 0.05 * flags[:, 1], 0, 1)
    return p, (rng.random(rows) < truth).astype(np.int64), flags


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def official(algorithm: str, parameters: dict[str, Any], data: Any, fresh: Any) -> Any:
    """Seconds of fit and of predict (scaled to all fresh rows), and the predictions."""
    from multicalibration import MulticalibrationPredictor

    vars(np).setdefault("alltrue", np.all)  # its code was written for NumPy 1
    np.random.seed(0)  # noqa: NPY002 - it draws from the global generator
    p, y, flags = data
    model = MulticalibrationPredictor(algorithm)
    lists = [np.flatnonzero(m).tolist() for m in flags.T]
    few = slice(None, None, SHARE)
    others = [np.flatnonzero(m).tolist() for m in fresh[2][few].T]
    with contextlib.redirect_stderr(io.StringIO()):
        fit_s, _ = timed(lambda: model.fit(p.copy(), y.astype(float), lists, parameters))
        predict_s, out = timed(lambda: model.predict(fresh[0][few].copy(), others))
    return fit_s + predict_s * SHARE, out


def main() -> None:
    """Measure both algorithms and print the table."""
    rows, groups = (int(a) for a in (sys.argv[1:] + ["100000", "20"][len(sys.argv) - 1 :]))
    data, fresh = population(rows, groups, 0), population(rows, groups, 1)
    few = slice(None, None, SHARE)

    def worst(p: Any) -> float:
        return float(group_smooth_ece(p, fresh[1][few], fresh[2][few], 1024, 1e-5).max())

    print(f"{rows:,} rows, {groups} groups; before: {worst(fresh[0][few]):.4f}")
    print("algorithm  ours s  package s  ratio  ours smECE  package smECE")
    hkrr = {"lambda": 0.1, "alpha": ALPHA, "max_iter": 100, "randomized": True, "use_oracle": True}
    hjz = {
        "algorithm": "Hedge",
        "other_algorithm": "None",
        "lr": 0.9,
        "other_lr": 0.9,
        "n_bins": 10,
        "iterations": 30,
    }
    for name, model, parameters in (
        ("HKRR", HKRR(ALPHA), hkrr),
        ("HJZ", HJZ("hedge", 0.9), hjz),
    ):
        ours_s, out = timed(lambda m=model: m.fit(*data).predict(fresh[0], fresh[2]))
        theirs_s, theirs = official(name, parameters, data, fresh)
        print(
            f"{name:<10} {ours_s:6.2f} {theirs_s:10.1f} {theirs_s / ours_s:6.0f}"
            f" {worst(out[few]):11.4f} {worst(theirs):14.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
