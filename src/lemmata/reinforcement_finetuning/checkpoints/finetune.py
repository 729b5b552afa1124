"""SFT and RFT of a checkpoint, on one GPU or CPU, resumable.

RFT is PPO's clipped objective on the tokens of sampled answers. An answer's advantage is its reward
less the mean of its prompt's other answers, in units of the batch's standard deviation: no value
network. A divergence from the model before this stage, KL coefficient times log p / p_before of the
whole answer, is taken off the reward.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lemmata.reinforcement_finetuning.checkpoints.answers import (
    Sampling,
    encoded,
    rewards_of,
    sample_answers,
    token_log_prob,
)
from lemmata.reinforcement_finetuning.checkpoints.loading import Checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import Prompt
from lemmata.reinforcement_finetuning.checkpoints.rewards import Reward
from lemmata.reinforcement_finetuning.objectives import leave_one_out_advantage, ppo_loss
from lemmata.training.batches import batch_indices, torch_seed
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Compute
from lemmata.training.loop import Run, train
from lemmata.training.progress import progress

IGNORED = -100  # the label of what is not learned, as transformers has it


@dataclass(frozen=True)
class Supervised:
    """Settings of SFT on the first reference of each prompt (AdamW, constant rate)."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class Reinforced:
    """Settings of RFT: batches of `prompts` times `samples` answers, `updates` of each (Adam)."""

    updates: int
    batches: int
    prompts: int
    samples: int
    learning_rate: float
    clip: float
    kl: float


class Policy(nn.Module):
    """A model and the answers that the updates under way learn from."""

    def __init__(self, model: nn.Module, answers: int, length: int) -> None:
        super().__init__()
        self.model = model
        shape = (answers, length)
        self.register_buffer("tokens", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("mask", torch.zeros(shape, dtype=torch.bool))
        self.register_buffer("old_log_prob", torch.zeros(shape))
        self.register_buffer("advantage", torch.zeros(answers))

    def keep(self, **drawn: Tensor) -> None:
        """Buffers by name, in place of what was sampled before."""
        for name, value in drawn.items():
            self.get_buffer(name).copy_(value)


def supervise(
    checkpoint: Checkpoint,
    prompts: Sequence[Prompt],
    settings: Supervised,
    compute: Compute,
    seed: int,
    checkpoints: Checkpoints | None = None,
    label: str | None = None,
) -> None:
    """SFT of the checkpoint's model, in place."""
    model = checkpoint.model
    steps = settings.epochs * -(-len(prompts) // settings.batch_size)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )

    def loss(step: int) -> dict[str, Tensor]:
        places = batch_indices(seed, step, len(prompts), settings.batch_size)
        own = [prompts[place] for place in places]
        with compute.autocast():
            return {"loss": model(**supervised_inputs(checkpoint, own)).loss}

    _run(Run(model, optimizer, checkpoints), loss, steps, seed, label)


def supervised_inputs(checkpoint: Checkpoint, prompts: Sequence[Prompt]) -> dict[str, Tensor]:
    """Arguments of the model for prompts and first references; answer and end are learned."""
    tokenizer = checkpoint.tokenizer
    wanted = [prompt.references[0] + tokenizer.eos_token for prompt in prompts]
    answers = tokenizer(wanted, add_special_tokens=False)["input_ids"]
    longest = max(map(len, answers))
    device = checkpoint.model.device

    def padded(value: int, filler: list[list[int]]) -> Tensor:
        rows = [row + [value] * (longest - len(row)) for row in filler]
        return torch.tensor(rows, dtype=torch.int64, device=device)

    labels = padded(IGNORED, answers)
    inputs = encoded(checkpoint, [prompt.text for prompt in prompts])
    if checkpoint.seq2seq:
        return {**inputs, "labels": labels}
    ids = torch.cat([inputs["input_ids"], padded(tokenizer.pad_token_id, answers)], dim=1)
    mask = torch.cat([inputs["attention_mask"], (labels != IGNORED).long()], dim=1)
    unlearned = torch.full_like(inputs["input_ids"], IGNORED)
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": places,
        "labels": torch.cat([unlearned, labels], dim=1),
    }


def reinforce(
    checkpoint: Checkpoint,
    prompts: Sequence[Prompt],
    settings: Reinforced,
    sampling: Sampling,
    reward: Reward,
    compute: Compute,
    checkpoints: Checkpoints | None = None,
    label: str | None = None,
) -> None:
    """RFT of the checkpoint's model, in place; raises LemmataError for rewards that are none."""
    answers = settings.prompts * settings.samples
    policy = Policy(checkpoint.model, answers, sampling.answer).to(compute.device)
    before = None
    if settings.kl:
        frozen = copy.deepcopy(checkpoint.model).requires_grad_(requires_grad=False)
        before = Checkpoint(frozen, checkpoint.tokenizer, checkpoint.seq2seq)
    optimizer = torch.optim.Adam(checkpoint.model.parameters(), lr=settings.learning_rate)
    loss = _surrogate(checkpoint, before, policy, prompts, settings, sampling, reward, compute)
    steps = settings.batches * settings.updates
    _run(Run(policy, optimizer, checkpoints), loss, steps, sampling.seed, label)


def _surrogate(
    checkpoint: Checkpoint,
    before: Checkpoint | None,
    policy: Policy,
    prompts: Sequence[Prompt],
    settings: Reinforced,
    sampling: Sampling,
    reward: Reward,
    compute: Compute,
) -> Callable[[int], dict[str, Tensor]]:
    """step -> the clipped loss; the first of a batch's updates samples it."""

    def draw(own: Sequence[Prompt], texts: Sequence[str], step: int) -> None:
        seed = torch_seed(sampling.seed, "finetuning", step)
        drawn = sample_answers(checkpoint, texts, settings.samples, sampling, seed)
        value = rewards_of(checkpoint, own, settings.samples, drawn.tokens, reward)
        old = token_log_prob(checkpoint, texts, settings.samples, drawn.tokens).detach()
        if before is not None:
            known = token_log_prob(before, texts, settings.samples, drawn.tokens)
            moved = ((old - known) * drawn.mask).sum(dim=1).view_as(value).cpu()
            value = value - settings.kl * moved
        a = leave_one_out_advantage(value)
        a = (a / (a.std(correction=0) + 1e-8)).flatten()
        policy.keep(tokens=drawn.tokens, mask=drawn.mask, old_log_prob=old, advantage=a)

    def loss(step: int) -> dict[str, Tensor]:
        batch, update = divmod(step - 1, settings.updates)
        places = batch_indices(sampling.seed, batch + 1, len(prompts), settings.prompts)
        own = [prompts[place] for place in places]
        texts = [prompt.text for prompt in own]
        with compute.autocast():
            if update == 0:
                with torch.no_grad():
                    draw(own, texts, step)
            tokens, mask = policy.get_buffer("tokens"), policy.get_buffer("mask")
            said = token_log_prob(checkpoint, texts, settings.samples, tokens)
        old = policy.get_buffer("old_log_prob")[mask]
        a = policy.get_buffer("advantage")[:, None].expand_as(said)[mask]
        return {"loss": ppo_loss(said[mask], old, a, settings.clip)}

    return loss


def _run(
    run: Run, loss: Callable[[int], dict[str, Tensor]], steps: int, seed: int, label: str | None
) -> None:
    """Train to the end; the model stays without dropout, as it is when it answers."""
    each: Any = train(run, loss, steps=steps, seed=seed, checkpoint_every=max(1, steps // 10))
    for _ in each if label is None else progress(each, steps, label):
        pass
