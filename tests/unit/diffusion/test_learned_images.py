"""Networks of digits: their data, what is sampled from them, its measures, and the study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.diffusion import sampling_images
from lemmata.diffusion.experiment import train_model
from lemmata.diffusion.figures import image_grid as grid_figure
from lemmata.diffusion.figures import images as images_figure
from lemmata.diffusion.image_measures import measures_of, measures_of_real, reference
from lemmata.diffusion.images import held_out, training_examples
from lemmata.diffusion.judged import ink_groups, judged
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.metrics import energy_distance, frechet_distance
from lemmata.diffusion.sampling_images import Pair, sample_images
from lemmata.diffusion.studies import images
from lemmata.tables import write_table
from tests.unit.diffusion.networks import FLOW, SETTINGS, STAMP, Exact


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    pixels = rng.random((120, 64))
    y = np.repeat(np.arange(10), 12)
    pixels[np.arange(120), y] = 3.0  # so that a classifier can learn them
    frame = pd.DataFrame({f"x_{k}": pixels[:, k] for k in range(64)})
    frame.insert(0, "y", y)
    frame.insert(0, "split", np.where(np.arange(120) % 2, "train", "test"))
    return frame


def test_digits_are_cut_in_two_and_scaled(table):
    pixels, conditions = training_examples(table)
    real, labels = held_out(table)
    assert pixels.shape == (60, 64)
    assert real.shape == (60, 64)
    assert conditions.sum(dim=1).eq(1).all()
    assert torch.equal(
        conditions.argmax(dim=1), torch.from_numpy(table["y"].to_numpy()[1::2].copy())
    )
    assert labels.tolist() == table["y"].tolist()[::2]
    assert float(real.min()) >= -1.0


@pytest.fixture
def generated(table):
    settings = replace(SETTINGS, data="digits", steps=5, batch_size=16)
    known, real = training_examples(table), held_out(table)
    both = [
        LearnedGuidance(train_model(own, known, threads=1).model, own.prediction, torch.zeros(10))
        for own in (settings, replace(settings, **FLOW))
    ]
    grid = {"weights": [1.0, 3.0], "corrections": [1, 2], "steps": [2, 4], "each": 4}
    against = reference(known, real)
    return [sample_images(Pair(*both, 0), against, **grid, path_steps=[2, 4]) for _ in range(2)]


def test_generated_images_have_every_measure(generated):
    found, again = generated
    pd.testing.assert_frame_equal(found.samples, again.samples, check_exact=True)
    cases = found.measures.groupby(["weight", "steps"])["sampler"].apply(list).to_dict()
    guided = ["ddim", "ddpm", "pcg", "pcg_powered_1", "pcg_powered_2"]
    assert cases == {
        (g, n): [*names, "flow"] for g, names in ((1.0, guided[:2]), (3.0, guided)) for n in (2, 4)
    }
    probabilities = found.samples[[f"p_{k}" for k in range(10)]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    for name in ("ddim", "flow"):
        chosen = (found.samples["sampler"] == name) & (found.samples["weight"] == 3.0)
        own = found.samples[chosen]
        said = own[[f"p_{k}" for k in range(10)]].to_numpy().argmax(axis=1) == own["label"]
        row = found.measures[
            (found.measures["sampler"] == name)
            & (found.measures["weight"] == 3.0)
            & (found.measures["steps"] == 4)
        ]
        assert row["accuracy"].item() == pytest.approx(said.mean())
    assert (found.paths["rms"] > 0).all()
    real = found.measures[found.measures["sampler"] == "real"]
    assert real["accuracy"].item() > 0.9  # the judge, on images that it was not fitted to
    assert grid_figure.draw(found.shown).axes


def test_images_shown_are_the_first_of_their_class(generated):
    found = generated[0]
    first = found.samples.drop_duplicates(["sampler", "weight", "label"])
    both = first.merge(found.shown, on=["sampler", "weight", "label"])
    assert len(both) == len(first) == len(found.shown) == (3 + 6) * 10
    np.testing.assert_allclose(both.filter(regex="^x_").mean(axis=1), both["ink"], rtol=1e-5)


def test_many_images_are_sampled_in_chunks(generated, monkeypatch):
    def sampled_in(chunk):
        monkeypatch.setattr(sampling_images, "CHUNK", chunk)
        guidance = LearnedGuidance(Exact(), "v", torch.zeros(1))
        pair = Pair(guidance, guidance, 0)
        labels = torch.arange(2).repeat_interleave(3)
        return list(sampling_images._sampled(pair, "ddim", 1.0, [], 3, labels % 1, 1))

    whole, parts = sampled_in(10), sampled_in(4)
    assert [len(part) for part in whole] == [6]
    assert [len(part) for part in parts] == [4, 2]
    assert torch.equal(parts[0][:, 0], whole[0][:4, 0])  # the first chunk's noise is the same


def test_measures_of_images_are_those_of_the_metrics(table):
    known, real = training_examples(table), held_out(table)
    own = reference(known, real)
    found = measures_of(own, known[0], known[1].argmax(dim=1), 0)
    assert found["frechet_pixels"] == pytest.approx(frechet_distance(known[0], real[0]))
    assert found["energy"] == pytest.approx(energy_distance(known[0], real[0]))
    assert found["nearest_training"] == pytest.approx(0.0, abs=1e-6)
    assert found["accuracy"] == measures_of_real(own, 0)["accuracy"]
    outside = float((known[0].abs() > 1).double().mean())
    assert found["outside"] == pytest.approx(outside)
    inner = own.judge.features(real[0])
    logits = inner.numpy() @ own.judge.net.coefs_[1] + own.judge.net.intercepts_[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(own.judge.probabilities(real[0]), expected, rtol=1e-9)


def test_what_is_generated_becomes_predictions_and_groups(generated):
    samples = generated[0].samples
    assert samples["row"].is_unique
    found = judged(samples, "ddim", 3.0)
    assert len(found) == 40
    assert found["split"].value_counts().to_dict() == {"validation": 20, "test": 20}
    assert found["y"].tolist() == np.repeat(np.arange(10), 4).tolist()
    flags = ink_groups(samples)
    quarters = flags.filter(like="g_")
    assert (quarters.sum(axis=1) == 1).all()
    assert quarters.sum().max() - quarters.sum().min() <= 4
    ink = samples["ink"]
    assert ink[quarters["g_thick_strokes"]].min() >= ink[quarters["g_thin_strokes"]].max()


def test_guided_images_are_compared_at_equal_seeds(tmp_path):
    measures, paths = [], []
    for seed in range(2):
        values = (
            ("ddim", 3.0), ("flow", 3.3), ("ddpm", 2.0), ("pcg", 2.2), ("pcg_powered_1", 1.0),
        )  # fmt: skip
        for (name, value), steps in ((v, n) for v in values for n in (50, 100)):
            row = {"sampler": name, "weight": 3.0, "steps": steps, "seed": seed}
            row["frechet_pixels"] = value + seed + (steps < 100) * 7.0
            measures.append(row | dict.fromkeys(images_figure.PANELS, 0.5) | row)
        for name, value in (("pcg", 0.1), ("pcg_powered_1", 0.5)):
            paths += [
                {"sampler": name, "steps": n, "seed": seed, "rms": value / n} for n in (50, 200)
            ]
    files = tmp_path / "m.parquet", tmp_path / "p.parquet"
    for frame, file in zip((measures, paths), files, strict=True):
        write_table(pd.DataFrame(frame), file, STAMP)
    study = images.study([files[0]], [files[1]])
    found = study.evidence.set_index("statistic")["value"]
    assert found["frechet_gap_of_pcg"] == pytest.approx((0.2 / 2 + 0.2 / 3) / 2)
    assert found["frechet_ratio_of_wrong_weight"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found["frechet_gap_of_the_flow_twin"] == pytest.approx((0.3 / 3 + 0.3 / 4) / 2)
    assert found["path_ratio_of_wrong_weight"] == pytest.approx(5.0)
    null = {"frechet_pixels": 0.3, "frechet_features": 0.4, "accuracy": 0.9}
    real = pd.DataFrame([{"sampler": "real", "what": "measure"} | null])
    assert images_figure.draw(pd.concat([study.table, real])).axes
