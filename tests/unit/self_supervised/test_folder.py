"""A folder of images: listed, decoded by workers, batches a function of the step; planted noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import Grid, patches
from lemmata.self_supervised.image_folder import (
    DEVIATION,
    MEAN,
    FolderImages,
    list_folder,
    square,
)
from lemmata.self_supervised.images import TableImages
from lemmata.self_supervised.planted import NuisanceSettings, draw_nuisance, plant
from lemmata.training.batches import batch_indices

SPLIT = {"train": 0.6, "validation": 0.2, "test": 0.2}


def fill(root: Path, names: tuple[str, ...], each: int, suffix: str = ".png") -> None:
    """Folders of `each` one-coloured images, 10 x 14 pixels: class k is red 40 (k + 1)."""
    for k, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(each):
            pixels = np.zeros((10, 14, 3), np.uint8)
            pixels[:, :, 0], pixels[:, :, 1] = 40 * (k + 1), 10 * number
            Image.fromarray(pixels).save(root / name / f"{number:02d}{suffix}")


def test_listing(tmp_path: Path) -> None:
    fill(tmp_path, ("cat", "dog"), 10)
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    table = list_folder(tmp_path, SPLIT, seed=0)
    assert len(table) == 20
    assert table["path"].is_monotonic_increasing
    assert table["split"].value_counts().to_dict() == {"train": 12, "validation": 4, "test": 4}
    first = table.iloc[0]
    assert (first["path"], first["class"], first["y"]) == ("cat/00.png", "cat", 0)
    assert first["bytes"] == (tmp_path / "cat/00.png").stat().st_size


def test_listing_with_a_test_part(tmp_path: Path) -> None:
    fill(tmp_path / "train", ("cat", "dog"), 8, ".jpg")
    fill(tmp_path / "val", ("cat", "dog"), 3, ".jpg")
    table = list_folder(tmp_path, SPLIT, seed=0)
    assert set(table.loc[table["path"].str.startswith("val"), "split"]) == {"test"}
    assert table["split"].value_counts().to_dict() == {"train": 12, "test": 6, "validation": 4}


def test_no_images(tmp_path: Path) -> None:
    with pytest.raises(LemmataError, match="0 images of 0 classes; need subfolders"):
        list_folder(tmp_path, SPLIT, seed=0)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # two workers on one core
@pytest.mark.parametrize("workers", [0, 2])
def test_batches(tmp_path: Path, workers: int) -> None:
    """Each batch holds the images of its step, also when training begins in the middle."""
    fill(tmp_path, ("cat", "dog"), 10)
    listing = list_folder(tmp_path, SPLIT, seed=0)
    images = FolderImages(tmp_path, listing, side=8, workers=workers)
    own = np.flatnonzero(listing["split"] == "train")
    batch = images.training(seed=3, batch_size=5, steps=6)
    for step in (1, 2, 3, 5, 6):  # 5: as after a resumption
        rows = own[batch_indices(3, step, len(own), 5)]
        found = batch(step)[:, 0, 4, 4] * DEVIATION[0] + MEAN[0]
        wanted = torch.tensor([40 * (y + 1) / 255 for y in listing["y"].iloc[rows]])
        torch.testing.assert_close(found, wanted)
    every = torch.cat(list(images.in_order(np.arange(20))))
    assert every.shape == (20, 3, 8, 8)
    green = every[:, 1, 0, 0] * DEVIATION[1] + MEAN[1]
    torch.testing.assert_close(green, torch.arange(10.0).repeat(2) * 10 / 255)


def test_the_middle_square() -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 2:6] = 200  # exactly the middle
    assert (square(Image.fromarray(pixels), 4) == 200).all()


def test_grey_images_get_three_channels(tmp_path: Path) -> None:
    Image.new("L", (6, 6), 90).save(tmp_path / "grey.png")
    with Image.open(tmp_path / "grey.png") as image:
        assert (square(image, 3) == 90).all()


def test_files_that_changed_or_are_damaged(tmp_path: Path) -> None:
    fill(tmp_path, ("cat", "dog"), 5)
    listing = list_folder(tmp_path, SPLIT, seed=0)
    images = FolderImages(tmp_path, listing, side=8, workers=0)
    path = tmp_path / "cat" / "00.png"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(LemmataError, match=r"00\.png: is not the file that was listed"):
        list(images.in_order(np.arange(10)))
    path.write_bytes(b"x" * int(listing["bytes"].iloc[0]))
    with pytest.raises(LemmataError, match=r"00\.png: not a readable image"):
        list(images.in_order(np.arange(10)))


def test_nuisance_moments() -> None:
    own = NuisanceSettings(patch=2, places=(0, 3, 12), amplitude=3.0, rho=0.2)
    u = draw_nuisance(200_000, own, torch.Generator().manual_seed(0))
    found = np.cov(u.numpy().T)
    wanted = 9.0 * (0.2 + 0.8 * np.eye(3))
    np.testing.assert_allclose(found, wanted, atol=0.1)  # 4 standard errors


def test_planted_patches_and_nothing_else() -> None:
    pixels = torch.randn(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    y, row = np.zeros(7, np.int64), np.arange(7)
    images = TableImages(pixels, y, np.full(7, "train"), row)
    own = NuisanceSettings(patch=2, places=(0, 7), amplitude=3.0, rho=0.2)
    planted = plant(images, own, seed=1)
    before, after = (patches(p, Grid(8, 1, 2)) for p in (pixels, planted.pixels))
    assert planted.nuisance is not None
    for k, place in enumerate((0, 7)):
        assert torch.equal(after[:, place], planted.nuisance[:, k, None].expand(-1, 4))
    others = [t for t in range(16) if t not in (0, 7)]
    assert torch.equal(after[:, others], before[:, others])
    assert torch.equal(plant(images, own, seed=1).pixels, planted.pixels)
    assert not torch.equal(plant(images, own, seed=2).pixels, planted.pixels)
    with pytest.raises(LemmataError, match=r"patches are 0\.\.15"):
        plant(images, NuisanceSettings(2, (16,), 3.0, 0.2), seed=0)
