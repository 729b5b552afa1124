"""Weights on disk: safetensors, never pickles, with the provenance stamp in the header."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import safetensors
from safetensors.torch import load_file, save_file
from torch import nn

from lemmata.errors import LemmataError
from lemmata.provenance.digest import canonical_json
from lemmata.provenance.embed import KEY


def save_weights(
    model: nn.Module, path: str | PathLike[str], stamp: Mapping[str, Any] | None = None
) -> None:
    """Write a model's state; the bytes depend on its values and the stamp alone.

    stamp: the job's identity (`Job.stamp`), kept as JSON in the header. No second key may join it
    there: safetensors writes the header's keys in no fixed order.
    """
    tensors = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    metadata = None if stamp is None else {KEY: canonical_json(dict(stamp)).decode()}
    save_file(tensors, path, metadata=metadata)


def load_weights(model: nn.Module, path: str | PathLike[str]) -> None:
    """Fill `model` from a file; raises LemmataError when it is damaged or of another shape."""
    try:
        model.load_state_dict(load_file(path))
    except (OSError, safetensors.SafetensorError) as error:
        raise LemmataError(f"{path}: not a readable safetensors file ({error})") from error
    except RuntimeError as error:
        problem = " ".join(str(error).split())
        raise LemmataError(f"{path}: does not fit the model ({problem})") from error
