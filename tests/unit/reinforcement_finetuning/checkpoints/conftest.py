"""Tiny models with random weights and a tokenizer of words, saved by the tests: no network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from lemmata.reinforcement_finetuning.checkpoints.answers import Sampling
from lemmata.reinforcement_finetuning.checkpoints.loading import Checkpoint, load_checkpoint
from lemmata.training.device import Compute, select

WORDS = [*"abcdefgh", "yes", "no", "say", ":"]
SPECIAL = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def tokenizer() -> transformers.PreTrainedTokenizerFast:
    names = [*SPECIAL.values(), *WORDS]
    level = models.WordLevel({name: place for place, name in enumerate(names)}, unk_token="<unk>")  # noqa: S106
    inner = Tokenizer(level)
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **SPECIAL)


def gpt2(vocabulary: int) -> transformers.GPT2LMHeadModel:
    config = transformers.GPT2Config(
        vocab_size=vocabulary, n_positions=24, n_embd=16, n_layer=2, n_head=2,
        bos_token_id=1, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config)


def t5(vocabulary: int) -> transformers.T5ForConditionalGeneration:
    config = transformers.T5Config(
        vocab_size=vocabulary, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config)


KINDS = {"gpt2": gpt2, "t5": t5}
SAMPLING = Sampling(answer=3, shortest=0, top_k=0, temperature=1.0, batch_size=16, seed=0)


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Function: gpt2 or t5 -> the folder of a tiny one."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            torch.manual_seed(0)
            names = tokenizer()
            KINDS[kind](len(names)).save_pretrained(made[kind])
            names.save_pretrained(made[kind])
        return made[kind]

    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight prompts of one or several words, each with its reference."""
    path = tmp_path / "data.jsonl"
    rows = [
        {"prompt": f"say : {' '.join('abcdefgh'[: 1 + k % 3])}", "reference": ["yes", "no"][k % 2]}
        for k in range(8)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


@pytest.fixture
def compute() -> Compute:
    return select("cpu", "float32", 1)


@pytest.fixture(params=sorted(KINDS))
def checkpoint(
    request: pytest.FixtureRequest, folder_of: Callable[[str], Path], compute: Compute
) -> Checkpoint:
    """A tiny model of each kind, loaded anew."""
    return load_checkpoint(folder_of(request.param), compute)
