"""Small settings of the controlled experiments, and images to run them on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from lemmata.reinforcement_finetuning.controlled.experiment import Finetuning, Pretraining, Session
from lemmata.reinforcement_finetuning.controlled.networks import NetworkSettings, new_network
from lemmata.reinforcement_finetuning.controlled.task import TaskSettings
from lemmata.training.device import select

DOUBLE = torch.float64
CLASSES = 4
SETTINGS = TaskSettings(
    train_rows=80,
    held_out_rows=40,
    channels=1,
    label_set=2,
    modified=0.1,
    relabelled_classes=0,
)
FINETUNING = Finetuning(
    method="rft",
    optimizer="adam",
    learning_rate=3e-3,
    epochs=10,
    batch_size=32,
    samples=4,
    temperature=1.0,
    entropy=0.0,
    entropy_epochs=0,
    wrong_on_modified=-1.0,
    first_examples=0,
    first_steps=0,
    first_learning_rate=3e-3,
    log_every=5,
    checkpoint_every=4,
    most=50,
)
PRETRAINING = Pretraining(epochs=100, batch_size=32, learning_rate=3e-3, checkpoint_every=50)


def table(rows: int = 200) -> pd.DataFrame:
    """Images of 3 x 3 pixels whose class is the place of the brightest of four corners."""
    rng = np.random.default_rng(0)
    y = np.arange(rows) % CLASSES
    pixels = rng.random((rows, 9))
    pixels[np.arange(rows), np.array([0, 2, 6, 8])[y]] += 2.0
    split = np.where(np.arange(rows) % 5 < 3, "train", "test")
    frame = pd.DataFrame({"row": np.arange(rows), "split": split, "y": y})
    return frame.join(pd.DataFrame({f"x_{i}": pixels[:, i] for i in range(9)}))


def network(seed: int = 0) -> nn.Module:
    return new_network(NetworkSettings("mlp", (16,)), 9, 1, CLASSES, seed)


def session(seed: int = 0, **more: Any) -> Session:
    return Session(select("cpu", "float32", 1), seed, **more)
