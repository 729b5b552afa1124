"""1,000 digits by 100 guided DDIM steps, and the same through a scheduler loop of diffusers.

    OMP_NUM_THREADS=1 python benchmarks/diffusion_sampling.py

One network of the laptop scale's size, untrained: the arithmetic is the same. The peer is the loop
of diffusers' own guide: `DDIMScheduler`, both halves of the guidance in one doubled batch. Both
take turns, so what else the machine does hits both; both start at the same noise, and the ends are
compared.
"""

from __future__ import annotations

import time

import diffusers
import numpy as np
import torch
from torch import Tensor

from lemmata.diffusion.experiment import Settings, new_model
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.network import ConditionalMLP
from lemmata.diffusion.samplers import ddim, gaussian, last
from lemmata.diffusion.training_data import one_hot

ROUNDS = 7
COUNT, STEPS, WEIGHT = 1000, 100, 3.0
SETTINGS = Settings(
    data="digits",
    points=0,
    prediction="v",
    levels="cosine",
    sigma_q=1.0,
    architecture="mlp",
    width=128,
    depth=3,
    patch=1,
    steps=1,
    batch_size=256,
    learning_rate=1e-3,
    drop=0.1,
    ema=0.99,
    compile=False,
    seed=0,
    device="cpu",
    precision="float32",
    log_every=1,
    checkpoint_every=1,
)


def ours(model: ConditionalMLP, start: Tensor, labels: Tensor, levels: list[float]) -> Tensor:
    """Samples (N, 64) by this project's sampler."""
    guidance = LearnedGuidance(model, "v", one_hot(labels, 10))
    return last(ddim(WEIGHT)(guidance.score, start, levels, gaussian(torch.Generator())))


@torch.no_grad()
def theirs(
    model: ConditionalMLP,
    start: Tensor,
    labels: Tensor,
    levels: list[float],
    scheduler: diffusers.DDIMScheduler,
) -> Tensor:
    """The same by diffusers: its scheduler holds the noise levels, the network sees their times."""
    condition = one_hot(labels, 10).repeat(2, 1)
    known = torch.cat([torch.ones(COUNT), torch.zeros(COUNT)])
    x = start / float(np.hypot(1.0, levels[0]))
    for number, time_of_it in enumerate(scheduler.timesteps):
        level = torch.full((2 * COUNT,), levels[number])
        said = model(x.repeat(2, 1), level.atan() * (2 / torch.pi), condition, known)
        with_it, without = said.chunk(2)
        guided = without + WEIGHT * (with_it - without)
        x = scheduler.step(guided, time_of_it, x).prev_sample
    return x


def main() -> None:
    """Time both by turns."""
    torch.manual_seed(0)
    model = new_model(SETTINGS)
    assert isinstance(model, ConditionalMLP)
    with torch.no_grad():  # a fresh network passes nothing on
        for block in model.blocks:
            block.get_submodule("outer").get_parameter("weight").normal_(0, 0.05)
    # The scheduler's own cosine-free grid: betas whose noise levels are those that we step through.
    times = np.linspace(0.98, 0.0, STEPS + 1)[:-1]
    levels = [float(s) for s in np.tan(np.pi * times / 2)]
    signal = 1.0 / (1.0 + np.square(levels[::-1]))  # alpha-bar, growing noise
    betas = 1.0 - signal / np.concatenate([[1.0], signal[:-1]])
    scheduler = diffusers.DDIMScheduler(
        num_train_timesteps=STEPS,
        trained_betas=betas.astype(np.float32),
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="leading",
    )
    scheduler.set_timesteps(STEPS)
    labels = torch.arange(10).repeat(COUNT // 10)
    start = float(np.hypot(1.0, levels[0])) * torch.randn(COUNT, 64)
    ends, spent = {}, {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        begun = time.process_time()
        ends["ours"] = ours(model, start, labels, [*levels, 0.0])
        spent["ours"].append(time.process_time() - begun)
        begun = time.process_time()
        ends["theirs"] = theirs(model, start, labels, levels, scheduler)
        spent["theirs"].append(time.process_time() - begun)
    gap = float((ends["ours"] - ends["theirs"]).abs().max())
    ratios = np.divide(spent["ours"], spent["theirs"])
    print(f"torch {torch.__version__}, diffusers {diffusers.__version__}, {COUNT} x {STEPS} steps")
    print(f"largest difference of the samples {gap:.1e}")
    print(f"CPU s: ours {np.median(spent['ours']):.2f}, theirs {np.median(spent['theirs']):.2f}")
    low, high = ratios.min(), ratios.max()
    print(f"ours / theirs {np.median(ratios):.2f} ({low:.2f} to {high:.2f}), {ROUNDS} rounds")


if __name__ == "__main__":
    main()
