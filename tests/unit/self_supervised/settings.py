"""Small settings of every method that several tests share."""

from __future__ import annotations

from typing import Any

from lemmata.self_supervised.experiment import Settings

MASKS = {"blocks": 1, "target_share": 0.25, "context_share": 1.0, "mask_shape": "block"}
VIEWS = {"crop": 0.6, "mirror": False, "jitter": 0.3, "noise": 0.2}
OWN: dict[str, dict[str, Any]] = {
    "i_jepa": {**MASKS, "predictor_width": 16, "predictor_depth": 1, "ema": 0.9},
    "data2vec": {**MASKS, "top_layers": 2, "ema": 0.9},
    "mae": {**MASKS, "predictor_width": 16, "predictor_depth": 1, "normalised_pixels": False},
    "vicreg": {
        **VIEWS,
        "hidden": 16,
        "projected": 8,
        "invariance": 25.0,
        "variance": 25.0,
        "covariance": 1.0,
    },
    "simclr": {**VIEWS, "hidden": 16, "projected": 8, "temperature": 0.2},
    "dino": {
        **VIEWS,
        "hidden": 16,
        "projected": 8,
        "prototypes": 12,
        "ema": 0.9,
        "student_temperature": 0.1,
        "teacher_temperature": 0.04,
    },
}


def settings(method: str, **changed: Any) -> Settings:
    """A network of two narrow blocks for 8 steps, with some values changed."""
    own = {**OWN[method], **changed.pop("own", {})}
    values: dict[str, Any] = {
        "method": method,
        "own": own,
        "patch": 2,
        "width": 16,
        "depth": 2,
        "heads": 2,
        "random_crop": 1.0,
        "steps": 8,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "warmup": 0.25,
        "weight_decay": 0.05,
        "compile": False,
        "seed": 0,
        "device": "cpu",
        "precision": "float32",
        "log_every": 2,
        "checkpoint_every": 3,
        "checkpoint_minutes": 10.0,
    }
    return Settings(**(values | changed))
