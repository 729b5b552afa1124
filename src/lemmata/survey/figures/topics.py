"""Which topics each edition asks about, and how many of its questions are anchors."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, style
from lemmata.survey.figures.look import edition_name, is_synthetic, mark
from lemmata.survey.rows import tuples


def draw(table: pd.DataFrame) -> Figure:
    """table: as `turnover.strip` makes it; rows by series, columns are editions."""
    own = table.sort_values(["series", "year", "edition"])
    editions = list(dict.fromkeys(own["edition"]))
    topics = list(dict.fromkeys(zip(own["series"], own["topic"], strict=True)))
    with style():
        size = (TEXT_WIDTH, 1.6 + 0.2 * len(topics))
        fig, ax = plt.subplots(figsize=size)
        for row in tuples(own):
            x, y = editions.index(str(row.edition)), topics.index((row.series, row.topic))
            kept = int(row.anchors) > 0
            colour = PALETTE["blue"] if kept else PALETTE["orange"]
            ax.barh(y, 0.86, left=x - 0.43, height=0.8, color=colour, alpha=0.85)
            words = f"{row.questions}" + (f" ({row.anchors})" if kept else "")
            ax.text(
                x, y, words, ha="center", va="center", fontsize=6, color="white" if kept else "k"
            )
        for name in dict.fromkeys(own["series"]):
            ends = [i for i, (series, _) in enumerate(topics) if series == name]
            ax.axhline(ends[-1] + 0.5, color="0.8", lw=0.6)
        ax.set_yticks(range(len(topics)), [topic for _, topic in topics], fontsize=6.5)
        names = [edition_name(name).replace(" ", "\n") for name in editions]
        ax.set_xticks(range(len(editions)), names, fontsize=6)
        ax.set_xlim(-0.5, len(editions) - 0.5)
        ax.set_ylim(len(topics) - 0.5, -0.5)
        ax.set_ylabel("topic")
        for colour, label in (("blue", "with anchors"), ("orange", "without anchors")):
            ax.barh([0], [0], color=PALETTE[colour], label=label)
        fig.legend(
            loc="outside lower center", ncols=2, title="number of questions (anchors among them)"
        )
        mark(fig, synthetic=is_synthetic(editions))
    return fig
