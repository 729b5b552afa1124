"""What a policy knows of every question, exactly: p of the rewarded answer, V and STD from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lemmata.reinforcement_finetuning.language.exact_match import reward_of, std_of
from lemmata.reinforcement_finetuning.language.questions import Questions
from lemmata.reinforcement_finetuning.language.sampling import answer_log_prob, greedy
from lemmata.training.decoder import Decoder
from lemmata.training.device import Compute

BLOCK = 4096  # questions at a time


def target_probability(
    model: Decoder, questions: Questions, compute: Compute
) -> NDArray[np.float64]:
    """p (N,) of every question's rewarded answer."""
    found = []
    for begin in range(0, len(questions.prompts), BLOCK):
        rows = slice(begin, begin + BLOCK)
        prompts = torch.from_numpy(questions.prompts[rows]).to(compute.device)
        targets = torch.from_numpy(questions.targets[rows]).to(compute.device)
        with compute.autocast():
            found.append(answer_log_prob(model, prompts, targets))
    p: NDArray[np.float64] = torch.cat(found).exp().clamp(max=1.0).cpu().numpy()
    return p


def measured(
    model: Decoder, questions: Questions, low: NDArray[np.bool_], compute: Compute
) -> list[dict[str, Any]]:
    """`means` of the questions under the model."""
    return means(target_probability(model, questions, compute), questions, low)


def means(
    p: NDArray[np.float64], questions: Questions, low: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """kind, low, n, reward, std: means over the n questions of a kind, those of low STD apart.

    p (N,): `target_probability`.
    """
    frame = pd.DataFrame(
        {"kind": questions.kind, "low": low, "reward": reward_of(p), "std": std_of(p)}
    )
    groups = frame.groupby(["kind", "low"], sort=False)
    found = groups.agg(n=("reward", "size"), reward=("reward", "mean"), std=("std", "mean"))
    rows = found.reset_index().to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def answered(model: Decoder, questions: Questions, compute: Compute) -> pd.DataFrame:
    """row, p_target, y, p: of each question the rewarded answer's probability, whether the greedy
    answer is that one, and the greedy answer's probability as a whole.
    """
    prompts = torch.from_numpy(questions.prompts).to(compute.device)
    with compute.autocast():
        said, log_prob = greedy(model, prompts, questions.targets.shape[1])
    right = (said.cpu().numpy() == questions.targets).all(axis=1)
    return pd.DataFrame(
        {
            "row": np.arange(len(right)),
            "p_target": target_probability(model, questions, compute),
            "y": right.astype(np.int64),
            "p": log_prob.exp().clamp(max=1.0).cpu().numpy(),
        }
    )
