"""Images of a folder, a subfolder a class: listed once, decoded by worker processes ahead of need.

Laid out as ImageNet and Imagenette are, with a test part of their own, or all in one::

    root/train/<class>/*.jpg  root/val/<class>/*.jpg        root/<class>/*.png
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lemmata.data.splits import assign_splits
from lemmata.errors import LemmataError
from lemmata.training.batches import batch_indices

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1], as most code has them."""
AT_A_TIME: Final = 256


def list_folder(root: Path, split: Mapping[str, float], seed: int) -> pd.DataFrame:
    """row, path below root, class, y, split, bytes, sha256 of every image, in order of the paths.

    With folders train and val, val is the test part and train is cut into training and validation
    in the proportion of `split` {train, validation, test}; else all images are cut. Classes are
    numbered by name. Raises LemmataError for a folder without images or with one class.
    """
    apart = (root / "train").is_dir() and (root / "val").is_dir()
    tops = ("train", "val") if apart else (".",)
    files = sorted(
        path.relative_to(root)
        for top in tops
        for path in (root / top).glob("*/*")
        if path.suffix.lower() in SUFFIXES
    )
    names = sorted({path.parent.name for path in files})
    if len(names) < 2:
        raise LemmataError(
            f"{root}: {len(files)} images of {len(names)} classes; need subfolders of 2 or more"
            f" classes with files {', '.join(SUFFIXES)}"
        )
    y = np.array([names.index(path.parent.name) for path in files], dtype=np.int64)
    table = pd.DataFrame({"row": np.arange(len(files)), "path": [p.as_posix() for p in files]})
    table["class"], table["y"] = [path.parent.name for path in files], y
    table["split"] = _parts(files, y, split, seed, apart=apart)
    # One at a time: all at once would be a whole ImageNet in memory.
    table["bytes"], table["sha256"] = zip(*(_fingerprint(root / p) for p in files), strict=True)
    return table


def _fingerprint(path: Path) -> tuple[int, str]:
    content = path.read_bytes()
    return len(content), hashlib.sha256(content).hexdigest()


def _parts(
    files: Sequence[Path],
    y: NDArray[np.int64],
    split: Mapping[str, float],
    seed: int,
    *,
    apart: bool,
) -> NDArray[np.str_]:
    if not apart:
        return assign_splits(y, seed, split)
    known = split["train"] + split["validation"]
    shares = {key: split[key] / known for key in ("train", "validation")} | {"test": 0.0}
    tested = np.array([path.parts[0] == "val" for path in files])
    parts = np.full(len(files), "test", dtype="<U10")
    parts[~tested] = assign_splits(y[~tested], seed, shares)
    return parts


class _Files(Dataset[Tensor]):
    """Place in the listing -> its image, uint8 (3, side, side)."""

    def __init__(self, root: Path, paths: Sequence[str], sizes: Sequence[int], side: int) -> None:
        self.root, self.paths, self.sizes, self.side = root, paths, sizes, side

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> Tensor:
        path = self.root / self.paths[place]
        try:
            if path.stat().st_size != self.sizes[place]:
                raise LemmataError(f"{path}: is not the file that was listed; list it anew")
            with path.open("rb") as stream, Image.open(stream) as image:
                return square(image, self.side)
        except (OSError, UnidentifiedImageError) as error:
            raise LemmataError(f"{path}: not a readable image ({error})") from error


def square(image: Image.Image, side: int) -> Tensor:
    """The middle square of an image, scaled to (3, side, side), uint8."""
    # JPEG decodes at a half, a quarter or an eighth of its size for a fraction of the time.
    image.draft("RGB", (side, side))
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    box = (left, top, left + edge, top + edge)
    small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, box=box)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).contiguous()


class _Steps:
    """The places of the batches of steps first..last: what the workers are asked for, in order."""

    def __init__(self, own: NDArray[np.int64], seed: int, size: int, first: int, last: int) -> None:
        self.own, self.seed, self.size, self.first, self.last = own, seed, size, first, last

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.last + 1):
            yield self.own[batch_indices(self.seed, step, len(self.own), self.size)].tolist()


class FolderImages:
    """Images of a listed folder.

    listing: as `list_folder` makes it; side: to which every image is cut and scaled; workers:
    processes that decode, 0 for this one.
    """

    channels = 3
    nuisance: Tensor | None = None

    def __init__(
        self,
        root: Path,
        listing: pd.DataFrame,
        side: int,
        workers: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.side, self.workers, self.device = side, workers, torch.device(device)
        self.y = listing["y"].to_numpy(np.int64, copy=True)
        self.split = listing["split"].to_numpy(str)
        self.row = listing["row"].to_numpy(np.int64, copy=True)
        self._files = _Files(root, listing["path"].tolist(), listing["bytes"].tolist(), side)

    def training(self, seed: int, batch_size: int, steps: int) -> Callable[[int], Tensor]:
        """step -> its batch: workers run ahead in the order of the steps, from the first asked."""
        own = np.flatnonzero(self.split == "train")
        state: dict[str, object] = {"next": 0}

        def batch(step: int) -> Tensor:
            if state["next"] != step:  # the first, or the first after a resumption
                ahead = _Steps(own, seed, batch_size, step, steps)
                state["batches"] = iter(self._loader(ahead))
            state["next"] = step + 1
            return self._standardised(next(state["batches"]))  # type: ignore[call-overload]

        return batch

    def in_order(self, rows: NDArray[np.int64]) -> Iterator[Tensor]:
        """The images at these places, in parts."""
        parts = np.array_split(rows, max(-(-len(rows) // AT_A_TIME), 1))
        for part in self._loader([part.tolist() for part in parts]):
            yield self._standardised(part)

    def _loader(self, batches: Sequence[list[int]] | _Steps) -> DataLoader[Tensor]:
        ahead = {"prefetch_factor": 4} if self.workers else {}
        return DataLoader(
            self._files,
            batch_sampler=batches,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator().manual_seed(0),  # or it would draw from the global one
            **ahead,  # type: ignore[arg-type]
        )

    def _standardised(self, images: Tensor) -> Tensor:
        moved = images.to(self.device, non_blocking=True).float() / 255.0
        mean, deviation = (
            torch.tensor(values, device=self.device).view(1, 3, 1, 1)
            for values in (MEAN, DEVIATION)
        )
        return (moved - mean) / deviation
