"""Small settings of the multicalibration study that several tests share."""

from __future__ import annotations

from lemmata.calibration.multicalibration.evaluate import Measures
from lemmata.calibration.multicalibration.post_processors import settings_of

MEASURES = Measures(bins=10, grid_size=256, tolerance=1e-4, replicates=20, seed=0)
SETTINGS_OF_HJZ = {"learner": ["hedge", "online_gradient_descent"], "learning_rate": 0.9}
SETTINGS = settings_of(
    {
        "isotonic": {},
        "hkrr": {"alpha": [0.2, 0.1]},
        "hjz": [SETTINGS_OF_HJZ],
    }
)
SEEDS = (15, 25)
ROWS = {"train": 300, "calibration": 400, "validation": 150, "test": 300}
