"""What is known of a data set before any of its bytes is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lemmata.data.raw import RawFile

Kind = Literal["tabular", "image", "text", "forecast"]
Origin = Literal["bundled", "synthetic", "downloadable"]


@dataclass(frozen=True)
class Dataset:
    """Name, files, licence and citation of a data set.

    kind: tabular, image and text sets train models, a forecast set is p and y already; files:
    empty for a synthetic set; classes: number of labels; note: what a reader of a figure must know.
    """

    name: str
    title: str
    kind: Kind
    files: tuple[RawFile, ...]
    licence: str
    citation: str
    classes: int = 2
    note: str = ""

    @property
    def origin(self) -> Origin:
        """Bundled sets need no network, synthetic ones no file at all."""
        if not self.files:
            return "synthetic"
        packaged = all((file.source or "").startswith("package://") for file in self.files)
        return "bundled" if packaged else "downloadable"
