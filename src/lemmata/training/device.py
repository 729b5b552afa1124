"""Where and how precisely to compute: device, precision, threads, determinism."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

from lemmata.errors import LemmataError

log = logging.getLogger("lemmata.training")

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Compute:
    """A device and the precision of the arithmetic on it; weights are float32 in either case."""

    device: torch.device
    precision: Precision

    def autocast(self) -> AbstractContextManager[object]:
        """The context of the forward pass: matrix products in bfloat16 where that was chosen."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def describe(self) -> str:
        """One line for the record."""
        name, threads = self.device.type, torch.get_num_threads()
        if self.device.type == "cuda":
            name = f"{torch.cuda.get_device_name(self.device)}, CUDA {torch.version.cuda}"
        return f"{name}, {self.precision}, {threads} thread(s), torch {torch.__version__}"


def select(device: Device, precision: Precision, threads: int, gpus: int = 0) -> Compute:
    """Choose the device and make torch deterministic on `threads` threads, process-wide.

    "auto" takes CUDA where torch sees it; gpus: how many the job asked for, because an "auto" that
    asked for one and sees none says so before it falls back to the CPU. float32 means IEEE float32
    on a GPU as well: its shortcut with 10 bits of mantissa (TF32), which torch allows in
    convolutions by default, is turned off.
    Raises LemmataError for "cuda" without a GPU and for a GPU without bfloat16.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise LemmataError("device = 'cuda': torch sees no GPU; allowed here: auto, cpu")
    on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if gpus and device == "auto" and not on_gpu:
        log.warning("%s", _no_gpu(gpus))
    if on_gpu and precision == "bfloat16" and not torch.cuda.is_bf16_supported():
        raise LemmataError("precision = 'bfloat16': this GPU has none; allowed here: float32")
    torch.set_num_threads(threads)
    # cuBLAS reads this at its first call and is otherwise free to add in any order.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # It also fills every new tensor with NaN, to show where one is read unwritten: about a
    # twentieth of the time of a small decoder.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    return Compute(torch.device("cuda" if on_gpu else "cpu"), precision)


def _no_gpu(gpus: int) -> str:
    """One line: what was asked for, what torch sees, and what happens instead."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
    return (
        f"asked for {gpus} GPU, but torch {torch.__version__} ({built}) sees none "
        f"(CUDA_VISIBLE_DEVICES: {visible}); training on the CPU, which may take far longer"
    )
