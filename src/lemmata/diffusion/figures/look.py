"""What the figures share: a colour, a marker and a name for each sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from lemmata.plotting import PALETTE

if TYPE_CHECKING:
    from pandas.core.groupby import SeriesGroupBy


class Look(NamedTuple):
    """Colour, marker and name of a sampler."""

    colour: str
    marker: str
    name: str


LOOKS: Final = {
    "powered": Look(PALETTE["black"], "", "$\\gamma$-powered law"),
    "ddim": Look(PALETTE["vermillion"], "o", "CFG-DDIM"),
    "flow": Look(PALETTE["orange"], "x", "guided flow"),
    "ddpm": Look(PALETTE["blue"], "s", "CFG-DDPM"),
    "pcg": Look(PALETTE["bluish_green"], "^", "PCG($2\\gamma-1$, 1)"),
    "pcg_powered_1": Look(PALETTE["reddish_purple"], "v", "PCG($\\gamma$, 1)"),
}
MORE: Final = ((PALETTE["sky_blue"], "D"), ("0.45", "P"), ("0.7", "X"))
"""Colours and markers of PCG with 2 to 4, 5 to 8, and more corrections."""


def look(sampler: str) -> Look:
    """The look of a sampler; "pcg_powered_K" for any K."""
    if sampler in LOOKS:
        return LOOKS[sampler]
    corrections = int(sampler.rpartition("_")[2])
    colour, marker = MORE[(corrections > 4) + (corrections > 8)]
    return Look(colour, marker, f"PCG($\\gamma$, {corrections})")


def in_order(samplers: set[str]) -> list[str]:
    """Samplers as they are listed here, those with other K after them."""
    known = [name for name in LOOKS if name in samplers]
    return known + sorted(samplers - set(known), key=lambda name: int(name.rpartition("_")[2]))


def mean_and_range(ax: Axes, runs: SeriesGroupBy[Any, Any], colour: str, **line: Any) -> None:
    """A line through the means of groups of runs, and a band from their least to their largest."""
    found = runs.agg(["mean", "min", "max"])
    ax.fill_between(found.index, found["min"], found["max"], color=colour, alpha=0.2, lw=0)
    ax.plot(found.index, found["mean"], color=colour, **line)


def plain_log(*axes: Axis) -> None:
    """Logarithmic axes of a decade or two, with 1, 2, 5, 10 written out."""
    for axis in axes:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FormatStrFormatter("%g"))
        axis.set_minor_formatter(NullFormatter())
