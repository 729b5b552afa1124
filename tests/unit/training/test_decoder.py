"""The decoder against the GPT-2 of transformers with the same weights; rows of a cache."""

from __future__ import annotations

import pytest
import torch
import transformers

from lemmata.training.batches import torch_generator
from lemmata.training.decoder import Architecture, Cache, Decoder

VOCABULARY, TABLE = 11, 12
BLOCK = {  # their name -> ours; their matrices are transposed
    "ln_1": "norm_attention",
    "attn.c_attn": "query_key_value",
    "attn.c_proj": "attention_out",
    "ln_2": "norm_mlp",
    "mlp.c_fc": "mlp_in",
    "mlp.c_proj": "mlp_out",
}


@torch.no_grad()
def copy_to_gpt2(ours, theirs):
    """Give a GPT-2 of the transformers library the weights of a decoder with learned positions."""
    body = theirs.transformer
    body.wte.weight.copy_(ours.token_embedding.weight)
    body.wpe.weight.copy_(ours.position_embedding.weight)
    for part in ("weight", "bias"):
        getattr(body.ln_f, part).copy_(getattr(ours.norm, part))
    for block, own in zip(body.h, ours.blocks, strict=True):
        for name, called in BLOCK.items():
            layer, known = block.get_submodule(name), own.get_submodule(called)
            matrix = known.weight
            layer.weight.copy_(matrix if matrix.ndim == 1 else matrix.T)
            layer.bias.copy_(known.bias)


def both():
    """A decoder, and a GPT-2 of the transformers library with its weights, float64."""
    architecture = Architecture(2, 2, 16, "ape", TABLE, 0.3)
    ours = Decoder(VOCABULARY, architecture, torch_generator(0, "test")).double()
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=TABLE, n_embd=16, n_layer=2, n_head=2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    theirs = transformers.GPT2LMHeadModel(config).double().eval()
    copy_to_gpt2(ours, theirs)
    return ours, theirs


@torch.no_grad()
def test_scores_are_those_of_gpt2():
    ours, theirs = both()
    row = torch.randint(0, VOCABULARY, (3, 9), generator=torch_generator(1, "tokens"))
    torch.testing.assert_close(ours.scores(ours(row)), theirs(row).logits, rtol=1e-9, atol=1e-10)


@torch.no_grad()
@pytest.mark.parametrize("index", [[0, 1], [1], [0, 0, 1, 0, 1]])
def test_chosen_rows_of_a_cache_go_on_as_they_began(index):
    ours, _ = both()
    row = torch.randint(0, VOCABULARY, (2, 8), generator=torch_generator(1, "tokens"))
    cache = Cache()
    ours(row[:, :5], cache=cache)
    many = ours(row[index, 5:], cache=cache.rows(torch.tensor(index)))
    expected = ours(row)[index, 5:]
    torch.testing.assert_close(many, expected, rtol=1e-10, atol=1e-12)
    assert cache.length == 5  # its own rows are left as they were


@torch.no_grad()
@pytest.mark.parametrize("last", [1, 4, 8])
@pytest.mark.parametrize("held", [0, 3])
def test_states_of_the_last_tokens_are_those_among_all(last, held):
    ours, _ = both()
    row = torch.randint(0, VOCABULARY, (2, held + 8), generator=torch_generator(1, "tokens"))
    cache = Cache()
    if held:
        ours(row[:, :held], cache=cache)
    found = ours(row[:, held:], cache=cache, last=last)
    torch.testing.assert_close(found, ours(row)[:, -last:], rtol=1e-10, atol=1e-12)
    assert cache.length == held + 8
