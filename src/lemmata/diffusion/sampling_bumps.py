"""Networks of one law on the line trained in the tutorial's ways: what each of them has learned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.laws import three_bumps
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.objective import STEP
from lemmata.diffusion.samplers import ddim, gaussian, last
from lemmata.training.batches import torch_generator

TIMES = 50


def sample_bumps(model: nn.Module, settings: Settings, steps: int, samples: int) -> pd.DataFrame:
    """Rows of two kinds, by `what`, each with training ("x0", "previous" or "eps") and seed.

    "denoiser": time, value: mean squared error of E[x0 | x_t] at that time of the tutorial's
    diffusion, from STEP to 1; "map": start, end, exact: where a start x_1 ends, and where the exact
    score takes it. All trainings of a seed have the same starts and the same x_t. DDIM with steps
    uniform in the noise level is the flow's own Euler scheme (Lemma 4): one sampler serves both.
    """
    seed, law = settings.seed, three_bumps()
    guidance = LearnedGuidance(model, settings.prediction, torch.zeros(1))
    rows: list[dict[str, object]] = []
    for number, time in enumerate(np.linspace(STEP, 1.0, TIMES)):
        level = settings.sigma_q * float(np.sqrt(time))
        generator = torch_generator(seed, "bumps", number)
        x = law.sample(samples, generator)
        x = x + level * gaussian(generator)(x)
        error = _denoised(guidance, x.float(), level) - law.denoised(x, level)
        value = float(error.square().mean())
        rows.append({"what": "denoiser", "time": float(time), "value": value})
    levels = [float(s) for s in np.linspace(settings.sigma_q, 0.0, steps + 1)]
    noise = gaussian(torch_generator(seed, "bumps start"))
    start = settings.sigma_q * noise(torch.empty(samples, 1))
    end = last(ddim(1.0)(guidance.score, start, levels, noise))
    exact = last(ddim(1.0)(lambda x, s, _: law.score(x, s), start.double(), levels, noise))
    ends = zip(start[:, 0].tolist(), end[:, 0].tolist(), exact[:, 0].tolist(), strict=True)
    rows += [{"what": "map", "start": a, "end": b, "exact": c} for a, b, c in ends]
    return pd.DataFrame(rows).assign(training=settings.prediction, seed=seed)


def _denoised(guidance: LearnedGuidance, x: Tensor, level: float) -> Tensor:
    return (x + level**2 * guidance.score(x, level, 1.0)).double()
