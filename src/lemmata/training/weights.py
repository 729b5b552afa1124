"""Weights on disk: safetensors, never pickles, with the provenance stamp in the header."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import load, save, save_file
from torch import nn

from lemmata.errors import LemmataError
from lemmata.provenance.content import tensors_digest
from lemmata.provenance.digest import canonical_json
from lemmata.provenance.embed import KEY


def save_weights(
    model: nn.Module, path: str | PathLike[str], stamp: Mapping[str, Any] | None = None
) -> None:
    """Write a model's state; the bytes depend on its values and the stamp alone.

    stamp: the job's identity (`Job.stamp`), kept as JSON in the header with the digest of the
    tensors. No second key may join it there: safetensors writes them in no fixed order.
    """
    tensors = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    if stamp is None:
        save_file(tensors, path)
        return
    said = {**stamp, "content": tensors_digest(save(tensors))}
    save_file(tensors, path, metadata={KEY: canonical_json(said).decode()})


def load_weights(model: nn.Module, path: str | PathLike[str]) -> None:
    """Fill `model` from a file; raises LemmataError when it is damaged or of another shape."""
    try:
        # Read by Python, so that the job's watch over what is read sees it.
        model.load_state_dict(load(Path(path).read_bytes()))
    except (OSError, safetensors.SafetensorError) as error:
        raise LemmataError(f"{path}: not a readable safetensors file ({error})") from error
    except RuntimeError as error:
        problem = " ".join(str(error).split())
        raise LemmataError(f"{path}: does not fit the model ({problem})") from error
