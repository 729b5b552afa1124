"""A causal or sequence-to-sequence model and its tokenizer, from a folder and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.training.device import Compute


@dataclass
class Checkpoint:
    """model and tokenizer of the transformers library; seq2seq: whether it has an encoder."""

    model: Any
    tokenizer: Any
    seq2seq: bool


def load_checkpoint(folder: str | PathLike[str], compute: Compute) -> Checkpoint:
    """The checkpoint of a folder, on its device, without dropout.

    Only safetensors are read. Raises LemmataError naming the folder when it holds no model or no
    tokenizer, or when the two do not belong together.
    """
    try:
        import transformers
    except ImportError as error:
        raise LemmataError("reward-std needs transformers: pip install '.[llm]'") from error
    if not (Path(folder) / "config.json").is_file():
        raise LemmataError(f"{folder}: no folder of a model (it has no config.json)")
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        seq2seq = bool(config.is_encoder_decoder)
        kind = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
        model: Any = kind.from_pretrained(folder, use_safetensors=True, local_files_only=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise LemmataError(f"{folder}: cannot be loaded ({lines[0]})") from error
    check_match(str(folder), model, tokenizer)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not seq2seq:
        tokenizer.padding_side = "left"  # so that every answer begins at the same place
    return Checkpoint(model.to(compute.device).eval(), tokenizer, seq2seq)


def check_match(folder: str, model: Any, tokenizer: Any) -> None:
    """Raise LemmataError when a tokenizer's tokens are not those of the model."""
    tokens, rows = len(tokenizer), int(model.get_input_embeddings().num_embeddings)
    if tokens > rows:
        raise LemmataError(
            f"{folder}: the tokenizer does not match the model: {tokens} tokens, {rows} embeddings"
        )
    if tokenizer.eos_token_id is None:
        raise LemmataError(f"{folder}: the tokenizer has no token for the end of a text")
    ends = model.config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    if ends != [None] and tokenizer.eos_token_id not in ends:
        raise LemmataError(
            f"{folder}: the tokenizer does not match the model: a text ends with token"
            f" {tokenizer.eos_token_id}, the model's with {ends[0]}"
        )
