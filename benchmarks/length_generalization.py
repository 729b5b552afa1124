"""A training step against a plain loop over a nanoGPT-style model; C-RASP on 100,000 strings.

    OMP_NUM_THREADS=1 python benchmarks/length_generalization.py [STEPS]

The peer is the model of nanoGPT (github.com/karpathy/nanoGPT) in its shortest form, AdamW as there
on a CPU, cross entropy over all positions with those that ask nothing ignored, no evaluation, no
history, no checkpoints. Both make the same batches as they go, ours through the training core; they
take turns, so what else the machine does hits both.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.length_generalization.crasp.evaluate import accepts, facts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import ACCEPTORS
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

ROUNDS = 5
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

    def forward(self, idx: Tensor, targets: Tensor) -> Tensor:  # noqa: D102
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        logits = self.lm_head(self.ln_f(self.h(x)))
        return functional.cross_entropy(
            logits.view(-1, logits.size(-1)), targets.reshape(-1), ignore_index=-1
        )


def plain_loop(model: nn.Module, steps: int) -> float:
    """CPU seconds of a loop with nothing but the steps."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=SETTINGS.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    began = time.process_time()
    task = TASKS[SETTINGS.task]
    for step in range(1, steps + 1):
        (rows,) = train_batch(task, 0, step, SETTINGS.train_length, 2, SETTINGS.batch_size, 1)
        loss = model(torch.from_numpy(rows.inputs), torch.from_numpy(rows.targets))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return time.process_time() - began


def own_loop(settings: Settings) -> float:
    """CPU seconds of the training core with our decoder, its history kept, no test at the end."""
    model = new_model(settings)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, betas=BETAS, weight_decay=0.01, fused=True
    )
    run, task = Run(model, optimizer), TASKS[settings.task]
    loss = batch_loss(settings, task, select("cpu", "float32", 1), model)
    began = time.process_time()
    for step, metrics in train(
        run, loss, steps=settings.steps, seed=0, checkpoint_every=10**9, schedule=schedule(settings)
    ):
        if step % settings.log_every == 0:
            run.history.append({"step": step, "loss": float(metrics["loss"])})
    return time.process_time() - began


def training(steps: int) -> None:
    """CPU seconds a step of both, round by round, and their ratio."""
    settings, task = replace(SETTINGS, steps=steps), TASKS[SETTINGS.task]
    table = new_model(settings).architecture.table
    ours, theirs = [], []
    for number in range(ROUNDS + 1):
        torch.manual_seed(0)
        vocabulary = task.vocabulary(2 * settings.train_length)
        peer_s = plain_loop(GPT(vocabulary, table, 64, settings.layers, settings.heads), steps)
        own_s = own_loop(settings)
        if number:  # the first round warms up
            ours.append(own_s / steps)
            theirs.append(peer_s / steps)
    ratio = np.array(ours) / np.array(theirs)
    print(
        f"training step, 32 rows of {settings.task} up to {settings.train_length}:"
        f" ours {1e3 * np.median(ours):.2f} ms, plain loop {1e3 * np.median(theirs):.2f} ms;"
        f" ours / plain {np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})"
    )


def c_rasp() -> None:
    """Strings a second of the acceptors of depth 3 and more, on strings of 100 letters."""
    rng = np.random.Generator(np.random.Philox(0))
    for name, letters in (
        ("tomita_4", "01"),
        ("tomita_7_position_free", "01"),
        ("a_to_e", "abcde"),
    ):
        program = parse(ACCEPTORS[name], name)
        words = rng.integers(0, len(letters), (100_000, 100))
        symbols = {a: k for k, a in enumerate(letters)}
        accepts(program, words[:1000], symbols)
        began = time.perf_counter()
        accepts(program, words, symbols)
        seconds = time.perf_counter() - began
        depth = facts(program).depth
        print(f"C-RASP {name}, depth {depth}: 100,000 strings of 100 letters in {seconds:.2f} s")


if __name__ == "__main__":
    torch.set_num_threads(1)
    training(int(sys.argv[1]) if len(sys.argv) > 1 else SETTINGS.steps)
    c_rasp()
