"""A training step against a plain loop over nanoGPT's model and over Hugging Face's GPT-2.

    OMP_NUM_THREADS=1 python benchmarks/length_generalization.py [--steps 200]

The first peer is the model of nanoGPT (github.com/karpathy/nanoGPT) in its shortest form, the
second transformers' `GPT2LMHeadModel` without dropout; both in the shortest loop there is: cross
entropy over all positions with those that ask nothing ignored, no evaluation, no history, no
checkpoints. All three have the same sizes, make the same batches as they go, ours through the
training core, and descend by the same fused AdamW; they take turns, so what else the machine does
hits all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from gpt2 import gpt2
from measure import Report, installed, one_thread, options, row_of, turns
from torch import Tensor, nn
from torch.nn import functional

from lemmata.length_generalization.experiment import (
    BETAS,
    Settings,
    batch_loss,
    new_model,
    schedule,
)
from lemmata.length_generalization.strings import train_batch
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.training.device import select
from lemmata.training.loop import Run, train

SETTINGS = Settings(
    task="unique_copy",
    positions="ape",
    layers=2,
    heads=1,
    width=64,
    init_std=0.05,
    train_length=25,
    batch_size=32,
    parts=1,
    steps=200,
    warmup=100,
    learning_rate=2e-3,
    weight_decay=0.01,
    at_zero=0.25,
    penalty=0.0,
    reach=2,
    strings=1,
    seed=0,
    device="cpu",
    precision="float32",
    log_every=100,
    checkpoint_every=10**9,
)


class Attention(nn.Module):
    """Causal self-attention as in nanoGPT."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        b, t, c = x.size()
        q, k, v = self.c_attn(x).split(c, dim=2)
        q, k, v = (z.view(b, t, self.heads, c // self.heads).transpose(1, 2) for z in (q, k, v))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        projected: Tensor = self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))
        return projected


class Block(nn.Module):
    """A block as in nanoGPT."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        x = x + self.attn(self.ln_1(x))
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class GPT(nn.Module):
    """nanoGPT's model, tied embeddings, no dropout."""

    def __init__(self, vocabulary: int, table: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(table, width)
        self.h = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, idx: Tensor) -> Tensor:  # noqa: D102
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        logits: Tensor = self.lm_head(self.ln_f(self.h(x)))
        return logits


def hugging_face(vocabulary: int, table: int, width: int, layers: int, heads: int) -> nn.Module:
    """GPT-2 of transformers, scores its only output."""
    plain = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "use_cache": False}
    return Scores(gpt2(vocabulary, table, layers, heads, width, eos_token_id=0, **plain))


class Scores(nn.Module):
    """A model of transformers whose output is its scores alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, idx: Tensor) -> Tensor:  # noqa: D102
        logits: Tensor = self.model(idx).logits
        return logits


def adamw(model: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """The optimizer of all three."""
    return torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=BETAS,
        weight_decay=settings.weight_decay,
        fused=True,
    )


def plain_loop(model: nn.Module, settings: Settings) -> None:
    """A loop with nothing but the steps, and torch as it comes."""
    torch.use_deterministic_algorithms(mode=False)
    optimizer, task = adamw(model, settings), TASKS[settings.task]
    length, size = settings.train_length, settings.batch_size
    for step in range(1, settings.steps + 1):
        (rows,) = train_batch(task, 0, step, length, settings.reach, size, 1)
        logits = model(torch.from_numpy(rows.inputs))
        targets = torch.from_numpy(rows.targets).reshape(-1)
        loss = functional.cross_entropy(logits.flatten(0, 1), targets, ignore_index=-1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def own_loop(settings: Settings) -> None:
    """The training core with our decoder, its history kept, no test at the end."""
    compute = select(settings.device, settings.precision, 1)
    model = new_model(settings).to(compute.device)
    run, task = Run(model, adamw(model, settings)), TASKS[settings.task]
    loss = batch_loss(settings, task, compute, model)
    for step, metrics in train(
        run,
        loss,
        steps=settings.steps,
        seed=settings.seed,
        checkpoint_every=settings.checkpoint_every,
        schedule=schedule(settings),
    ):
        if step % settings.log_every == 0:
            run.history.append({"step": step, "loss": float(metrics["loss"])})


def shape(settings: Settings) -> tuple[int, int, int, int, int]:
    """Vocabulary, rows of positions, width, layers, heads."""
    vocabulary = TASKS[settings.task].vocabulary(settings.reach * settings.train_length)
    table = new_model(settings).architecture.table
    return vocabulary, table, settings.width, settings.layers, settings.heads


def peers() -> dict[str, Callable[[int, int, int, int, int], nn.Module]]:
    """Name -> its model of a shape; the optional one where it is installed."""
    found: dict[str, Callable[[int, int, int, int, int], nn.Module]] = {"nanoGPT-style loop": GPT}
    if name := installed("transformers"):
        found[f"GPT-2 of {name}"] = hugging_face
    return found


def main() -> None:
    """Measure, and one row a peer."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--steps", type=int, default=SETTINGS.steps)
    args = parser.parse_args()
    one_thread()
    report = Report(args.rows)
    settings = replace(SETTINGS, steps=2 if args.quick else args.steps)
    torch.manual_seed(0)
    works: dict[str, Callable[[], object]] = {"ours": lambda: own_loop(settings)}
    for name, new in peers().items():
        works[name] = lambda new=new: plain_loop(new(*shape(settings)), settings)
    seconds = {name: total / settings.steps for name, total in turns(works, args.rounds).items()}
    sizes = (
        f"{settings.layers} layers of width {settings.width}, {settings.batch_size} rows of"
        f" {settings.task} up to {settings.train_length}"
    )
    for name in list(works)[1:]:
        both = {"ours": seconds["ours"], name: seconds[name]}
        report.add(row_of("training step of a decoder", sizes, both))


if __name__ == "__main__":
    main()
