"""Velocity fields of the tutorial's pictures: two gases, their sum, a flow from an annulus."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from lemmata.diffusion.laws import annulus
from lemmata.diffusion.mixture import ExactGuidance, GaussianMixture
from lemmata.training.batches import torch_generator

GASES = ((-1.0, 0.0), (1.0, 0.0))
"""Where the two gases of the tutorial's figure 5 come together, each a point mass."""
LEVEL = 0.7
"""Noise level at which their fields are shown."""
TIMES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Of its figure 9: an annulus flows to a point."""
POINTS, REACH = 13, 2.2
RING = 240


def gases() -> pd.DataFrame:
    """field ("first", "second", "combined"), x, y, u, v, share: DDIM's velocities on a grid.

    Each gas alone pulls straight to its point; together their velocities are averaged by the share
    of each, its posterior probability at x (Lemma 3). u, v: -dx/ds of the ODE in the noise level.
    """
    both = [_points([point]) for point in GASES] + [_points(list(GASES))]
    axis = np.linspace(-REACH, REACH, POINTS)
    x = torch.from_numpy(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    own, whole = (law.log_density(x, LEVEL) for law in (both[0], both[2]))
    share = (own - whole).exp() / len(GASES)
    shares = (torch.ones_like(share), torch.zeros_like(share), share)
    frames = []
    for name, law, part in zip(("first", "second", "combined"), both, shares, strict=True):
        pull = LEVEL * ExactGuidance(law, 0).score(x, LEVEL, 1.0)
        columns = {"x": x[:, 0], "y": x[:, 1], "u": pull[:, 0], "v": pull[:, 1], "share": part}
        frames.append(pd.DataFrame({key: value.numpy() for key, value in columns.items()}))
        frames[-1].insert(0, "field", name)
    return pd.concat(frames, ignore_index=True)


def to_a_point() -> pd.DataFrame:
    """time, x, y, u, v: points of the annulus on their straight way to the origin.

    The marginal linear flow to a point mass at 0 is x_t = t x_1, and its velocity -x_t / t.
    """
    base = annulus(RING, torch_generator(0, "ring"))
    frames = []
    for time in TIMES:
        x, velocity = time * base, -base
        columns = {"x": x[:, 0], "y": x[:, 1], "u": velocity[:, 0], "v": velocity[:, 1]}
        frames.append(pd.DataFrame({key: value.numpy() for key, value in columns.items()}))
        frames[-1].insert(0, "time", time)
    return pd.concat(frames, ignore_index=True)


def _points(points: list[tuple[float, float]]) -> GaussianMixture:
    count = len(points)
    return GaussianMixture([1.0] * count, points, np.zeros((count, 2, 2)))
