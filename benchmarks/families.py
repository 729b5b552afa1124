"""One training of each family at its laptop settings, for what looks at all of them.

Data that would come from prepared tables are random numbers of the same shapes: the arithmetic is
the same. `train` runs so many steps of the family's own training from a fresh network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from length_generalization import own_loop
from torch import Tensor

import lemmata.diffusion.experiment as diffusion
import lemmata.length_generalization.experiment as lengths
import lemmata.reinforcement_finetuning.language.pretraining as language
import lemmata.self_supervised.experiment as encoders
from lemmata.config import build, read_yaml
from lemmata.self_supervised.images import TableImages

LAPTOP = read_yaml(Path(__file__).parents[1] / "config" / "scales" / "laptop.yaml")
DIGITS = 1000


@dataclass(frozen=True)
class Family:
    """name: of its network; sizes: in words; train: (steps, seed) -> None.

    compiles: whether its settings know torch.compile.
    """

    name: str
    sizes: str
    train: Callable[[int, int], None]
    compiles: bool = False


def decoder_settings(**changes: Any) -> lengths.Settings:
    """Of the laptop decoder on unique copy, learned positions."""
    known = LAPTOP["length_generalization"]
    task = dict(known["tasks"]["unique_copy"])
    own = task.pop("models")["ape"]
    named = {"task": "unique_copy", "positions": "ape", "seed": 0}
    return build(lengths.Settings, known["decoder"] | task | own | named | changes)


def diffusion_settings(**changes: Any) -> diffusion.Settings:
    """Of the laptop network of digits."""
    known = LAPTOP["diffusion"]["learned"]
    return build(
        diffusion.Settings, known["network"] | known["networks"]["digits"] | {"seed": 0} | changes
    )


def encoder_settings(**changes: Any) -> encoders.Settings:
    """Of the laptop I-JEPA of digits."""
    known = LAPTOP["self_supervised"]["trained"]
    own = dict(known["methods"]["i_jepa"]["settings"])
    common = {key: own.pop(key, value) for key, value in known["common"].items()}
    named = {"method": "i_jepa", "own": own, "seed": 0}
    return build(encoders.Settings, common | named | changes)


def language_settings(**changes: Any) -> language.Settings:
    """Of the laptop language model of symbols."""
    known = LAPTOP["reinforcement_finetuning"]["language"]
    own = known["common"] | known["tasks"]["sequences"]["pretraining"]
    return build(language.Settings, own | {"seed": 0} | changes)


def digit_vectors() -> tuple[Tensor, Tensor]:
    """x0 (N, 64) and condition (N, 10), random."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 10, (DIGITS,), generator=generator)
    return torch.rand(DIGITS, 64, generator=generator), torch.eye(10)[labels]


def digit_images(device: torch.device) -> TableImages:
    """Images (N, 1, 8, 8), random."""
    pixels = torch.randn(DIGITS, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    rows = np.arange(DIGITS)
    return TableImages(pixels.to(device), rows % 10, np.full(DIGITS, "train"), rows)


def families(
    device: str = "cpu", precision: str = "float32", compiled: bool = False
) -> list[Family]:
    """One network of each family; compiled: where its settings know torch.compile."""
    where = {"device": device, "precision": precision}
    decoder, model = decoder_settings(**where), language_settings(**where)
    network = diffusion_settings(**where, compile=compiled)
    encoder = encoder_settings(**where, compile=compiled)

    def train_network(steps: int, seed: int) -> None:
        own = replace(network, steps=steps, seed=seed)
        diffusion.train_model(own, digit_vectors(), threads=1)

    def train_encoder(steps: int, seed: int) -> None:
        own = replace(encoder, steps=steps, seed=seed)
        compute = encoders.chosen_compute(own, 1)
        encoders.train_encoder("benchmark", own, digit_images(compute.device), compute)

    def train_language(steps: int, seed: int) -> None:
        own = replace(model, steps=steps, seed=seed)
        language.train_model(own, language.task_of(own), threads=1)

    return [
        Family(
            "decoder of length generalization",
            f"{decoder.layers} layers of width {decoder.width}, {decoder.batch_size} rows",
            lambda steps, seed: own_loop(replace(decoder, steps=steps, seed=seed)),
        ),
        Family(
            "network of guidance and diffusion",
            f"{network.depth} blocks of width {network.width}, {network.batch_size} rows",
            train_network,
            compiles=True,
        ),
        Family(
            "I-JEPA of self-supervised learning",
            f"{encoder.depth} blocks of width {encoder.width}, {encoder.batch_size} images",
            train_encoder,
            compiles=True,
        ),
        Family(
            "language model of finetuning",
            f"{model.layers} layers of width {model.width}, {model.batch_size} rows",
            train_language,
        ),
    ]
