"""What PPO's clipping and GRPO's normalisation do to an expected gradient that vanishes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lemmata.reinforcement_finetuning.exact import gradients, surrogates
from lemmata.reinforcement_finetuning.exact.bounds import sharper_bound
from lemmata.reinforcement_finetuning.exact.enumeration import (
    output_log_probabilities,
    prefix_count,
)
from lemmata.reinforcement_finetuning.exact.rewards import uniform
from lemmata.reinforcement_finetuning.objectives import GROUP_FLOOR
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval
from lemmata.training.batches import torch_generator

SHAPES: Final = ((2, 1), (10, 1), (3, 3))
"""(tokens, length) of the random policies on which PPO's bound is held."""
SMALL_STD: Final = 1e-3
FEW: Final = 4
"""Tokens, and outputs in a group, where all groups are enumerated."""
FEW_LOGITS: Final = (0.5, 0.0, -0.3, -1.0)
FEW_REWARDS: Final = (-0.4, 1.0, 0.2, -1.0)


def study(
    tokens: int,
    smallest: float,
    points: int,
    groups: Sequence[int],
    clip: float,
    policies: int,
    seed: int,
) -> Study:
    """Table: case, method, x (the probability or the size), std, gradient_norm at the logits.

    Case rare: one of `tokens` outputs is right, with a probability from `smallest` to 1/2, the
    others share the rest; methods: policy_gradient, grpo_<G>, grpo_population, and ppo_clipped,
    after a step that took the right output's ratio past the clip. Case alike: four outputs of a
    fixed policy whose rewards are fixed ones times a size from sqrt(smallest) / 10 to 1. policies:
    random ones of each shape, for PPO.
    """
    probabilities = [float(p) for p in np.geomspace(smallest, 0.5, points)]
    rows = [row for p in probabilities for row in _rare(p, tokens, groups, clip)]
    sizes = np.geomspace(np.sqrt(smallest) / 10, 1.0, points)
    rows += [row for size in sizes for row in _alike(float(size))]
    table = pd.DataFrame(rows)
    evidence = _slopes(table, groups) | _limits(smallest, groups)
    evidence["max_ppo_ratio"] = _ppo_ratio(policies, clip, seed)
    return Study(table, evidence_table(evidence))


def _rare(p: float, tokens: int, groups: Sequence[int], clip: float) -> Iterator[dict[str, Any]]:
    logits, reward = _one_right(p, tokens)
    found = gradients.tabular(logits, reward, 1)
    std, plain = float(found.std), float(found.gradient_norm)
    factors = {"policy_gradient": 1.0}
    factors |= {f"grpo_{g}": float(surrogates.group_factor(p, g, GROUP_FLOOR)) for g in groups}
    factors["grpo_population"] = float(surrogates.population_factor(p, GROUP_FLOOR))
    for method, factor in factors.items():
        yield _row("rare", method, p, std, factor * plain)
    before, _ = _one_right(p / (1.0 + 2.0 * clip), tokens)
    clipped = surrogates.ppo_gradient(logits, before, reward, 1, clip)
    yield _row("rare", "ppo_clipped", p, std, float(clipped.norm()))


def _one_right(p: float, tokens: int) -> tuple[Tensor, Tensor]:
    """Logits (1, 1, K) and rewards (1, K)."""
    shares = torch.full((1, 1, tokens), (1.0 - p) / (tokens - 1), dtype=torch.float64)
    shares[..., 0] = p
    reward = torch.full((1, tokens), -1.0, dtype=torch.float64)
    reward[:, 0] = 1.0
    return shares.log(), reward


def _alike(size: float) -> Iterator[dict[str, Any]]:
    logits = torch.tensor(FEW_LOGITS, dtype=torch.float64)
    reward = size * torch.tensor(FEW_REWARDS, dtype=torch.float64)
    found = gradients.tabular(logits[None, None], reward[None], 1)
    std, plain = float(found.std), float(found.gradient_norm)
    group = surrogates.group_gradient(logits, reward, FEW, GROUP_FLOOR)
    yield _row("alike", "policy_gradient", size, std, plain)
    yield _row("alike", f"grpo_{FEW}", size, std, float(group.norm()))
    yield _row("alike", "grpo_population", size, std, plain / (std + GROUP_FLOOR))


def _row(case: str, method: str, x: float, std: float, norm: float) -> dict[str, Any]:
    return {"case": case, "method": method, "x": x, "std": std, "gradient_norm": norm}


def _slopes(table: pd.DataFrame, groups: Sequence[int]) -> dict[str, Interval]:
    """Exponents of the gradient in STD, where a group of a method almost never sees two outputs."""
    found = {}
    for case, method in [
        ("rare", "policy_gradient"),
        *(("rare", f"grpo_{g}") for g in groups),
        ("rare", "ppo_clipped"),
        ("alike", "policy_gradient"),
    ]:
        own = table[(table["case"] == case) & (table["method"] == method)]
        own = own[own["std"] < SMALL_STD]
        slope = slope_interval(np.log(own["std"]), np.log(own["gradient_norm"]))
        found[f"slope_{case}_{method}"] = slope
    # A population's normalisation acts only where STD is above the floor.
    for case, method in (("rare", "grpo_population"), ("alike", f"grpo_{FEW}")):
        own = table[(table["case"] == case) & (table["method"] == method)]
        own = own[(own["std"] > 100 * GROUP_FLOOR) & (own["std"] < 0.3)]
        slope = slope_interval(np.log(own["std"]), np.log(own["gradient_norm"]))
        found[f"slope_{case}_{method}"] = slope
    return found


def _limits(p: float, groups: Sequence[int]) -> dict[str, Interval]:
    """How far GRPO's gain at the least probability is from sqrt(G - 1) / 2."""
    gaps = [
        abs(float(surrogates.group_factor(p, g, 0.0)) / surrogates.group_factor_limit(g) - 1.0)
        for g in groups
    ]
    return {"largest_gap_of_group_factor": exact(max(gaps), len(gaps))}


def _ppo_ratio(count: int, clip: float, seed: int) -> Interval:
    """Largest ratio of PPO's gradient to sqrt(L / 2) sqrt(Var r + (V - V_old)^2), gamma = 1."""
    generator, worst = torch_generator(seed, "ppo"), 0.0
    for tokens, length in SHAPES:
        size = (count, prefix_count(tokens, length), tokens)
        old, move = torch.randn((2, *size), dtype=torch.float64, generator=generator)
        scale = 10.0 ** (3.0 * torch.rand(count, 1, 1, dtype=torch.float64, generator=generator))
        old, logits = scale * old / 10.0, scale * old / 10.0 + move
        reward = uniform(output_log_probabilities(old, length), generator)
        norm = surrogates.ppo_gradient(logits, old, reward, length, clip).flatten(1).norm(dim=1)
        spread = surrogates.ppo_spread(logits, old, reward, length)
        bound = sharper_bound(spread, torch.ones_like(spread), length)
        worst = max(worst, float((norm / bound).max()))
    return exact(worst, count * len(SHAPES))
