"""Representations of known usefulness: some latent dimensions, and others of mere noise."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ortho_group

Floats = NDArray[np.float64]
LATENT: Final = 32
CLASSES: Final = 10
WIDTH: Final = 96
FILLER: Final = 1e-3
"""Standard deviation of what fills the dimensions that are left."""


class Representation(NamedTuple):
    """content of the latent's dimensions, noise of each view in them, and pure noise dimensions.

    ::

        content  noise  noise_dimensions    the WIDTH dimensions, before a rotation
        8        0.1    16                  8 of z + 0.1 n, 16 of n, 72 of 0.001 n; n fresh a view
    """

    content: int
    noise: float
    noise_dimensions: int

    def variances(self) -> tuple[Floats, Floats]:
        """What views share and what each has of its own, (WIDTH,) each."""
        signal, own = np.zeros(WIDTH), np.full(WIDTH, FILLER**2)
        signal[: self.content] = 1.0
        own[: self.content] = self.noise**2
        own[self.content : self.content + self.noise_dimensions] = 1.0
        return signal, own

    def views(self, latents: Floats, views: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Embeddings (n, q, WIDTH) of latents (n, LATENT), q views each, rotated."""
        _, own = self.variances()
        drawn = rng.standard_normal((len(latents), views, WIDTH), dtype=np.float32)
        drawn *= np.sqrt(own).astype(np.float32)
        drawn[..., : self.content] += latents[:, None, : self.content].astype(np.float32)
        turn = ortho_group.rvs(WIDTH, random_state=rng).astype(np.float32)
        return drawn @ turn


def latents_and_classes(count: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Latents (count, LATENT) ~ N(0, I), and classes: the largest of CLASSES random linear maps."""
    latents = rng.standard_normal((count, LATENT))
    maps = rng.standard_normal((LATENT, CLASSES))
    return latents, np.argmax(latents @ maps, axis=1)
