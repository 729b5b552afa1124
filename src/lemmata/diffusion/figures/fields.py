"""Two gases, their combined velocity field; a flow from an annulus to a point with its field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from lemmata.diffusion.velocity_fields import GASES
from lemmata.plotting import PALETTE, TEXT_WIDTH, style

COLOURS = (PALETTE["vermillion"], PALETTE["blue"])


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.velocities` makes it; its rows "gas" and "pointwise"."""
    gases, ring = (table[table["what"] == what] for what in ("gas", "pointwise"))
    times = sorted(ring["time"].unique(), reverse=True)
    with style():
        fig = plt.figure(figsize=(TEXT_WIDTH, 0.66 * TEXT_WIDTH))
        upper, lower = cast("Sequence[SubFigure]", fig.subfigures(2, 1, height_ratios=(1.5, 1)))
        panels = upper.subplots(1, 3, sharex=True, sharey=True)
        names = ("to the left point", "to the right point", "combined")
        for ax, field, name in zip(panels, ("first", "second", "combined"), names, strict=True):
            _arrows(ax, gases[gases["field"] == field])
            for (x, y), colour in zip(GASES, COLOURS, strict=True):
                ax.plot(x, y, marker="o", color=colour, ms=5, zorder=3)
            ax.set_title(f"velocity {name}", fontsize=7)
            ax.set_xlabel("$x_1$")
        panels[0].set_ylabel("$x_2$")
        for ax, time in zip(lower.subplots(1, len(times), sharey=True), times, strict=True):
            own = ring[ring["time"] == time]
            ax.scatter(own["x"], own["y"], s=2, color=PALETTE["blue"], lw=0)
            if time > 0:
                _arrows(ax, own.iloc[::12])
            ax.set(aspect="equal", xlim=(-4.4, 4.4), ylim=(-4.4, 4.4), xlabel="$x_1$")
            ax.set_title(f"t = {time:g}", fontsize=7)
    return fig


def _arrows(ax: Axes, own: pd.DataFrame) -> None:
    """Velocities, coloured by the share of the first gas where there are two."""
    share = own["share"].fillna(0.5)
    shading: dict[str, Any] = (
        {"cmap": "coolwarm", "clim": (0, 1)} if own["share"].notna().any() else {}
    )
    colours = (share,) if shading else ()
    ax.quiver(own["x"], own["y"], own["u"], own["v"], *colours, angles="xy", width=0.006, **shading)
    ax.set_aspect("equal")
