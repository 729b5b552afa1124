"""What the figures share: colours and names of objectives and of groups of inputs."""

from __future__ import annotations

from typing import Final, NamedTuple

from lemmata.plotting import PALETTE


class Look(NamedTuple):
    """Colour, line style and name."""

    colour: str
    line: str
    name: str


OBJECTIVES: Final = {
    "policy_gradient": Look(PALETTE["vermillion"], "-", "policy gradient, PPO's first step"),
    "ppo_clipped": Look(PALETTE["reddish_purple"], "-", "PPO past the clip"),
    "grpo_4": Look(PALETTE["orange"], "-", "GRPO, 4 samples"),
    "grpo_8": Look(PALETTE["orange"], "-", "GRPO, 8 samples"),
    "grpo_64": Look(PALETTE["sky_blue"], "-", "GRPO, 64 samples"),
    "grpo_population": Look(PALETTE["bluish_green"], "-", "GRPO, no end of samples"),
    "rft": Look(PALETTE["vermillion"], "-", "RFT"),
    "sft": Look(PALETTE["blue"], "-", "SFT"),
}
VARIANTS: Final = {
    "pretrained": Look(PALETTE["black"], "-", "pretrained"),
    "rft": Look(PALETTE["vermillion"], "-", "RFT, exact"),
    "reinforce": Look(PALETTE["reddish_purple"], ":", "REINFORCE"),
    "grpo": Look(PALETTE["orange"], "--", "GRPO"),
    "normalised": Look(PALETTE["bluish_green"], "-.", "RFT over STD"),
    "sft": Look(PALETTE["blue"], "-", "SFT"),
    "sft_1_percent": Look(PALETTE["sky_blue"], "-.", "SFT on 1%, then RFT"),
    "rft_high_reward": Look(PALETTE["black"], "--", "RFT, wrong earns .5"),
}
GROUP_NAMES: Final = {
    "low_std": "small initial STD",
    "high_std": "large initial STD",
    "all": "all inputs",
}
GROUP_COLOURS: Final = {
    "low_std": PALETTE["vermillion"],
    "high_std": PALETTE["blue"],
    "overall": PALETTE["black"],
}


def objective(method: str) -> Look:
    """The look of an objective; groups of other sizes than those listed are grey."""
    if method in OBJECTIVES:
        return OBJECTIVES[method]
    return Look("0.5", "-", f"GRPO, {method.removeprefix('grpo_')} samples")
