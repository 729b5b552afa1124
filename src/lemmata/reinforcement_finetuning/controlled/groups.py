"""Names of the two groups of inputs, and of the policies before finetuning."""

from __future__ import annotations

from typing import Final

LOW, HIGH = "low_std", "high_std"
GROUPS: Final = (LOW, HIGH)
"""Inputs whose reward has a small standard deviation after pretraining, and all others."""
PRETRAINED: Final = "pretrained"
