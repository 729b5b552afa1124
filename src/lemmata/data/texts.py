"""Readers of the sets of texts: ``y``, and ``x_text`` with single spaces between words.

One row of sst2::

    y  x_text
    0  one long string of cliches
"""

from __future__ import annotations

import ast
import re
from typing import Final

import pandas as pd

from lemmata.data.columns import Paths

SHORTEST: Final = 40
"""Characters of a paragraph of documentation that counts as text."""


def read_torch_docs(paths: Paths) -> pd.DataFrame:
    """2,009 paragraphs of the strings of PyTorch's module of documentation, each kept once."""
    tree = ast.parse(paths["_torch_docs.py"].read_text(encoding="utf-8"))
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    paragraphs = [" ".join(part.split()) for s in strings for part in re.split(r"\n\s*\n", s)]
    kept = list(dict.fromkeys(part for part in paragraphs if len(part) >= SHORTEST))
    return _table([int(">>>" in part) for part in kept], kept)


def read_sst2(paths: Paths) -> pd.DataFrame:
    """9,613 sentences of film reviews: 6,920, 872 and 1,821 of the three published parts."""
    labels, texts = [], []
    for name in ("train.tsv", "dev.tsv", "test.tsv"):
        for line in _lines(paths[name].read_bytes().decode("utf-8")):
            text, label = line.rsplit("\t", 1)
            texts.append(text)
            labels.append(int(label))
    return _table(labels, texts)


def read_rotten_tomatoes(paths: Paths) -> pd.DataFrame:
    """10,662 sentences, half of them of positive reviews; a single-byte encoding."""
    parts = [_lines(paths[f"rt-polarity.{end}"].read_bytes().decode("cp1252")) for end in _ENDS]
    labels = [label for label, part in enumerate(parts) for _ in part]
    return _table(labels, [text for part in parts for text in part])


_ENDS: Final = ("neg", "pos")


def _lines(content: str) -> list[str]:
    # Not splitlines, which breaks at characters that occur inside a sentence.
    return [line for line in content.split("\n") if line.strip()]


def _table(labels: list[int], texts: list[str]) -> pd.DataFrame:
    plain = [" ".join(text.split()) for text in texts]
    return pd.DataFrame({"y": pd.Series(labels, dtype="int64"), "x_text": plain})
