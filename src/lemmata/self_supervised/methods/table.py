"""The methods by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, cast

import torch
from torch import nn

from lemmata.config import build
from lemmata.self_supervised.encoder import Grid, Shape
from lemmata.self_supervised.methods.data2vec import Data2vec, Data2vecSettings
from lemmata.self_supervised.methods.dino import Dino, DinoSettings
from lemmata.self_supervised.methods.i_jepa import IJepa, IJepaSettings
from lemmata.self_supervised.methods.mae import Mae, MaeSettings
from lemmata.self_supervised.methods.method import Method
from lemmata.self_supervised.methods.simclr import Simclr, SimclrSettings
from lemmata.self_supervised.methods.vicreg import Vicreg, VicregSettings

MethodName = Literal["i_jepa", "data2vec", "mae", "vicreg", "simclr", "dino"]
METHODS: Final[Mapping[str, tuple[type[Any], type[nn.Module]]]] = {
    "i_jepa": (IJepaSettings, IJepa),
    "data2vec": (Data2vecSettings, Data2vec),
    "mae": (MaeSettings, Mae),
    "vicreg": (VicregSettings, Vicreg),
    "simclr": (SimclrSettings, Simclr),
    "dino": (DinoSettings, Dino),
}
"""Name -> its settings and its networks."""


def new_method(
    name: MethodName,
    grid: Grid,
    shape: Shape,
    own: Mapping[str, Any],
    generator: torch.Generator,
) -> tuple[nn.Module, Method]:
    """The untrained networks of a method, twice: as a module, and as what trains and embeds.

    own: the method's own settings. Raises LemmataError naming a key that it does not know.
    """
    settings, networks = METHODS[name]
    module = networks(grid, shape, build(settings, own, name), generator)
    return module, cast("Method", module)
