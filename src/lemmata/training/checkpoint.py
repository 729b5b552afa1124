"""Checkpoints that are whole or refused: written under another name, named by their own digest."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

import torch

from lemmata.provenance.digest import sha256_file
from lemmata.provenance.files import publish, temporary_name

log = logging.getLogger(__name__)

NAME = re.compile(r"step-(\d{8,})\.([0-9a-f]{16})\.pt")
KEEP = 2  # the newest, and one to fall back on when it turns out damaged


class Checkpoints:
    """The checkpoints of one run in one folder, ``step-00000120.<sha256, 16 digits>.pt``.

    The folder belongs to one computation (a job's fingerprint names it); nothing in a file says
    which run it is of.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, state: dict[str, Any]) -> Path:
        """Store `state` (tensors and plain values, nested) durably; keep the last two."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(self.folder / f"step-{step:08d}.pt", str(os.getpid()))
        try:
            with temporary.open("wb") as stream:  # a stream: torch would store a path's name
                torch.save(state, stream)
            final = self.folder / f"step-{step:08d}.{sha256_file(temporary)[:16]}.pt"
            publish(temporary, final)
        finally:
            temporary.unlink(missing_ok=True)
        for saved, _, path in self._files():
            if saved == step and path != final:
                path.unlink()  # the same step saved before, with less to tell
        self._prune()
        return final

    def load(self) -> dict[str, Any] | None:
        """The newest state whose file matches its name's digest, on the CPU; None without one.

        A damaged file is reported in one log line and removed, and the next older one is tried.
        """
        for step, digest, path in self._files():
            found = sha256_file(path)[:16]
            if found == digest:
                state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
                return state
            log.warning(
                "checkpoint of step %d refused and removed: %s has sha256 %s..., its name says %s",
                *(step, path, found, digest),
            )
            path.unlink()
        return None

    def clear(self) -> None:
        """Remove the checkpoints, half-written ones too, and the folder when that empties it."""
        for path in [*self._half_written(), *(path for _, _, path in self._files())]:
            path.unlink()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _files(self) -> list[tuple[int, str, Path]]:
        """(step, digest, path), newest first."""
        found = [(NAME.fullmatch(path.name), path) for path in self.folder.glob("step-*.pt")]
        return sorted(((int(m[1]), m[2], path) for m, path in found if m), reverse=True)

    def _half_written(self) -> list[Path]:
        """What a process left that was killed while it wrote."""
        return list(self.folder.glob(temporary_name(Path("step-*.pt"), "*").name))

    def _prune(self) -> None:
        for path in [*self._half_written(), *(path for _, _, path in self._files()[KEEP:])]:
            path.unlink()
