"""Figures are found in a report, whole and once each."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from lemmata.errors import LemmataError
from lemmata.lineage.embedded import extract_figures


def uri(name: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    return f"data:image/png;charset=utf8;filename={name};base64,{data}"


def test_each_figure_once(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    one, two, same_name = uri("a.png", b"one"), uri("b.png", b"two"), uri("a.png", b"three")
    report.write_text(f'<img src="{one}"> {{"x": "{two}", "y": "{one}", "z": "{same_name}"}}')
    found = list(extract_figures(report, tmp_path / "out"))
    assert [(path.name, path.read_bytes()) for path in found] == [
        ("a.png", b"one"),
        ("b.png", b"two"),
        ("a.png", b"three"),
    ]


def test_pictures_without_a_name_are_no_figures(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(
        "data:image/png;base64,iVBOR data:image/svg+xml;filename=logo.svg;base64,PHN2"
    )
    assert list(extract_figures(report, tmp_path / "out")) == []


def test_a_name_cannot_lead_elsewhere(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(uri("../../a.png", b"one"))
    assert list(extract_figures(report, tmp_path / "out")) == []


def test_a_figure_cut_short_is_one_line(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(uri("a.png", b"one")[:-1])
    with pytest.raises(LemmataError, match=r"report\.html: figure a\.png cannot be decoded"):
        list(extract_figures(report, tmp_path / "out"))
