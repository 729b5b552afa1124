"""1,000 digits by 100 guided DDIM steps, and the same through a scheduler loop of diffusers.

    OMP_NUM_THREADS=1 python benchmarks/diffusion_sampling.py

One network of the laptop scale's size, untrained: the arithmetic is the same. The peer is the loop
of diffusers' own guide: `DDIMScheduler`, both halves of the guidance in one doubled batch. Both
start at the same noise, and the ends are compared first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from measure import Report, installed, one_thread, options, versus
from torch import Tensor

from lemmata.diffusion.experiment import Settings, new_model
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.network import ConditionalMLP
from lemmata.diffusion.samplers import ddim, gaussian, last
from lemmata.diffusion.training_data import one_hot

COUNT, STEPS, WEIGHT = 1000, 100, 3.0
AGREE = 1e-3
"""How far samples of either may lie apart: float32, a hundred guided steps."""
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
    scheduler: Any,
) -> Tensor:
    """The same by diffusers: its scheduler holds the noise levels, the network sees their times."""
    condition = one_hot(labels, 10).repeat(2, 1)
    known = torch.cat([torch.ones(len(start)), torch.zeros(len(start))])
    x = start / float(np.hypot(1.0, levels[0]))
    for number, time_of_it in enumerate(scheduler.timesteps):
        level = torch.full((2 * len(start),), levels[number])
        said = model(x.repeat(2, 1), level.atan() * (2 / torch.pi), condition, known)
        with_it, without = said.chunk(2)
        guided = without + WEIGHT * (with_it - without)
        x = scheduler.step(guided, time_of_it, x).prev_sample
    return x


def untrained() -> ConditionalMLP:
    """The network; a fresh one passes nothing on, so its last layers are given weights."""
    torch.manual_seed(0)
    model = new_model(SETTINGS)
    assert isinstance(model, ConditionalMLP)
    with torch.no_grad():
        for block in model.blocks:
            block.get_submodule("outer").get_parameter("weight").normal_(0, 0.05)
    return model


def stepped(steps: int) -> tuple[list[float], Any]:
    """Noise levels, and the scheduler whose own grid of betas steps through just these."""
    import diffusers

    times = np.linspace(0.98, 0.0, steps + 1)[:-1]
    levels = [float(s) for s in np.tan(np.pi * times / 2)]
    signal = 1.0 / (1.0 + np.square(levels[::-1]))  # alpha-bar, growing noise
    betas = 1.0 - signal / np.concatenate([[1.0], signal[:-1]])
    scheduler = diffusers.DDIMScheduler(
        num_train_timesteps=steps,
        trained_betas=betas.astype(np.float32),
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="leading",
    )
    scheduler.set_timesteps(steps)
    return levels, scheduler


def main() -> None:
    """Compare and measure."""
    args = options(__doc__, rounds=7).parse_args()
    peer = installed("diffusers")
    if peer is None:
        return
    one_thread()
    count, steps = (20, 5) if args.quick else (COUNT, STEPS)
    model, (levels, scheduler) = untrained(), stepped(steps)
    labels = torch.arange(10).repeat(count // 10)
    start = float(np.hypot(1.0, levels[0])) * torch.randn(count, 64)
    works = {
        "ours": lambda: ours(model, start, labels, [*levels, 0.0]),
        f"{peer}, DDIMScheduler": lambda: theirs(model, start, labels, levels, scheduler),
    }
    one, other = (work() for work in works.values())
    gap = float((one - other).abs().max())
    assert gap < AGREE, f"the samples are {gap:.1e} apart"
    sizes = f"{count:,} digits by {steps} guided DDIM steps"
    row = versus("sampling", sizes, works, args.rounds, note=f"samples {gap:.0e} apart at most")
    Report(args.rows).add(row)


if __name__ == "__main__":
    main()
