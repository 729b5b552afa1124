"""The STD of each prompt's reward, estimated by sampling, and what it bounds (section 4 and 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from lemmata.reinforcement_finetuning.checkpoints.answers import Sampling, sampled_rewards
from lemmata.reinforcement_finetuning.checkpoints.loading import Checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import Prompt
from lemmata.reinforcement_finetuning.checkpoints.rewards import Reward
from lemmata.stats import Interval


class Bounds(NamedTuple):
    """Of the norm of an expected gradient in units of gamma, the largest Jacobian norm of logits:
    that of Theorem 1, 6 L STD^(2/3), and a sharper one of ours, sqrt(L) STD.
    """

    theorem: float
    sharper: float


def bounds(std: float, length: int) -> Bounds:
    """For rewards in [-1, 1] and answers of `length` tokens at most."""
    return Bounds(6.0 * length * std ** (2.0 / 3.0), math.sqrt(length) * std)


def estimate(
    checkpoint: Checkpoint,
    prompts: Sequence[Prompt],
    samples: int,
    sampling: Sampling,
    reward: Reward,
) -> pd.DataFrame:
    """row, mean, std, least, most, theorem, sharper: of each prompt's rewards.

    std: from the unbiased variance over `samples` answers. Of n samples none shows an outcome of
    probability p with probability (1 - p)^n: a std of 0 says that p is small, not that it is 0.
    """
    found = sampled_rewards(checkpoint, prompts, samples, sampling, reward)
    rewards = torch.cat(list(found)).double().numpy()  # (N, samples)
    std = rewards.std(axis=1, ddof=1)
    limits = [bounds(float(value), sampling.answer) for value in std]
    return pd.DataFrame(
        {
            "row": [prompt.row for prompt in prompts],
            "mean": rewards.mean(axis=1),
            "std": std,
            "least": rewards.min(axis=1),
            "most": rewards.max(axis=1),
            "theorem": [limit.theorem for limit in limits],
            "sharper": [limit.sharper for limit in limits],
        }
    )


def vanishing_share(table: pd.DataFrame, bound: str, threshold: float) -> Interval:
    """Share of the prompts whose bound, a column, is at most the threshold (Wilson)."""
    count = int((table[bound] <= threshold).sum())
    found = stats.binomtest(count, len(table)).proportion_ci(method="wilson")
    return Interval(count / len(table), float(found.low), float(found.high), len(table))


def unseen_probability(p: float, samples: int) -> float:
    """How likely an outcome of probability p is to show in none of the samples."""
    return float(np.power(1.0 - p, samples))
