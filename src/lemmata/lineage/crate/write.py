"""Writing a crate: a zip file or a folder that appears whole or not at all.

The same tree gives the same bytes (with the same zlib): names are sorted, times fixed, and the date
of publication is that of the last job.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from lemmata.errors import LemmataError
from lemmata.lineage.crate.contents import Contents, Item, collect
from lemmata.lineage.crate.graph import metadata_of
from lemmata.lineage.crate.page import page
from lemmata.lineage.crate.stated import may_be_passed_on, stated_by_tree
from lemmata.lineage.crate.vocabulary import METADATA, PREVIEW
from lemmata.provenance.disk import unique_beside
from lemmata.provenance.files import publish, sync_folder

Raw = Literal["licensed", "all", "none"]
HELD: dict[str, Callable[[str], bool]] = {
    "licensed": may_be_passed_on,
    "all": lambda _: True,
    "none": lambda _: False,
}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can say
CHUNK = 2**20


def write_crate(results: Path, target: Path, root: Path, raw: Raw = "licensed") -> Path:
    """Write the results of one scale, with all that they descend from, as a Provenance Run Crate.

    results: results/<scale> below `root`, the folder with the Snakefile; target: a file *.zip,
    replaced where there is one, or a folder that is not there yet; raw: which raw files to hold,
    those whose licence lets anyone pass them on, all or none (the others are named by address and
    sha256). Returns the target. Raises LemmataError where anything is not what its record says.
    """
    if (root / "results" / results.name).resolve() != results.resolve() or not results.is_dir():
        raise LemmataError(f"{results}: must be a folder results/<scale> below {root}")
    if target.suffix != ".zip" and target.exists():
        raise LemmataError(f"{target}: is there already; a crate goes into a new folder")
    contents = collect(root, results, HELD[raw])
    metadata = metadata_of(contents, stated_by_tree(root, contents.raw))
    own = {METADATA: metadata_text(metadata), PREVIEW: page(metadata)}
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = unique_beside(target)
    try:
        if target.suffix == ".zip":
            _write_zip(temporary, contents, own)
            publish(temporary, target)
        else:
            _write_folder(temporary, contents, own)
            temporary.rename(target)
            sync_folder(target.parent)
    finally:
        _remove(temporary)
    return target


def metadata_text(metadata: dict[str, Any]) -> bytes:
    """The one text of a crate's metadata."""
    return (json.dumps(metadata, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _write_zip(path: Path, contents: Contents, own: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "x") as archive:
        for name, content in own.items():
            archive.writestr(_member(name, len(content)), content)
        for item in contents.files.values():
            with archive.open(_member(item.path, item.bytes), "w") as sink:
                _copy(contents.root, item, sink)


def _member(name: str, size: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, wherever it is written
    member.external_attr = 0o100644 << 16
    member.file_size = size
    return member


def _write_folder(path: Path, contents: Contents, own: dict[str, bytes]) -> None:
    for name, content in own.items():
        _place(path, name).write_bytes(content)
    for item in contents.files.values():
        with _place(path, item.path).open("wb") as sink:
            _copy(contents.root, item, sink)


def _place(folder: Path, name: str) -> Path:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _copy(root: Path, item: Item, sink: IO[bytes]) -> None:
    digest = hashlib.sha256()
    for chunk in _chunks(root / item.path):
        digest.update(chunk)
        sink.write(chunk)
    if digest.hexdigest() != item.sha256:
        raise LemmataError(f"{item.path}: changed while the crate was written")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
