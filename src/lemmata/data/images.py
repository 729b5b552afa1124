"""Readers of the image data sets: ``y``, and pixels ``x_0, ...``, float32 in [0, 1].

Pixels stand row by row, channel after channel.
"""

from __future__ import annotations

import gzip
import math
import tarfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.data.columns import Paths

IDX_IMAGES: Final = 2051
IDX_LABELS: Final = 2049
CIFAR_RECORD: Final = 1 + 3 * 32 * 32


def read_digits(paths: Paths) -> pd.DataFrame:
    """1,797 digits of 8 x 8 pixels with grey levels 0 to 16."""
    frame = pd.read_csv(paths["digits.csv.gz"], header=None, dtype=np.float64)
    values = frame.to_numpy()  # (N, 65)
    return _table(values[:, :-1] / 16.0, values[:, -1])


def read_mnist(paths: Paths) -> pd.DataFrame:
    """70,000 digits of 28 x 28 pixels with grey levels 0 to 255; the training part comes first."""
    pixels, labels = [], []
    for part, rows in (("train", 60_000), ("t10k", 10_000)):
        images = read_idx(paths[f"{part}-images-idx3-ubyte.gz"], IDX_IMAGES)  # (n, 28, 28)
        if images.shape != (rows, 28, 28):
            raise ValueError(f"{part} images are {images.shape}, documented is ({rows}, 28, 28)")
        pixels.append(images.reshape(rows, -1))  # (n, 784)
        labels.append(read_idx(paths[f"{part}-labels-idx1-ubyte.gz"], IDX_LABELS))  # (n,)
    return _table(np.concatenate(pixels) / np.float32(255.0), np.concatenate(labels))


def read_cifar10(paths: Paths) -> pd.DataFrame:
    """60,000 colour images of 32 x 32 pixels, 10 classes; the training part comes first.

    The binary version, which needs no pickle: records of a label and 3 x 32 x 32 bytes, red first.
    """
    with tarfile.open(paths["cifar-10-binary.tar.gz"], "r:gz") as archive:
        parts = [_cifar_batch(archive, f"data_batch_{k}.bin") for k in range(1, 6)]
        records = np.concatenate([*parts, _cifar_batch(archive, "test_batch.bin")])  # (N, 3073)
    return _table(records[:, 1:] / np.float32(255.0), records[:, 0])


def _cifar_batch(archive: tarfile.TarFile, name: str) -> NDArray[np.uint8]:
    member = archive.extractfile(f"cifar-10-batches-bin/{name}")
    data = np.frombuffer(b"" if member is None else member.read(), dtype=np.uint8)
    if not data.size or data.size % CIFAR_RECORD:
        raise ValueError(f"{name} holds {data.size} bytes, no whole records of {CIFAR_RECORD}")
    return data.reshape(-1, CIFAR_RECORD)


def read_idx(path: Path, magic: int) -> NDArray[np.uint8]:
    """Array of a gzipped IDX file of bytes (LeCun et al., 1998); big-endian magic and sizes.

    The last byte of the magic number is the number of axes. Raises ValueError when the magic or
    the length differ from what is announced.
    """
    with gzip.open(path) as stream:
        content = stream.read()
    axes = magic & 0xFF
    start = 4 * (1 + axes)
    if len(content) < start or int.from_bytes(content[:4], "big") != magic:
        raise ValueError(f"{path.name} is no IDX file with magic number {magic}")
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").tolist())
    data = np.frombuffer(content, dtype=np.uint8, offset=start)
    if data.size != math.prod(shape):
        raise ValueError(f"{path.name} announces {shape} but holds {data.size} bytes")
    return data.reshape(shape)


def _table(pixels: NDArray[np.generic], y: NDArray[np.generic]) -> pd.DataFrame:
    names = [f"x_{i}" for i in range(pixels.shape[1])]
    frame = pd.DataFrame(pixels.astype(np.float32, copy=False), columns=names)  # (N, D)
    frame.insert(0, "y", y.astype(np.int64))
    return frame
