"""How a decoder answers: whole answers, tokens, and how sure it is."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lemmata.length_generalization.tasks.task import NONE, Ints, Rows, Task
from lemmata.length_generalization.transformer import generate
from lemmata.length_generalization.vocabulary import EOS
from lemmata.training.decoder import Decoder

CHUNK: Final = 512
"""Rows at a time."""


class Answers(NamedTuple):
    """exact: (B,) whether the whole answer with its end is right; token_accuracy: (B,) share of
    right tokens given the right ones before; confidence: (B,) probability that the model gives to
    its own whole answer.
    """

    exact: NDArray[np.bool_]
    token_accuracy: NDArray[np.float64]
    confidence: NDArray[np.float64]


@torch.no_grad()
def answers(model: Decoder, task: Task, questions: Ints) -> Answers:
    """Answers to questions (B, Q) of one length, positions from 0.

    Exact match under teacher forcing is that of greedy decoding: the first error decides both. The
    confidence of a wrong answer is that of the answer which the model gives by itself.
    """
    device = model.device
    rows = task.encode(questions)
    parts = []
    for start in range(0, len(questions), CHUNK):
        part = Rows(*(array[start : start + CHUNK] for array in rows))
        parts.append(_answers(model, task, part, questions.shape[1], device))
    return Answers(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _answers(
    model: Decoder, task: Task, rows: Rows, question: int, device: torch.device
) -> Answers:
    inputs = torch.from_numpy(rows.inputs).to(device)
    targets = torch.from_numpy(rows.targets[:, -rows.asked :]).to(device)  # (B, A)
    here = targets != NONE
    scores = model.scores(model(inputs, last=rows.asked)).double().log_softmax(dim=2)
    best, said = scores.max(dim=2)  # (B, A) of (B, A, classes)
    right = (said == targets) & here
    exact = (right == here).all(dim=1)
    confidence = torch.where(here, best, 0.0).sum(dim=1)  # (B,)
    if not task.labels and not bool(exact.all()):
        wrong = torch.nonzero(~exact)[:, 0]
        steps = rows.targets.shape[1] - question - 1
        _, confidence[wrong] = generate(model, inputs[wrong, : question + 2], steps, EOS)
    share = right.sum(dim=1) / here.sum(dim=1)
    found = (values.cpu().numpy() for values in (exact, share.double(), confidence.exp()))
    return Answers(*found)
