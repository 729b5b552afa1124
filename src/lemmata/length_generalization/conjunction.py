"""The AND example of arXiv 2310.16028 (v1): a transformer against the min-degree interpolator.

Training strings are 20 bits whose last five are always 1; half of them are all ones. The test is
what the frozen bits do when one of them is 0. Row: BOS bits SEP, the answer read at SEP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from lemmata.errors import LemmataError
from lemmata.length_generalization.tasks.task import Ints
from lemmata.length_generalization.vocabulary import BOS, FIRST, SEP
from lemmata.training.batches import stream, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.decoder import Architecture, Decoder, Positions
from lemmata.training.device import Compute, Device, select
from lemmata.training.loop import Run, train

VOCABULARY = FIRST + 2


@dataclass(frozen=True)
class Settings:
    """bits of a string, the last `frozen` of which are 1 in training; zeros: the others have one 0
    in half of the strings, or any number from 1 on; strings: of each test.
    """

    positions: Positions
    zeros: Literal["one", "many"]
    bits: int
    frozen: int
    layers: int
    heads: int
    width: int
    init_std: float
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    strings: int
    seed: int
    device: Device
    checkpoint_every: int

    def __post_init__(self) -> None:
        """Refuse a string without free bits."""
        if not 0 < self.frozen < self.bits:
            raise LemmataError(f"frozen = {self.frozen}: must be in 1..{self.bits - 1} (bits - 1)")


def train_conjunction(
    settings: Settings,
    *,
    threads: int,
    checkpoints: Checkpoints | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
) -> pd.DataFrame:
    """Train, then test: one row a test with its accuracy.

    test: "free" (as in training), "one frozen zero" (free bits 1, one 0 among the frozen ones),
    "frozen at random" (free bits 1). Columns: positions, zeros, seed, test, n, accuracy.
    """
    compute = select(settings.device, "float32", threads)
    shape = (settings.layers, settings.heads, settings.width)
    architecture = Architecture(
        *shape, settings.positions, table=settings.bits + 2, init_std=settings.init_std
    )
    generator = torch_generator(settings.seed, "weights")
    model = Decoder(VOCABULARY, architecture, generator).to(compute.device)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    run = Run(model, optimizer, checkpoints, segments=[] if segments is None else segments)
    for _ in train(
        run,
        _loss(settings, compute, model),
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
    ):
        pass
    tests = test_sets(settings)
    rows = []
    for name, bits in tests.items():
        right = _answers(model, compute, bits) == bits.all(axis=1)
        rows.append({"test": name, "n": len(bits), "accuracy": float(right.mean())})
    own = {"positions": settings.positions, "zeros": settings.zeros, "seed": settings.seed}
    return pd.DataFrame(rows).assign(**own)


def training_bits(settings: Settings, step: int, rows: int) -> Ints:
    """Strings (rows, bits) of a step: half all ones, half with zeros among the free bits."""
    rng = stream(settings.seed, "conjunction", step)
    free = settings.bits - settings.frozen
    zeros = np.ones(rows, dtype=np.int64)
    if settings.zeros == "many":
        zeros = rng.integers(1, free + 1, rows)
    zeros[: rows // 2] = 0
    rank = rng.random((rows, free)).argsort(axis=1).argsort(axis=1)
    found = np.ones((rows, settings.bits), dtype=np.int64)
    found[:, :free] = rank >= zeros[:, None]
    return found


def test_sets(settings: Settings) -> dict[str, Ints]:
    """Bits (N, bits) of the three tests; every string of the second, N of the others."""
    free = settings.bits - settings.frozen
    one_zero = np.ones((settings.frozen, settings.bits), dtype=np.int64)
    one_zero[np.arange(settings.frozen), free + np.arange(settings.frozen)] = 0
    patterns = np.array(np.meshgrid(*[[0, 1]] * settings.frozen)).reshape(settings.frozen, -1).T
    random = np.ones((len(patterns), settings.bits), dtype=np.int64)
    random[:, free:] = patterns
    return {
        "free": training_bits(settings, 0, settings.strings),
        "one frozen zero": one_zero,
        "frozen at random": random,
    }


def _rows(bits: Ints, compute: Compute) -> Tensor:
    marked = np.pad(FIRST + bits, ((0, 0), (1, 1)), constant_values=((0, 0), (BOS, SEP)))
    return torch.from_numpy(marked).to(compute.device)  # (B, bits + 2)


def _loss(
    settings: Settings, compute: Compute, model: Decoder
) -> Callable[[int], dict[str, Tensor]]:
    def loss(step: int) -> dict[str, Tensor]:
        bits = training_bits(settings, step, settings.batch_size)
        scores = model.scores(model(_rows(bits, compute), last=1)[:, 0])  # (B, V)
        answers = torch.from_numpy(FIRST + bits.all(axis=1)).to(compute.device)
        return {"loss": functional.cross_entropy(scores, answers)}

    return loss


@torch.no_grad()
def _answers(model: Decoder, compute: Compute, bits: Ints) -> Ints:
    scores = model.scores(model(_rows(bits, compute), last=1)[:, 0])
    found: Ints = (scores.argmax(dim=1) - FIRST).cpu().numpy()
    return found
