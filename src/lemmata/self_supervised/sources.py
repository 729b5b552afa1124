"""Images by what the configuration says of them: a prepared table, planted noise, or a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.self_supervised.image_folder import FolderImages
from lemmata.self_supervised.images import Images, table_images
from lemmata.self_supervised.planted import NuisanceSettings, plant
from lemmata.training.device import Compute


def source_of(values: Mapping[str, Any], table: pd.DataFrame) -> Callable[[Compute], Images]:
    """What gives the images on a device.

    values: {"kind": "table"}; {"kind": "planted", "nuisance", "seed"}; or {"kind": "folder",
    "path", "side", "workers"}. table: prepared pixels, or a folder's listing.
    """
    kind = values["kind"]
    if kind == "table":
        return lambda compute: table_images(table, compute.device)
    if kind == "planted":
        nuisance = build(NuisanceSettings, values["nuisance"], "nuisance")
        return lambda compute: plant(table_images(table, compute.device), nuisance, values["seed"])
    if kind == "folder":
        root, side, workers = Path(values["path"]), values["side"], values["workers"]
        return lambda compute: FolderImages(root, table, side, workers, compute.device)
    raise LemmataError(f"source = {kind!r}: allowed: table, planted, folder")
