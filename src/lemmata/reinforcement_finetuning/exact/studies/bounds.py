"""Both bounds over random policies and rewards, and along the training of a transformer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lemmata.reinforcement_finetuning.exact import gradients, policies
from lemmata.reinforcement_finetuning.exact.bounds import sharper_bound, theorem_bound
from lemmata.reinforcement_finetuning.exact.enumeration import (
    output_log_probabilities,
    prefix_count,
)
from lemmata.reinforcement_finetuning.exact.finetuned_transformer import (
    LENGTH,
    TOKENS,
    checkpoints,
)
from lemmata.reinforcement_finetuning.exact.gradients import Exact
from lemmata.reinforcement_finetuning.exact.rewards import FAMILIES
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval
from lemmata.training.batches import torch_generator

SHAPES = ((2, 5), (3, 4), (4, 3), (2, 2))
"""(tokens, length) of tabular policies that write several tokens."""
SMALL_STD = 0.1
FLAT, STEEP = -1.0, 1.5
"""Powers of ten between which logits of random policies are scaled."""


def study(counts: Mapping[str, int], seeds: Sequence[int], training_steps: int, seed: int) -> Study:
    """Table: policy, checkpoint, reward, tokens, length, value, std, gradient_norm, gamma, and the
    gradient's ratio to either bound, theorem_ratio and sharper_ratio.

    counts: random policies of each kind for each of their sizes and each family of rewards: keys
    tabular, sequence, linear, mlp, transformer. seeds: of the transformer that is trained.
    """
    generator = torch_generator(seed, "bounds")
    frames = [
        *_tabular(counts["tabular"], [(k, 1) for k in (*policies.TOKENS, 200)], generator),
        *_tabular(counts["sequence"], SHAPES, generator),
        *_networks(counts, generator),
        *(frame for own in seeds for frame in _trained(own, training_steps)),
    ]
    table = pd.concat(frames, ignore_index=True)
    return Study(table, evidence_table(_evidence(table)))


def _scales(count: int, generator: torch.Generator) -> Tensor:
    """Log-uniform, so that policies lie between nearly uniform and nearly deterministic."""
    u = torch.rand(count, dtype=torch.float64, generator=generator)
    return 10.0 ** (FLAT + (STEEP - FLAT) * u)


def _tabular(
    count: int, shapes: Sequence[tuple[int, int]], generator: torch.Generator
) -> Iterator[pd.DataFrame]:
    for tokens, length in shapes:
        size = (count, prefix_count(tokens, length), tokens)
        for name, family in FAMILIES.items():
            logits = torch.randn(size, dtype=torch.float64, generator=generator)
            logits *= _scales(count, generator)[:, None, None]
            reward = family(output_log_probabilities(logits, length), generator)
            found = gradients.tabular(logits, reward, length)
            policy = "tabular" if length == 1 else "tabular sequence"
            yield _frame(found, policy, "random", name, tokens, length)


def _networks(counts: Mapping[str, int], generator: torch.Generator) -> Iterator[pd.DataFrame]:
    cases = [(name, tokens, 1) for name in policies.ONE_TOKEN for tokens in policies.TOKENS]
    for kind, tokens, length in [*cases, ("transformer", TOKENS, LENGTH)]:
        for name, family in FAMILIES.items():
            count = counts[kind]
            if length == 1:
                model = policies.ONE_TOKEN[kind](tokens)
                size = (count, policies.INPUT)
                inputs = torch.randn(size, dtype=torch.float64, generator=generator)
            else:
                model = policies.transformer(tokens, length)
                inputs = torch.randint(policies.PROMPTS, (count,), generator=generator)
            scales = _scales(count, generator)
            drawn = policies.drawn_parameters(model, scales, generator)
            log_p = gradients.log_probabilities(model, drawn, inputs, length)
            found = gradients.networks(model, drawn, inputs, family(log_p, generator), length)
            yield _frame(found, kind, "random", name, tokens, length)


def _trained(seed: int, steps: int) -> Iterator[pd.DataFrame]:
    prompts = torch.arange(policies.PROMPTS)
    for checkpoint, model, reward in checkpoints(seed, steps):
        found = gradients.network(model, prompts, reward, LENGTH)
        yield _frame(found, "transformer", checkpoint, "one_right", TOKENS, LENGTH)


def _frame(
    found: Exact, policy: str, checkpoint: str, reward: str, tokens: int, length: int
) -> pd.DataFrame:
    theorem = theorem_bound(found.std, found.gamma, length)
    sharper = sharper_bound(found.std, found.gamma, length)
    own = {
        "policy": policy,
        "checkpoint": checkpoint,
        "reward": reward,
        "tokens": tokens,
        "length": length,
    }
    measured = {name: value.numpy() for name, value in found._asdict().items()}
    ratios = {
        "theorem_ratio": _ratio(found.gradient_norm, theorem).numpy(),
        "sharper_ratio": _ratio(found.gradient_norm, sharper).numpy(),
    }
    return pd.DataFrame(own | measured | ratios)


def _ratio(norm: Tensor, bound: Tensor) -> Tensor:
    """0 where both are 0: equal rewards meet their bound."""
    return torch.where(norm == 0.0, 0.0, norm / bound)


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    found = {
        f"max_{name}": exact(float(table[name].max()), len(table))
        for name in ("theorem_ratio", "sharper_ratio")
    }
    trained = table[table["checkpoint"] != "random"]
    found["max_theorem_ratio_in_training"] = exact(trained["theorem_ratio"].max(), len(trained))
    one_token = table[(table["policy"] == "tabular") & (table["std"] < SMALL_STD)]
    own = one_token[one_token["reward"] == "one_right"]
    found["slope_one_right"] = slope_interval(np.log(own["std"]), np.log(own["gradient_norm"]))
    return found
