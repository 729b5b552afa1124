"""The GPT-2 of transformers, which two benchmarks have as a peer."""

from __future__ import annotations

from typing import Any

from torch import nn


def gpt2(
    vocabulary: int, table: int, layers: int, heads: int, width: int, **more: Any
) -> nn.Module:
    """A fresh model with `table` positions; token 0 begins and fills rows. more: of its config."""
    import transformers  # optional, so only where it is asked for

    transformers.logging.set_verbosity_error()
    config = transformers.GPT2Config(
        vocab_size=vocabulary,
        n_positions=table,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        bos_token_id=0,
        **more,
    )
    return transformers.GPT2LMHeadModel(config)
