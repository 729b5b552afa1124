"""Answers whose exact match by bin is known, and the evidence that a study finds in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.stats import Study

STRINGS = 400
STAMP = {"rule": "test", "fingerprint": "0" * 64}


def answers(
    shares: Sequence[float], task: str = "sort", model: str = "ape", seed: int = 0
) -> pd.DataFrame:
    """Answers whose exact match by bin is `shares`, exactly."""
    frames = []
    for number, (name, share) in enumerate(zip(BINS, shares, strict=False)):
        exact = np.arange(STRINGS) < round(share * STRINGS)
        first, last = [(1, 10), (11, 15), (16, 20), (21, 30)][number]
        frames.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "row": number * STRINGS + np.arange(STRINGS),
                    "split": "test",
                    "bin": name,
                    # Lengths cycle, so each has the bin's share but for rounding.
                    "length": np.random.default_rng(0).permutation(
                        np.resize(np.arange(first, last + 1), STRINGS)
                    ),
                    "exact": exact,
                    "token_accuracy": 0.5 + exact / 2,
                    "confidence": 0.9,
                    "task": task,
                    "model": model,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def evidence(study: Study) -> pd.DataFrame:
    """The evidence of a study, by statistic."""
    return study.evidence.set_index("statistic")
