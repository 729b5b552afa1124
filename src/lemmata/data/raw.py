"""One file of a data set as it was published: where it comes from and what its bytes must be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RawFile:
    """A published file, identified by its sha256 and nothing else.

    dataset: data set that it belongs to; name: its file name in ``resources/<dataset>/``;
    source: ``package://<import name>/<path>`` for a file shipped inside an installed package, an
    https URL, or None where no public address serves these very bytes; sha256: of the file (hex),
    or None where this project never had the file, so that the user must vouch for its bytes under
    ``data.sha256``; mirror_path: its place in a mirror, None for a package's file; page: where a
    person reads about it and gets it by hand.
    """

    dataset: str
    name: str
    source: str | None
    sha256: str | None
    mirror_path: str | None
    page: str
