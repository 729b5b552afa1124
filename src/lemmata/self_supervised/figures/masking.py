"""Masked views: lambda and rho of each direction, its critical time, and what is learned."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.self_supervised.figures.look import COLOURS, NAMES


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.masking` makes it."""
    seen = table[table["source"] == "estimated"]
    with style():
        fig, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 2.5))
        ordered = table.sort_values("eigenvalue")
        for column, name, colour in (
            ("lam", "$\\lambda$", PALETTE["bluish_green"]),
            ("rho", "$\\rho$", PALETTE["reddish_purple"]),
        ):
            axes[0].plot(ordered["eigenvalue"], ordered[column], color=colour, label=name)
            axes[0].plot(seen["eigenvalue"], seen[f"seen_{column}"], "o", mfc="none", color=colour)
        axes[0].axhline(0.0, color="0.6", ls=":", lw=0.8)
        axes[0].legend()
        letter(axes[0], "moments of masked views")
        for objective, colour in COLOURS.items():
            times = seen[(seen["objective"] == objective) & seen["theory"].notna()]
            axes[1].loglog(times["theory"], times["simulated"], "o", mfc="none", color=colour)
        ends = axes[1].get_xlim()
        axes[1].plot(ends, ends, color="0.6", ls=":", lw=0.8)
        axes[1].set_xlabel("critical time, theory")
        axes[1].set_ylabel("of estimated moments")
        letter(axes[1], "critical times")
        for shift, (objective, colour) in zip((0.96, 1.04), COLOURS.items(), strict=True):
            own = table[table["objective"] == objective]
            for source, marker in (("true", "x"), ("estimated", "o")):
                part = own[own["source"] == source]
                label = f"{NAMES[objective]}, {source} moments"
                place = part["eigenvalue"] * shift
                axes[2].semilogy(
                    place, part["share"], marker, mfc="none", color=colour, label=label
                )
        axes[2].axvline(1.0, color="0.6", ls=":", lw=0.8)
        axes[2].axhline(1.0, color="0.6", ls=":", lw=0.8)
        axes[2].set_ylabel("amplitude / limit of $|\\rho|$")
        letter(axes[2], "at the end")
        for ax in axes[::2]:
            ax.set_xlabel("variance of the direction\nover the average")
        lines, names = axes[2].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=4)
    return fig
