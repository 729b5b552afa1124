"""The reward of an answer that must match: V and STD of an input from the probability p of it.

Loads no numerics but NumPy, as the studies that need it are short.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

PRETRAINED: Final = "pretrained"
"""The run that is the model before finetuning."""


def reward_of(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """V = 2 p - 1 where the answer of probability p gets +1 and every other -1."""
    return 2.0 * p - 1.0


def std_of(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """STD = 2 sqrt(p (1 - p)) of that reward."""
    return 2.0 * np.sqrt(p * (1.0 - p))
