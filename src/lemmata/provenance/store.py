"""The store: finished outputs by fingerprint, so that going back to an old value trains nothing.

Below its folder lie ``objects/``, files under their own sha256, shared by whoever needs them, and
``entries/``, the records with what they need to be put back. The entry is written last and in one
step, so any number of machines may write at once without locks, and a crash leaves only temporary
files and objects that no entry needs. What is damaged is never handed out: it counts as absent and
is removed. A store that cannot be written or read costs a job nothing but a line in its log.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.provenance import upkeep
from lemmata.provenance.entries import (
    Entry,
    all_entries,
    entry_path,
    path_for,
    place_of,
    read_entry,
    write_entry,
)
from lemmata.provenance.objects import Objects, size_of
from lemmata.provenance.session import log
from lemmata.provenance.upkeep import Pruned

__all__ = ["Entry", "Pruned", "Store", "place_of"]

PATH = ".lemmata/store"
FULL = 0.9  # of the limit; else each job that follows would find the store full again


@dataclass(frozen=True)
class Store:
    """A store in the folder `root`; limit_bytes: None for no limit, 0 for a store that is off."""

    root: Path
    limit_bytes: int | None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Store:
        """The store that the section `store` of the configuration describes (path, max_gib)."""
        size = settings.get("max_gib")
        return cls(Path(settings.get("path", PATH)), None if size is None else int(size * 2**30))

    @property
    def kept(self) -> bool:
        """Whether the store keeps anything at all."""
        return self.limit_bytes != 0

    @property
    def _objects(self) -> Objects:
        return Objects(self.root / "objects")

    def keep(self, record: Mapping[str, Any], files: Mapping[str, Path]) -> None:
        """Keep the outputs of a record; files: where each of its output paths lies on disk.

        Where the store is then beyond its limit, the least recently used entries go until it is
        within FULL of it; the new one stays in any case. Raises LemmataError for a file that is not
        what the record says.
        """
        if not self.kept:
            return
        outputs = {item["path"]: item["sha256"] for item in record["outputs"]}
        target = path_for(self.root, record)
        try:
            for path, digest in outputs.items():
                self._objects.add(files[path], digest)
            modes = {path: files[path].stat().st_mode & 0o777 for path in outputs}
            write_entry(target, record, modes)
            for path, digest in outputs.items():
                if not self._objects.path(digest).exists():  # pruned before the entry protected it
                    self._objects.add(files[path], digest)
        except OSError as error:
            log.warning("store %s: outputs not kept (%s)", self.root, error)
            return
        added = sum(item["bytes"] for item in record["outputs"]) + size_of(target)
        if self.limit_bytes is not None and upkeep.may_exceed(self.root, self.limit_bytes, added):
            try:
                upkeep.prune(self.root, int(FULL * self.limit_bytes), spared=target)
            except LemmataError as error:
                log.warning("%s", error)

    def restore(
        self, fingerprint: str, place: str, targets: Mapping[str, Path]
    ) -> dict[str, Any] | None:
        """Copy kept outputs to `targets` (temporary file by output path); returns their record.

        None, and no target, where nothing is kept or something of it is damaged.
        """
        path = entry_path(self.root, fingerprint, place)
        if not self.kept or not path.exists():
            return None
        try:
            record = self._copy_out(path, targets)
        except (LemmataError, OSError) as error:
            log.warning("store: %s; nothing restored", error)
            if isinstance(error, LemmataError):
                with contextlib.suppress(OSError):  # another user's store
                    path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return record

    def _copy_out(self, path: Path, targets: Mapping[str, Path]) -> dict[str, Any]:
        done = False
        try:
            content = read_entry(path)
            record: dict[str, Any] = content["record"]
            for item in record["outputs"]:
                target = targets[item["path"]]
                self._objects.copy_out(item["sha256"], target)
                target.chmod(content["modes"][item["path"]])
            done = True
        finally:  # also when the job is told to stop
            for target in () if done else targets.values():
                target.unlink(missing_ok=True)
        return record

    def entries(self) -> Iterator[Entry]:
        """Every whole entry, by fingerprint; LemmataError for one that cannot be read at all."""
        return all_entries(self.root)

    def verify(self) -> list[str]:
        """Everything that is wrong with the store, one line each; reads every object."""
        return upkeep.verify(self.root)

    def prune(self, limit_bytes: int, dry_run: bool = False) -> Pruned:
        """Remove the least recently used entries until the store takes at most `limit_bytes`.

        Damaged entries, objects that no entry needs and old temporary files go too. Raises
        LemmataError when a file cannot be removed.
        """
        return upkeep.prune(self.root, limit_bytes, dry_run=dry_run)
