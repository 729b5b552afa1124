"""Sampling with a KV cache: our decoder against transformers' `generate` on the same GPT-2.

    OMP_NUM_THREADS=1 python benchmarks/generation.py

Same weights, same prompts, same number of new tokens, one thread; the scores of both are compared
first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from gpt2 import gpt2
from measure import Report, installed, one_thread, options, versus
from torch import Tensor

from lemmata.reinforcement_finetuning.language.sampling import sample
from lemmata.training.batches import torch_generator
from lemmata.training.decoder import Architecture, Decoder

AGREE = 1e-4
BLOCK = {  # transformers' name -> ours; its matrices are transposed
    "ln_1": "norm_attention",
    "attn.c_attn": "query_key_value",
    "attn.c_proj": "attention_out",
    "ln_2": "norm_mlp",
    "mlp.c_fc": "mlp_in",
    "mlp.c_proj": "mlp_out",
}


def models(vocabulary: int, layers: int, heads: int, width: int, table: int) -> tuple[Decoder, Any]:
    """A decoder with random weights, and transformers' GPT-2 with the same ones."""
    architecture = Architecture(layers, heads, width, "ape", table, 0.02)
    ours = Decoder(vocabulary, architecture, torch_generator(0, "weights")).eval()
    # No end of text: every answer has its full length in both.
    theirs: Any = gpt2(vocabulary, table, layers, heads, width, eos_token_id=None, pad_token_id=0)
    theirs.eval()
    body = theirs.transformer
    with torch.no_grad():
        body.wte.weight.copy_(ours.token_embedding.weight)
        body.wpe.weight.copy_(ours.position_embedding.weight)
        body.ln_f.load_state_dict(ours.norm.state_dict())
        for block, own in zip(body.h, ours.blocks, strict=True):
            for name, called in BLOCK.items():
                layer, known = block.get_submodule(name), own.get_submodule(called)
                weight = known.weight
                layer.weight.copy_(weight if weight.ndim == 1 else weight.T)
                layer.bias.copy_(known.bias)
    return ours, theirs


@torch.no_grad()
def own(model: Decoder, asked: Tensor, samples: int, answer: int) -> Tensor:
    """Answers (B, samples, answer) by this project's sampler."""
    return sample(model, asked, samples, answer, torch_generator(0, "waits")).tokens


@torch.no_grad()
def peers(model: Any, asked: Tensor, samples: int, answer: int) -> Tensor:
    """Prompts and answers (B * samples, P + answer) by `generate`."""
    found: Tensor = model.generate(
        asked,
        attention_mask=torch.ones_like(asked),
        do_sample=True,
        top_k=0,
        max_new_tokens=answer,
        num_return_sequences=samples,
    )
    return found


@torch.no_grad()
def gap(ours: Decoder, theirs: Any, asked: Tensor) -> float:
    """How far the scores of both are apart."""
    return float((ours.scores(ours(asked)) - theirs(asked).logits).abs().max())


def main() -> None:
    """A row for each number of prompts."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--vocabulary", type=int, default=512)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--prompts", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--samples", type=int, default=4, help="answers to a prompt")
    parser.add_argument("--prompt", type=int, default=32, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=32, help="new tokens")
    args = parser.parse_args()
    peer = installed("transformers")
    if peer is None:
        return
    one_thread()
    report = Report(args.rows)
    table = args.prompt + args.answer
    ours, theirs = models(args.vocabulary, args.layers, args.heads, args.width, table)
    few = (args.samples, args.answer)
    for count in [1] if args.quick else args.prompts:
        asked = torch.randint(
            0, args.vocabulary, (count, args.prompt), generator=torch_generator(0, "prompts")
        )
        apart = gap(ours, theirs, asked)
        assert apart < AGREE, f"the models differ by {apart}"
        assert own(ours, asked, *few).shape == (count, *few)
        assert peers(theirs, asked, *few).shape == (count * args.samples, table)
        works = {
            "ours": lambda asked=asked: own(ours, asked, *few),
            f"generate of {peer}": lambda asked=asked: peers(theirs, asked, *few),
        }
        sizes = f"{count} prompts of {args.prompt} tokens, {args.samples} answers of {args.answer}"
        row = versus("generation", sizes, works, args.rounds)
        rates = (count * args.samples * args.answer / s for s in (row.ours or 0, row.peer or 0))
        note = "{:,.0f}, {:,.0f} tokens/s".format(*rates)
        report.add(replace(row, note=f"{note}; scores {apart:.0e} apart"))


if __name__ == "__main__":
    main()
