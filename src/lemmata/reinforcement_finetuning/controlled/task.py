"""The controlled task: classification whose labels after pretraining lie outside what was learned.

Every class c has a set of labels S_c, c among them, fixed once. Pretraining makes all labels of the
set equally likely. Then one label is right: mostly the class, which has probability 1 / |S_c| and
so a reward of large standard deviation; but on modified inputs a label outside the set, which
pretraining has made improbable, and there the standard deviation is near 0. Example with 4 classes
and sets of 2::

    class 2, S_2 = {2, 0}      pretrained p = (.5, 0, .5, 0)
    right 2 (as 90% of rows)   rewards (-1, -1, +1, -1), STD 1
    right 3 (modified)         rewards (-1, -1, -1, +1), STD 0

Source: the controlled experiments of arXiv 2310.20703 [official code].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lemmata.data.splits import assign_splits
from lemmata.errors import LemmataError
from lemmata.training.batches import stream

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class TaskSettings:
    """train_rows, held_out_rows: how many of the training and of the other rows are used, by class;
    channels: of the images; label_set: size of S_c; modified: share of rows whose right label is
    drawn outside S_c, each for itself; relabelled_classes: classes all of whose rows get one label
    outside S_c instead (then `modified` must be 0).
    """

    train_rows: int
    held_out_rows: int
    channels: int
    label_set: int
    modified: float
    relabelled_classes: int


class Task(NamedTuple):
    """N inputs: standardised pixels (N, D), the rows of their table, class, right label (N,),
    label set (N, K), whether the label is outside it (N,), whether policies are trained on it (N,).
    """

    inputs: Tensor
    rows: Ints
    classes: Ints
    labels: Tensor
    allowed: Tensor
    modified: Tensor
    tuned: Tensor

    def part(self, chosen: Tensor) -> Task:
        """The inputs where chosen (N,) is true."""
        at = chosen.numpy()
        return Task(
            self.inputs[chosen],
            self.rows[at],
            self.classes[at],
            self.labels[chosen],
            self.allowed[chosen],
            self.modified[chosen],
            self.tuned[chosen],
        )


def make_task(table: pd.DataFrame, settings: TaskSettings, seed: int) -> Task:
    """The task of one seed on a prepared image table (row, split, y, x_*).

    Raises LemmataError for settings that the table cannot serve.
    """
    _check(settings, int(table["y"].max()) + 1)
    tuned = _some(table, table["split"] == "train", settings.train_rows, seed, "train_rows")
    other = _some(table, table["split"] != "train", settings.held_out_rows, seed, "held_out_rows")
    chosen = table.loc[np.concatenate([tuned, other])]
    is_tuned = np.arange(len(chosen)) < len(tuned)
    classes = chosen["y"].to_numpy(np.int64)
    sets = label_sets(int(table["y"].max()) + 1, settings.label_set, stream(seed, "label sets"))
    labels, modified = _labels(classes, is_tuned, sets, settings, seed)
    return Task(
        _standardised(chosen, is_tuned, settings.channels),
        chosen["row"].to_numpy(np.int64),
        classes,
        torch.from_numpy(labels),
        torch.from_numpy(sets[classes]),
        torch.from_numpy(modified),
        torch.from_numpy(is_tuned),
    )


def label_sets(classes: int, size: int, generator: np.random.Generator) -> Flags:
    """Row c is S_c: c itself and size - 1 others, drawn. (K, K)."""
    found = np.eye(classes, dtype=bool)
    for c in range(classes):
        others = np.delete(np.arange(classes), c)
        found[c, generator.choice(others, size - 1, replace=False)] = True
    return found


def reward_of(labels: Tensor, modified: Tensor, classes: int, wrong_on_modified: float) -> Tensor:
    """+1 for the right label; for others -1, on modified inputs `wrong_on_modified`. (N, K)."""
    wrong = torch.where(modified, wrong_on_modified, -1.0)[:, None].expand(-1, classes)
    return wrong.clone().scatter_(1, labels[:, None], 1.0)


def _labels(
    classes: Ints, tuned: Flags, sets: Flags, settings: TaskSettings, seed: int
) -> tuple[Ints, Flags]:
    """Right labels (N,) and whether they lie outside their sets."""
    generator = stream(seed, "right labels")
    if settings.relabelled_classes:
        chosen = generator.choice(len(sets), settings.relabelled_classes, replace=False)
        new = np.arange(len(sets))
        for c in chosen:
            new[c] = generator.choice(np.flatnonzero(~sets[c]))
        return new[classes], np.isin(classes, chosen)
    modified = np.zeros(len(classes), dtype=bool)
    for part in (tuned, ~tuned):  # the held-out inputs follow the law of the others
        own = np.flatnonzero(part)
        modified[generator.choice(own, round(settings.modified * len(own)), replace=False)] = True
    labels = classes.copy()
    for i in np.flatnonzero(modified):
        labels[i] = generator.choice(np.flatnonzero(~sets[classes[i]]))
    return labels, modified


def _some(table: pd.DataFrame, part: pd.Series[bool], count: int, seed: int, key: str) -> Ints:
    """Index of about `count` rows of a part, the same share of every class."""
    own = table[part]
    if count > len(own):
        raise LemmataError(f"task.{key} = {count}: there are {len(own)} rows")
    share = count / len(own)
    shares = {"train": share, "validation": 0.0, "test": 1.0 - share}
    drawn = assign_splits(own["y"].to_numpy(np.int64), seed, shares)
    return np.asarray(own.index[drawn == "train"], dtype=np.int64)


def _standardised(chosen: pd.DataFrame, tuned: Flags, channels: int) -> Tensor:
    """Pixels (N, D) with mean 0 and standard deviation 1 in each channel of the training rows."""
    pixels = chosen[[name for name in chosen.columns if name.startswith("x_")]]
    images = torch.unflatten(
        torch.from_numpy(pixels.to_numpy(np.float32, copy=True)), 1, (channels, -1)
    )
    known = images[torch.from_numpy(tuned)]
    mean, std = known.mean(dim=(0, 2)), known.std(dim=(0, 2))
    scaled: Tensor = (images - mean[:, None]) / std[:, None]
    return scaled.flatten(1)


def _check(settings: TaskSettings, classes: int) -> None:
    if not 1 <= settings.label_set < classes:
        raise LemmataError(f"task.label_set = {settings.label_set}: must be 1 to {classes - 1}")
    if settings.relabelled_classes > classes:
        found = settings.relabelled_classes
        raise LemmataError(f"task.relabelled_classes = {found}: there are {classes} classes")
    if settings.relabelled_classes and settings.modified:
        raise LemmataError("task.modified: must be 0 where classes are relabelled")
