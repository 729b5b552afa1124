"""Finetuning of a pretrained decoder: supervised, REINFORCE, PPO and GRPO, in stages.

An update of REINFORCE has samples of its own; PPO and GRPO make several updates from one batch of
samples. What they sampled is part of the policy's state, so a run that was stopped between two of
them resumes to the same bytes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.language import measures
from lemmata.reinforcement_finetuning.language.questions import Questions
from lemmata.reinforcement_finetuning.language.sampling import (
    log_probabilities,
    of_tokens,
    sample,
)
from lemmata.reinforcement_finetuning.objectives import (
    check_reward,
    entropy,
    group_advantage,
    leave_one_out_advantage,
    ppo_loss,
    reinforce_loss,
)
from lemmata.training.batches import batch_indices, stream, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.decoder import Decoder
from lemmata.training.device import Compute, Device, Precision, select
from lemmata.training.loop import Run, train

Method = Literal["sft", "reinforce", "ppo", "grpo"]


@dataclass(frozen=True)
class Stage:
    """One stretch of finetuning.

    steps: updates; prompts: of an update; share: of the questions that it may use, the first of a
    random order, so that smaller shares are parts of larger ones; low_share: of an update's prompts
    that had a low STD before finetuning, null for as they come. Of RFT alone, samples: answers to
    a prompt; temperature: of the policy that is sampled and improved (it is judged at 1); entropy:
    coefficient of the bonus, nats a token; shaped: reward by the share of right tokens instead of
    all or nothing; updates: from one batch of samples (PPO, GRPO), whose ratios are clipped at
    1 -+ clip. log_every: steps between measures of all questions, which the history keeps.
    """

    method: Method
    steps: int
    prompts: int
    share: float
    low_share: float | None
    learning_rate: float
    samples: int
    temperature: float
    entropy: float
    shaped: bool
    updates: int
    clip: float
    log_every: int

    def __post_init__(self) -> None:
        """Refuse reuse of samples where the method has no ratio to correct it."""
        if self.updates > 1 and self.method in ("sft", "reinforce"):
            raise LemmataError(f"updates = {self.updates}: {self.method} makes one")


@dataclass(frozen=True)
class Settings:
    """How all stages of all runs are computed. checkpoint_every: steps between checkpoints."""

    seed: int
    device: Device
    precision: Precision
    checkpoint_every: int


class Policy(nn.Module):
    """A decoder and the samples that the updates under way learn from: answers, old log p, A."""

    def __init__(self, model: Decoder, prompts: int, samples: int, length: int) -> None:
        super().__init__()
        self.model = model
        shape = (prompts, samples, length)
        self.register_buffer("answers", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("old_log_prob", torch.zeros(shape))
        self.register_buffer("advantage", torch.zeros(shape[:2]))

    def keep(self, answers: Tensor, old_log_prob: Tensor, advantage: Tensor) -> None:
        """What was sampled, in place of what was sampled before."""
        self.get_buffer("answers").copy_(answers)
        self.get_buffer("old_log_prob").copy_(old_log_prob)
        self.get_buffer("advantage").copy_(advantage)


def rewards(answers: Tensor, targets: Tensor, shaped: bool = False) -> Tensor:
    """+1 for answers (N, G, L) that are the targets (N, L), else -1: (N, G), float32.

    shaped: 2 (share of right tokens) - 1.
    """
    right = answers == targets[:, None]  # (N, G, L)
    value = right.float().mean(dim=-1) if shaped else right.all(dim=-1).float()
    return 2.0 * value - 1.0


def advantages(method: Method, reward: Tensor) -> Tensor:
    """Of rewards (N, G): what each method makes of them.

    REINFORCE: less the mean of the prompt's other answers. PPO: the same in units of the batch's
    standard deviation, as implementations of PPO normalise; no value network, whose place the
    prompt's other answers take. GRPO: in units of the prompt's own standard deviation.
    """
    if method == "grpo":
        return group_advantage(reward)
    found = leave_one_out_advantage(reward)
    return found / (found.std(correction=0) + 1e-8) if method == "ppo" else found


def finetune(
    model: Decoder,
    questions: Questions,
    low: NDArray[np.bool_],
    stages: Sequence[Stage],
    settings: Settings,
    *,
    threads: int,
    before: NDArray[np.float64] | None = None,
    folder: Path | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    gpus: int = 0,
) -> tuple[Decoder, pd.DataFrame]:
    """A finetuned copy of the model, and its history: stage, step and what `measured` says.

    low (N,): whether a question had a low STD before finetuning. before (N,): `target_probability`
    of the model where it is known. folder: of the checkpoints, one folder a stage. Raises
    LemmataError as `train` and `select` do.
    """
    compute = select(settings.device, settings.precision, threads, gpus)
    model = copy.deepcopy(model).to(compute.device)
    if before is None:
        before = measures.target_probability(model, questions, compute)
    at_first = measures.means(before, questions, low)
    history: list[dict[str, Any]] = []
    for number, stage in enumerate(stages):
        found = _run_stage(
            model,
            questions,
            low,
            stage,
            settings,
            compute,
            None if folder is None else Checkpoints(folder / f"stage{number}"),
            [] if segments is None else segments,
            stop_after_s,
        )
        rows = [{"step": 0, **row} for row in at_first] + found
        history += [{"stage": number, **row} for row in rows]
        last = [row for row in found if row["step"] == stage.steps]
        at_first = [{key: row[key] for key in row if key != "step"} for row in last]
    return model, pd.DataFrame(history)


def _run_stage(
    model: Decoder,
    questions: Questions,
    low: NDArray[np.bool_],
    stage: Stage,
    settings: Settings,
    compute: Compute,
    checkpoints: Checkpoints | None,
    segments: list[dict[str, Any]],
    stop_after_s: float | None,
) -> list[dict[str, Any]]:
    """Finetune in place; step and what `measured` says every so many steps and after the last."""
    samples = 1 if stage.method == "sft" else stage.samples
    policy = Policy(model, stage.prompts, samples, questions.targets.shape[1]).to(compute.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=stage.learning_rate, fused=True)
    run = Run(policy, optimizer, checkpoints, segments=segments)
    steps = train(
        run,
        stage_loss(policy, questions, low, stage, settings, compute),
        steps=stage.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        stop_after_s=stop_after_s,
    )
    for step, _ in steps:
        if step % stage.log_every == 0 or step == stage.steps:
            found = measures.measured(model, questions, low, compute)
            run.history += [{"step": step, **row} for row in found]
    return run.history


def question_pools(
    low: NDArray[np.bool_], stage: Stage, seed: int
) -> list[tuple[NDArray[np.int64], int]]:
    """Questions (places among all of them) that a stage draws from, and how many an update has.

    Raises LemmataError where a part that is asked for has no question.
    """
    order = stream(seed, "share").permutation(len(low))
    allowed = order[: max(1, round(stage.share * len(low)))]
    if stage.low_share is None:
        return [(allowed, stage.prompts)]
    first = round(stage.low_share * stage.prompts)
    parts = [(allowed[low[allowed]], first), (allowed[~low[allowed]], stage.prompts - first)]
    parts = [(pool, count) for pool, count in parts if count]
    if not all(len(pool) for pool, _ in parts):
        raise LemmataError(f"low_share = {stage.low_share}: no question of one of the two kinds")
    return parts


def stage_loss(
    policy: Policy,
    questions: Questions,
    low: NDArray[np.bool_],
    stage: Stage,
    settings: Settings,
    compute: Compute,
) -> Callable[[int], dict[str, Tensor]]:
    """step -> the loss of a stage's update."""
    prompts = torch.from_numpy(questions.prompts).to(compute.device)
    targets = torch.from_numpy(questions.targets).to(compute.device)
    pools = question_pools(low, stage, settings.seed)

    def batch(iteration: int) -> Tensor:
        parts = [
            pool[batch_indices(settings.seed, iteration, len(pool), count)] for pool, count in pools
        ]
        return torch.from_numpy(np.concatenate(parts)).to(compute.device)

    def supervised(step: int) -> dict[str, Tensor]:
        at = batch(step)
        answers = targets[at][:, None]  # (N, 1, L)
        with compute.autocast():
            log_p = log_probabilities(policy.model, prompts[at], answers)
        return {"loss": -of_tokens(log_p, answers).mean()}

    def reinforced(step: int) -> dict[str, Tensor]:
        iteration, update = divmod(step - 1, stage.updates)
        at = batch(iteration + 1)
        if update == 0:
            log_p = _draw(policy, prompts[at], targets[at], stage, settings.seed, step, compute)
        else:
            with compute.autocast():
                log_p = log_probabilities(
                    policy.model, prompts[at], policy.get_buffer("answers"), stage.temperature
                )
        return {"loss": _surrogate(policy, log_p, stage)}

    return supervised if stage.method == "sft" else reinforced


def _draw(
    policy: Policy,
    prompts: Tensor,
    targets: Tensor,
    stage: Stage,
    seed: int,
    step: int,
    compute: Compute,
) -> Tensor:
    """Sample answers, keep them with their advantages; their log_p (N, G, L, V), see `sample`."""
    generator = torch_generator(seed, "answers", step)
    with compute.autocast():
        drawn = sample(
            policy.model, prompts, stage.samples, targets.shape[1], generator, stage.temperature
        )
    reward = check_reward(rewards(drawn.tokens, targets, stage.shaped))
    old_log_prob = of_tokens(drawn.log_p.detach(), drawn.tokens)
    policy.keep(drawn.tokens, old_log_prob, advantages(stage.method, reward))
    return drawn.log_p


def _surrogate(policy: Policy, log_p: Tensor, stage: Stage) -> Tensor:
    """The loss from log probabilities (N, G, L, V) of all tokens, and what was kept."""
    said = of_tokens(log_p, policy.get_buffer("answers"))  # (N, G, L)
    advantage = policy.get_buffer("advantage")  # (N, G)
    if stage.method == "reinforce":
        loss = reinforce_loss(said.sum(dim=-1).flatten(), advantage.flatten())
    else:  # a ratio a token
        spread = advantage[..., None].expand_as(said).flatten()
        old = policy.get_buffer("old_log_prob").flatten()
        loss = ppo_loss(said.flatten(), old, spread, stage.clip)
    if stage.entropy:
        loss = loss - stage.entropy * entropy(log_p).mean()
    return loss
