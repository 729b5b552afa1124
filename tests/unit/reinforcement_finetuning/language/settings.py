"""Small settings of pretraining and of a finetuning stage that several tests share."""

from __future__ import annotations

from typing import Any

from lemmata.reinforcement_finetuning.language import sequences
from lemmata.reinforcement_finetuning.language.finetuning import Stage

STAGE = Stage("reinforce", 6, 8, 1.0, None, 1e-2, 4, 1.0, 0.0, False, 1, 0.2, 3)
PRETRAINING = {
    "sequences": sequences.Sequences(4, (0.0, 0.5)), "text": None, "layers": 1, "heads": 2,
    "width": 16, "init_std": 0.1, "steps": 6, "batch_size": 16, "learning_rate": 5e-3, "seed": 0,
    "device": "cpu", "precision": "float32", "log_every": 3, "checkpoint_every": 2,
}  # fmt: skip


def replaced(stage: Stage, **changes: Any) -> Stage:
    """The stage with some settings changed."""
    return Stage(**{**vars(stage), **changes})
