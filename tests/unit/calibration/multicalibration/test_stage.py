"""The stage that every family shares, on tables of binary and of multiclass predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.stage import recalibrate
from lemmata.errors import LemmataError
from tests.reference import stream
from tests.unit.calibration.multicalibration.settings import MEASURES, SETTINGS


def predictions_table(classes: int) -> pd.DataFrame:
    rng = stream("stage", classes)
    n = 400
    frame = pd.DataFrame(
        {
            "seed": 3,
            "split": np.where(np.arange(n) % 2, "validation", "test"),
            "row": np.arange(n),
        }
    )
    if classes == 2:
        frame["p"] = rng.random(n)
        frame["y"] = (rng.random(n) < 0.5 + 0.3 * (frame["p"] - 0.5)).astype(int)
        return frame
    p = rng.dirichlet(np.full(classes, 0.3), n)
    frame["y"] = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return frame.assign(**{f"p_{k}": p[:, k] for k in range(classes)})


def test_shared_stage_on_binary_predictions() -> None:
    frame = predictions_table(2)
    flags = pd.DataFrame({"row": np.arange(400), "g_early": np.arange(400) < 150})
    made = recalibrate(frame, flags, SETTINGS, MEASURES)
    assert set(made.metrics["group"]) == {"all", "early"}
    assert len(made.summary) == 1 + len(SETTINGS)
    erm, isotonic = (
        made.summary[made.summary["post_processor"] == name].iloc[0] for name in ("erm", "isotonic")
    )
    assert isotonic["smooth_ece"] < erm["smooth_ece"]
    test = frame[frame["split"] == "test"]
    same = made.predictions[made.predictions["post_processor"] == "erm"]
    np.testing.assert_array_equal(same["p"], test["p"])
    np.testing.assert_array_equal(same["row"], test["row"])


def test_shared_stage_on_classes_uses_the_predicted_one() -> None:
    frame = predictions_table(4)
    settings = settings_of({"temperature": {}, "isotonic": {}})
    made = recalibrate(frame, None, settings, MEASURES)
    assert {"predicted_0", "predicted_3"} <= set(made.metrics["group"])
    test = frame[frame["split"] == "test"]
    p = test[[f"p_{k}" for k in range(4)]].to_numpy()
    row = made.metrics[
        (made.metrics["group"] == "predicted_2") & (made.metrics["post_processor"] == "erm")
    ].iloc[0]
    mine = p.argmax(axis=1) == 2
    assert row["n"] == mine.sum()
    assert row["mean_p"] == pytest.approx(p[mine].max(axis=1).mean())
    assert row["mean_y"] == pytest.approx((test["y"].to_numpy()[mine] == 2).mean())


def test_shared_stage_without_groups_or_rows() -> None:
    frame = predictions_table(2)
    made = recalibrate(frame, None, settings_of({"platt": {}}), MEASURES)
    assert set(made.metrics["group"]) == {"all", "everyone"}
    with pytest.raises(LemmataError, match="seed 3 have no validation rows"):
        recalibrate(frame[frame["split"] == "test"], None, SETTINGS, MEASURES)
