"""Answers that a checkpoint samples, and the probabilities of their tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.reinforcement_finetuning.checkpoints.loading import Checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import Prompt
from lemmata.reinforcement_finetuning.checkpoints.rewards import Reward, checked
from lemmata.training.batches import torch_seed


@dataclass(frozen=True)
class Sampling:
    """answer, shortest: tokens of an answer at most and at least; top_k: likeliest tokens that are
    sampled from, 0 for all; batch_size: answers at a time.
    """

    answer: int
    shortest: int
    top_k: int
    temperature: float
    batch_size: int
    seed: int


class Sampled(NamedTuple):
    """tokens (B, L) int64, padded behind the end; mask (B, L): True up to and with the end."""

    tokens: Tensor
    mask: Tensor


@torch.no_grad()
def sample_answers(
    checkpoint: Checkpoint, prompts: Sequence[str], samples: int, sampling: Sampling, seed: int
) -> Sampled:
    """`samples` answers to each prompt, one prompt's after the other's: B = prompts * samples."""
    torch.manual_seed(seed)  # transformers draws from the global generator
    inputs = encoded(checkpoint, prompts)
    tokenizer = checkpoint.tokenizer
    whole = checkpoint.model.generate(
        **inputs,
        do_sample=True,
        top_k=sampling.top_k,
        top_p=1.0,
        temperature=sampling.temperature,
        max_new_tokens=sampling.answer,
        min_new_tokens=min(sampling.shortest, sampling.answer),
        num_return_sequences=samples,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    # A causal model repeats the prompt, a decoder begins with its own start token.
    tokens = whole[:, 1 if checkpoint.seq2seq else inputs["input_ids"].shape[1] :]
    missing = sampling.answer - tokens.shape[1]
    tokens = torch.nn.functional.pad(tokens, (0, missing), value=tokenizer.pad_token_id)
    ended = (tokens == tokenizer.eos_token_id).long()
    mask = ended.cumsum(dim=1) - ended == 0  # no end before this token
    return Sampled(tokens, mask)


def encoded(checkpoint: Checkpoint, texts: Sequence[str]) -> dict[str, Tensor]:
    """input_ids and attention_mask (B, T) of texts, padded, on the model's device."""
    found = checkpoint.tokenizer(list(texts), return_tensors="pt", padding=True)
    device = checkpoint.model.device
    return {name: found[name].to(device) for name in ("input_ids", "attention_mask")}


def token_log_prob(
    checkpoint: Checkpoint, prompts: Sequence[str], samples: int, tokens: Tensor
) -> Tensor:
    """Log probability (B, L) of each token of answers (B, L) to prompts, B / samples of them."""
    inputs = {
        name: value.repeat_interleave(samples, dim=0)
        for name, value in encoded(checkpoint, prompts).items()
    }
    model = checkpoint.model
    if checkpoint.seq2seq:
        start = torch.full_like(tokens[:, :1], model.config.decoder_start_token_id)
        said = torch.cat([start, tokens[:, :-1]], dim=1)
        scores = model(**inputs, decoder_input_ids=said).logits  # (B, L, V)
    else:
        ids = torch.cat([inputs["input_ids"], tokens], dim=1)[:, :-1]
        present = torch.ones_like(tokens[:, 1:])
        mask = torch.cat([inputs["attention_mask"], present], dim=1)
        # Padding stands on the left: a row's first token is at position 0 all the same.
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)
        scores = model(input_ids=ids, attention_mask=mask, position_ids=places).logits
        scores = scores[:, -tokens.shape[1] :]  # (B, L, V)
    log_p = scores.float().log_softmax(dim=-1)
    said_log_p: Tensor = log_p.gather(-1, tokens[..., None])[..., 0]
    return said_log_p


def rewards_of(
    checkpoint: Checkpoint, prompts: Sequence[Prompt], samples: int, tokens: Tensor, reward: Reward
) -> Tensor:
    """Rewards (N, G) of answers (N * G, L), on the CPU; raises LemmataError as `checked` does."""
    texts = checkpoint.tokenizer.batch_decode(tokens, skip_special_tokens=True)
    asked = [prompt for prompt in prompts for _ in range(samples)]
    values = [
        checked(reward(prompt.text, text, prompt.references), prompt.row)
        for prompt, text in zip(asked, texts, strict=True)
    ]
    return torch.tensor(values, dtype=torch.float32).view(len(prompts), samples)


def sampled_rewards(
    checkpoint: Checkpoint,
    prompts: Sequence[Prompt],
    samples: int,
    sampling: Sampling,
    reward: Reward,
) -> Iterator[Tensor]:
    """Rewards (n, samples) of block after block of the prompts."""
    block = max(1, sampling.batch_size // samples)
    for number, begin in enumerate(range(0, len(prompts), block)):
        own = prompts[begin : begin + block]
        seed = torch_seed(sampling.seed, "answers", number)
        drawn = sample_answers(checkpoint, [p.text for p in own], samples, sampling, seed)
        yield rewards_of(checkpoint, own, samples, drawn.tokens, reward)
