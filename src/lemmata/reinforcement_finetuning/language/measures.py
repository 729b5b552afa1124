"""What a policy knows of every question, exactly: p of the rewarded answer, V and STD from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lemmata.reinforcement_finetuning.language.questions import Questions
from lemmata.reinforcement_finetuning.language.sampling import answer_log_prob, greedy
from lemmata.training.decoder import Decoder
from lemmata.training.device import Compute

BLOCK = 4096  # questions at a time


def reward_of(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """V = 2 p - 1 where the answer of probability p gets +1 and every other -1."""
    return 2.0 * p - 1.0


def std_of(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """STD = 2 sqrt(p (1 - p)) of that reward."""
    return 2.0 * np.sqrt(p * (1.0 - p))


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


def measured(model: Decoder, questions: Questions, compute: Compute) -> list[dict[str, Any]]:
    """kind, reward, std of each kind of question: means over its questions."""
    p = target_probability(model, questions, compute)
    frame = pd.DataFrame({"kind": questions.kind, "reward": reward_of(p), "std": std_of(p)})
    means = frame.groupby("kind", sort=False)[["reward", "std"]].mean().reset_index()
    rows: list[dict[str, Any]] = means.to_dict("records")
    return rows


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
