"""One look for every figure; figure files whose bytes depend on the drawing and the stamp alone.

Drawing code runs inside `style()` and hands its figure to `save_figure`::

    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.5))
        ax.plot(t, mu, color=PALETTE["vermillion"])
        save_figure(fig, [png, svg], j.stamp, table=data)
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

from lemmata.errors import LemmataError
from lemmata.provenance.content import pixels_digest, svg_digest
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.embed import KEY

COLUMN_WIDTH: Final = 3.35
"""Inches: one column of a two-column paper."""
TEXT_WIDTH: Final = 6.9
"""Inches: the full width of the text."""
PNG_DPI: Final = 300
PLACES: Final = 6
"""Of an axes' position in parts of the figure: a thousandth of a pixel."""

PALETTE: Final[Mapping[str, str]] = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "bluish_green": "#009E73",
    "reddish_purple": "#CC79A7",
    "orange": "#E69F00",
    "sky_blue": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
}
"""Okabe and Ito's colours (Color Universal Design, 2008): distinct to colour-blind readers too."""

# What decides the bytes of a file: in force while drawing and, for figures drawn elsewhere, saving.
_BYTES: Final[dict[Any, Any]] = {
    "svg.hashsalt": "lemmata",  # element ids: the default salt is random
    "svg.fonttype": "path",  # letters look the same on every machine
    "savefig.bbox": "standard",  # the size asked for is the size of the file
    "savefig.facecolor": "white",
    "path.simplify": True,
}
_LOOK: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: no machine's own fonts
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "figure.figsize": (COLUMN_WIDTH, 2.6),
    "figure.dpi": 100.0,
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": mpl.rcsetup.cycler("color", list(PALETTE.values())),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's look, off screen; every setting is as before afterwards.

    Starts from matplotlib's defaults, so a person's own matplotlibrc changes no figure. A backend
    that nobody had chosen before stays Agg.
    """
    backend = mpl.get_backend(auto_select=False)
    plt.switch_backend("Agg")
    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update({**_LOOK, **_BYTES})
            yield
    finally:
        if backend is not None:
            plt.switch_backend(backend)


def readable(name: str) -> str:
    """A name for people: underscores are spaces, a path's slash a comma."""
    return name.replace("_", " ").replace("/", ", ")


def letter(ax: Axes, text: str) -> None:
    """A panel's title, flush left."""
    ax.set_title(text, loc="left")


def save_figure(
    fig: Figure,
    paths: Iterable[str | PathLike[str]],
    stamp: Mapping[str, Any] | None = None,
    dpi: int = PNG_DPI,
    table: str | PathLike[str] | None = None,
) -> None:
    """Write `fig` to each path, .png (at `dpi`) or .svg, with the stamp inside, and close it.

    stamp: the job's identity, JSON values, with the key "fingerprint"; the digest of the picture
    joins it, and the sha256 of `table`, the file with the numbers that are drawn. A PNG keeps its
    JSON in the text chunk "lemmata:provenance"; an SVG keeps it in <dc:source> and the fingerprint
    in <dc:identifier>. Raises LemmataError for another suffix, before anything is written.
    """
    try:
        targets = [Path(path) for path in paths]
        for path in targets:
            if path.suffix not in (".png", ".svg"):
                found = path.suffix
                raise LemmataError(f"{path}: unknown figure format {found!r}; allowed: .png, .svg")
        said = dict(stamp) if stamp is not None else None
        if said is not None and table is not None:
            said["table"] = sha256_file(table)
        _settle(fig)
        with mpl.rc_context(_BYTES):
            for path in targets:
                (_save_png if path.suffix == ".png" else _save_svg)(fig, path, said, dpi)
    finally:
        plt.close(fig)


def _settle(fig: Figure) -> None:
    """Lay the axes out once, and round: the last bits of the layout's solver differ by chance."""
    engine = fig.get_layout_engine()
    if engine is None:
        return
    engine.execute(fig)
    fig.set_layout_engine("none")
    for ax in fig.axes:
        ax.set_position(np.round(ax.get_position(original=True).bounds, PLACES).tolist())


def _save_png(fig: Figure, path: Path, stamp: Mapping[str, Any] | None, dpi: int) -> None:
    drawn = io.BytesIO()
    # Packed when it is written with its stamp, not here as well: a tenth of a plot's job.
    unpacked = {"compress_level": 0}
    fig.savefig(drawn, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs=unpacked)
    with Image.open(drawn) as image:
        image.load()
        text = PngImagePlugin.PngInfo()
        if stamp is not None:
            said = {**stamp, "content": pixels_digest(image)}
            text.add_text(KEY, json.dumps(said, sort_keys=True))
        image.save(path, format="png", dpi=(dpi, dpi), pnginfo=text)


def _save_svg(fig: Figure, path: Path, stamp: Mapping[str, Any] | None, dpi: int) -> None:
    entries: dict[str, str | None] = {"Date": None, "Creator": None}
    blank = "0" * 64
    if stamp is not None:
        entries |= {
            "Identifier": str(stamp["fingerprint"]),
            "Source": json.dumps({**stamp, "content": blank}, sort_keys=True),
        }
    # Drawn once: a second drawing may lay the axes out a little otherwise.
    drawn = io.BytesIO()
    fig.savefig(drawn, format="svg", dpi=dpi, metadata=entries)
    content = drawn.getvalue()
    if stamp is not None:
        content = content.replace(blank.encode(), svg_digest(content).encode(), 1)
    path.write_bytes(content)
