"""What a policy is asked, on either task: prompts, and the one answer of each that is rewarded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]


class Questions(NamedTuple):
    """prompts (N, P); targets (N, L); kind (N,): what a question's group is called.

    The reward is +1 for an answer that is the target and -1 for any other.
    """

    prompts: Tokens
    targets: Tokens
    kind: NDArray[np.str_]
