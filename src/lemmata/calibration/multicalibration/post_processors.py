"""Post-processors by name and setting, as the configuration lists them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lemmata.calibration.multicalibration.boosting import Boosted
from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.multicalibration.mcgrad_peer import McGradPeer
from lemmata.calibration.recalibration import Isotonic, Platt, Temperature
from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
ERM: Final = "erm"
"""Name of the base model itself, without post-processing."""


class PostProcessor(Protocol):
    """What every post-processor can do. p, y: (N,); groups: (N, G)."""

    def fit(self, p: Floats, y: NDArray[np.int64], groups: NDArray[np.bool_]) -> Self:
        """Learn from calibration rows."""

    def predict(self, p: Floats, groups: NDArray[np.bool_]) -> Floats:
        """Post-processed predictions (N,)."""


MAKERS: Final[dict[str, Callable[..., PostProcessor]]] = {
    "platt": Platt,
    "isotonic": Isotonic,
    "temperature": Temperature,
    "hkrr": HKRR,
    "hjz": HJZ,
    "boosted": Boosted,
    "mcgrad": McGradPeer,
}
SEEDED: Final = frozenset({"hkrr", "hjz", "boosted"})
GROUP_AWARE: Final = ("hkrr", "hjz", "boosted", "mcgrad")


@dataclass(frozen=True)
class Setting:
    """A post-processor with its parameters. label: the parameters in words, such as alpha=0.05."""

    post_processor: str
    label: str
    parameters: Mapping[str, Any]

    def make(self, seed: int) -> PostProcessor:
        """The unfitted post-processor; raises LemmataError for a parameter that it refuses."""
        own = {"seed": seed} if self.post_processor in SEEDED else {}
        return MAKERS[self.post_processor](**self.parameters, **own)


def settings_of(configured: Mapping[str, Any]) -> list[Setting]:
    """Every setting of the configured post-processors, in the order of the configuration.

    ::

        platt: {}                                      # one setting, nothing to choose
        hkrr: {alpha: [0.1, 0.05]}                     # a grid: all combinations of its lists
        hjz:                                           # several grids
          - {learner: [hedge, mlprod], learning_rate: [0.9, 0.95]}
          - {learner: hedge, adversary: hedge, learning_rate: 0.9, adversary_rate: [0.9, 0.98]}

    Raises LemmataError for an unknown post-processor or parameter, naming it.
    """
    found = []
    for name, grids in configured.items():
        if name not in MAKERS:
            raise LemmataError(f"post-processor {name!r}: unknown; allowed: {', '.join(MAKERS)}")
        for grid in grids if isinstance(grids, Sequence) else [grids]:
            lists = {k: v if isinstance(v, list | tuple) else [v] for k, v in grid.items()}
            for values in itertools.product(*lists.values()):
                parameters = dict(zip(lists, values, strict=True))
                label = " ".join(f"{k}={_text(v)}" for k, v in parameters.items())
                setting = Setting(name, label, parameters)
                _check(setting)
                found.append(setting)
    labels = [(s.post_processor, s.label) for s in found]
    doubles = sorted({key for key in labels if labels.count(key) > 1})
    if doubles:
        raise LemmataError(f"post-processor {doubles[0][0]}: two settings {doubles[0][1]!r}")
    return found


def _check(setting: Setting) -> None:
    try:
        setting.make(0)
    except TypeError as error:
        text = str(error).split(") ", 1)[-1]
        raise LemmataError(f"post-processor {setting.post_processor}: {text}") from error


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
