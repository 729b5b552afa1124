"""Sampling with a KV cache: our decoder against transformers' `generate` on the same GPT-2.

    OMP_NUM_THREADS=1 python benchmarks/generation.py

Same weights, same prompts, same number of new tokens, one thread; the scores of both are compared
first. Tokens a second of CPU time, best of the repeats, the two taking turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
import transformers

from lemmata.reinforcement_finetuning.language.sampling import sample
from lemmata.training.batches import torch_generator
from lemmata.training.decoder import Architecture, Decoder

BLOCK = {  # transformers' name -> ours; its matrices are transposed
    "ln_1": "norm_attention",
    "attn.c_attn": "query_key_value",
    "attn.c_proj": "attention_out",
    "ln_2": "norm_mlp",
    "mlp.c_fc": "mlp_in",
    "mlp.c_proj": "mlp_out",
}


def models(
    vocabulary: int, layers: int, heads: int, width: int, table: int
) -> tuple[Decoder, transformers.GPT2LMHeadModel]:
    """A decoder with random weights, and transformers' GPT-2 with the same ones."""
    architecture = Architecture(layers, heads, width, "ape", table, 0.02)
    ours = Decoder(vocabulary, architecture, torch_generator(0, "weights")).eval()
    config = transformers.GPT2Config(
        vocab_size=vocabulary,
        n_positions=table,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        bos_token_id=0,
        eos_token_id=None,  # every answer has its full length in both
        pad_token_id=0,
    )
    theirs = transformers.GPT2LMHeadModel(config).eval()
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


def seconds(work: Callable[[], torch.Tensor]) -> float:
    """CPU time of some work: other processes on the same cores do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print a line for each number of prompts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=int, default=512)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--prompts", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--samples", type=int, default=4, help="answers to a prompt")
    parser.add_argument("--prompt", type=int, default=32, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=32, help="new tokens")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    table = args.prompt + args.answer
    ours, theirs = models(args.vocabulary, args.layers, args.heads, args.width, table)
    print("prompts  samples  ours (tokens/s)  transformers (tokens/s)  ratio")
    for count in args.prompts:
        asked = torch.randint(
            0, args.vocabulary, (count, args.prompt), generator=torch_generator(0, "prompts")
        )
        with torch.no_grad():
            gap = (ours.scores(ours(asked)) - theirs(asked).logits).abs().max()
        assert float(gap) < 1e-4, f"the models differ by {float(gap)}"

        def own(asked: torch.Tensor = asked) -> torch.Tensor:
            generator = torch_generator(0, "waits")
            return sample(ours, asked, args.samples, args.answer, generator).tokens

        def peer(asked: torch.Tensor = asked) -> torch.Tensor:
            with torch.no_grad():
                return theirs.generate(
                    asked,
                    attention_mask=torch.ones_like(asked),
                    do_sample=True,
                    top_k=0,
                    max_new_tokens=args.answer,
                    num_return_sequences=args.samples,
                )

        assert own().shape == (count, args.samples, args.answer)
        assert peer().shape == (count * args.samples, table)
        times = [(seconds(own), seconds(peer)) for _ in range(args.repeats)]
        new = count * args.samples * args.answer
        a, b = (new / min(column) for column in zip(*times, strict=True))
        print(f"{count:7d}  {args.samples:7d}  {a:15,.0f}  {b:23,.0f}  {a / b:5.2f}")


if __name__ == "__main__":
    main()
