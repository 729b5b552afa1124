"""The style leaves nothing behind; figure files are byte-stable and give their stamp back."""

import hashlib
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from lemmata.errors import LemmataError
from lemmata.plotting import COLUMN_WIDTH, PALETTE, PNG_DPI, save_figure, style
from lemmata.provenance.content import content_digest
from lemmata.provenance.embed import read_stamp

STAMP = {"fingerprint": "f1" * 32, "rule": 'é <b> & "quotes" -- \u2264', "inputs": {"a": 1}}
DC = "{http://purl.org/dc/elements/1.1/}"

# Everything that takes an id, a counter or an embedded picture in matplotlib's SVG writer.
DRAW = """
import sys
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle
from lemmata.plotting import save_figure, style
folder = sys.argv[1]
with style():
    fig, (left, right) = plt.subplots(1, 2)
    t = np.linspace(0, 1, 300)
    left.scatter(t, t**2, s=40 * t, alpha=0.5, label="dots $x^2$")
    left.fill_between(t, t, 1, hatch="//", alpha=0.3)
    left.legend()
    disc = Circle((0.5, 0.5), 0.3, transform=right.transAxes)
    shown = right.imshow(np.outer(t, t), clip_path=disc)
    fig.colorbar(shown)
    save_figure(fig, [folder + "/a.png", folder + "/a.svg"], {"fingerprint": "ab", "rule": "draw"})
"""


def draw():
    fig, ax = plt.subplots()
    ax.plot([0.0, 1.0], [0.0, 1.0])
    return fig


def luminance(colour):
    """Relative luminance of a hex colour (WCAG 2.2)."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.fixture
def saved(tmp_path):
    with style():
        save_figure(draw(), [tmp_path / "a.png", str(tmp_path / "a.svg")], STAMP)
    return tmp_path


def test_png_gives_its_stamp_back(saved):
    with Image.open(saved / "a.png") as image:
        assert json.loads(image.info["lemmata:provenance"]) == {
            **STAMP,
            "content": content_digest(saved / "a.png"),
        }
        assert "Software" not in image.info
        assert image.info["dpi"] == pytest.approx((PNG_DPI, PNG_DPI), abs=0.1)
        assert image.width == pytest.approx(COLUMN_WIDTH * PNG_DPI, abs=1)


def test_svg_gives_its_stamp_back(saved):
    root = ET.parse(saved / "a.svg").getroot()  # noqa: S314 - our own file
    assert json.loads(root.find(f".//{DC}source").text) == {
        **STAMP,
        "content": content_digest(saved / "a.svg"),
    }
    assert root.find(f".//{DC}identifier").text == STAMP["fingerprint"]
    assert root.find(f".//{DC}date") is None
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(COLUMN_WIDTH * 72)


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_the_auditor_reads_the_same_stamp(saved, name):
    stamp = read_stamp(saved / name)
    assert stamp is not None
    assert stamp.pop("content") == content_digest(saved / name)
    assert stamp == STAMP


def test_the_drawn_table_is_part_of_the_stamp(tmp_path):
    table = tmp_path / "drawn.parquet"
    table.write_bytes(b"numbers")
    with style():
        save_figure(draw(), [tmp_path / "a.png", tmp_path / "a.svg"], STAMP, table=table)
    for name in ("a.png", "a.svg"):
        assert read_stamp(tmp_path / name)["table"] == hashlib.sha256(b"numbers").hexdigest()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_content_is_the_drawing_not_the_stamp(tmp_path, suffix):
    names = [tmp_path / f"{name}{suffix}" for name in ("a", "b", "c")]
    with style():
        save_figure(draw(), [names[0]], STAMP)
        save_figure(draw(), [names[1]], {"fingerprint": "cd"})
        other = draw()
        other.axes[0].plot([0.0, 1.0], [1.0, 0.0])
        save_figure(other, [names[2]], STAMP)
    digests = [content_digest(name) for name in names]
    assert digests[0] == digests[1] != digests[2]


def test_without_a_stamp_there_is_no_provenance(tmp_path):
    with style():
        save_figure(draw(), [tmp_path / "a.png", tmp_path / "a.svg"])
    with Image.open(tmp_path / "a.png") as image:
        assert "lemmata:provenance" not in image.info
    assert f"{DC}source" not in {e.tag for e in ET.parse(tmp_path / "a.svg").iter()}  # noqa: S314


def test_two_processes_write_the_same_bytes(tmp_path):
    digests = []
    for name, hash_seed in (("one", "1"), ("two", "2")):
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", DRAW, str(folder)],
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "MPLCONFIGDIR": str(folder), "PATH": ""},
        )
        digests.append(
            {p: hashlib.sha256((folder / p).read_bytes()).hexdigest() for p in ("a.png", "a.svg")}
        )
    assert digests[0] == digests[1]


def test_bytes_do_not_depend_on_how_many_figures_came_before(tmp_path):
    for name in ("first", "second"):
        with style():
            save_figure(draw(), [tmp_path / f"{name}.svg", tmp_path / f"{name}.png"], STAMP)
        plt.figure()  # moves pyplot's figure numbers on
    plt.close("all")
    for suffix in (".svg", ".png"):
        first, second = (tmp_path / f"{name}{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_another_drawing_or_stamp_gives_other_bytes(tmp_path, saved):
    with style():
        save_figure(draw(), [tmp_path / "b.png"], {**STAMP, "fingerprint": "00"})
        fig = draw()
        fig.axes[0].set_title("other")
        save_figure(fig, [tmp_path / "c.png"], STAMP)
    files = {p: (tmp_path / p).read_bytes() for p in ("a.png", "b.png", "c.png")}
    assert len(set(files.values())) == 3


def test_style_leaves_no_setting_behind():
    plt.switch_backend("svg")
    mpl.rcParams["lines.linewidth"] = 7.0
    before = dict(mpl.rcParams)
    try:
        with style():
            assert mpl.get_backend().lower() == "agg"
            assert mpl.rcParams["svg.hashsalt"] == "lemmata"
            assert mpl.rcParams["lines.linewidth"] != 7.0
            mpl.rcParams["lines.linewidth"] = 9.0
        assert dict(mpl.rcParams) == before
        with pytest.raises(ValueError, match="boom"), style():
            raise ValueError("boom")
        assert dict(mpl.rcParams) == before
    finally:
        mpl.rcdefaults()
        plt.switch_backend("agg")


def test_a_persons_own_settings_change_no_figure(tmp_path, saved):
    with mpl.rc_context({"font.size": 20.0, "axes.facecolor": "black"}), style():
        save_figure(draw(), [tmp_path / "own.png"], STAMP)
    assert (tmp_path / "own.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_save_closes_the_figure_even_when_it_fails(tmp_path):
    with style():
        save_figure(draw(), [tmp_path / "a.png"])
        with pytest.raises(LemmataError, match=r"a\.jpg: .*'\.jpg'; allowed: \.png, \.svg"):
            save_figure(draw(), [tmp_path / "b.png", tmp_path / "a.jpg"])
    assert plt.get_fignums() == []
    assert not (tmp_path / "b.png").exists()  # refused before anything was written


def test_palette_is_hex_distinct_and_spread_in_luminance():
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in PALETTE.values())
    lights = sorted(luminance(colour) for colour in PALETTE.values())
    assert len(set(PALETTE.values())) == 8
    assert min(np.diff(lights)) > 0.01  # no two look alike in grey either


def test_text_is_readable_at_column_width():
    with style():
        sizes = [mpl.rcParams[k] for k in ("xtick.labelsize", "legend.fontsize", "axes.labelsize")]
    assert min(sizes) >= 7.0


def test_importing_plotting_opens_no_figure_and_sets_nothing():
    code = (
        "import matplotlib as m\n"
        "look = lambda: {k: m.rcParams[k] for k in m.rcParams if k != 'backend'}\n"
        "before = look()\n"
        "import lemmata.plotting as p\n"
        "assert look() == before and m.get_backend(auto_select=False) is None\n"
        "assert p.plt.get_fignums() == []"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
