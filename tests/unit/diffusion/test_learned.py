"""Networks as scores: conversions, dropped conditions, resuming; what is sampled and studied."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.diffusion import gaussian as example
from lemmata.diffusion import sampling_images
from lemmata.diffusion.clock import VP_COSINE
from lemmata.diffusion.experiment import Settings, new_model, train_model
from lemmata.diffusion.figures import image_grid as grid_figure
from lemmata.diffusion.figures import images as images_figure
from lemmata.diffusion.figures import learned_gaussian as learned_gaussian_figure
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.image_measures import measures_of, measures_of_real, reference
from lemmata.diffusion.images import held_out, training_examples
from lemmata.diffusion.judged import ink_groups, judged
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.metrics import energy_distance, frechet_distance
from lemmata.diffusion.network import ConditionalMLP
from lemmata.diffusion.prediction import PREDICTIONS, noise_of, target
from lemmata.diffusion.sampling_gaussian import sample_gaussian
from lemmata.diffusion.sampling_images import Pair, sample_images
from lemmata.diffusion.studies import images, learned_gaussian
from lemmata.diffusion.training_data import one_hot
from lemmata.errors import LemmataError
from lemmata.tables import write_table
from lemmata.training.batches import torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted
from lemmata.training.weights import load_weights, save_weights

STAMP = {"rule": "test", "fingerprint": "0" * 64}
SETTINGS = Settings(
    data="gaussian",
    points=0,
    prediction="v",
    levels="cosine",
    sigma_q=1.0,
    architecture="mlp",
    width=32,
    depth=2,
    patch=1,
    steps=60,
    batch_size=128,
    learning_rate=2e-3,
    drop=0.3,
    ema=0.99,
    compile=False,
    seed=0,
    device="cpu",
    precision="float32",
    log_every=20,
    checkpoint_every=20,
)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_noise_comes_back_from_every_prediction(prediction):
    x0, eps = torch.randn(2, 50, 3, generator=torch_generator(0, "x"), dtype=torch.float64)
    for time in (0.1, 0.5, 0.9):
        alpha, sigma = math.cos(time * math.pi / 2), math.sin(time * math.pi / 2)
        if prediction == "velocity":
            alpha, sigma = 1 - time, time
        said = target(prediction, x0, eps, torch.tensor(alpha), torch.tensor(sigma))
        found = noise_of(prediction, said, alpha * x0 + sigma * eps, alpha, sigma)
        torch.testing.assert_close(found, eps)


class Exact(ConditionalMLP):
    """The optimal v-prediction of the Gaussian example, in place of a trained network."""

    def __init__(self):
        torch.nn.Module.__init__(self)

    def forward(self, x, time, condition, known):
        alpha, sigma = (f(time[:, None] * math.pi / 2) for f in (torch.cos, torch.sin))
        c, variance = condition * known[:, None], 2.0 - known[:, None]
        x0 = c + alpha * variance / (alpha**2 * variance + sigma**2) * (x - alpha * c)
        return alpha * (x - alpha * x0) / sigma - sigma * x0


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_the_optimal_network_gives_the_exact_score(weight):
    guidance = LearnedGuidance(Exact(), "v", torch.tensor([0.7]))
    x = torch.linspace(-5, 5, 11, dtype=torch.float64)[:, None]
    for level in (0.05, 1.0, 20.0):
        expected = GaussianScore(0.7)(x, level, weight)
        torch.testing.assert_close(guidance.score(x, level, weight), expected, rtol=1e-6, atol=1e-7)


def test_without_its_condition_a_network_does_not_see_it():
    model = new_model(SETTINGS)
    with torch.no_grad():  # a fresh network passes nothing on
        for block in model.blocks:
            block.outer.weight.normal_(generator=torch_generator(0, "w"))
    x, time = torch.randn(6, 1, generator=torch_generator(0, "x")), torch.full((6,), 0.4)
    first, second = torch.zeros(6, 1), torch.ones(6, 1)
    for known, alike in ((torch.zeros(6), True), (torch.ones(6), False)):
        found = [model(x, time, c, known) for c in (first, second)]
        assert torch.equal(*found) == alike
    # The value 0 is not the null condition.
    assert not torch.equal(
        model(x, time, first, torch.ones(6)), model(x, time, first, torch.zeros(6))
    )


def test_training_learns_the_conditional_and_the_unconditional_mean():
    settings = replace(SETTINGS, steps=600, batch_size=512)
    trained = train_model(settings, threads=1)
    guidance = LearnedGuidance(trained.model, "v", torch.tensor([1.0]))
    x = torch.linspace(-1, 2.5, 6)[:, None]  # where data are
    for weight in (0.0, 1.0):
        found = guidance.score(x, 1.0, weight)
        expected = GaussianScore(1.0)(x, 1.0, weight)
        assert float((found - expected).abs().mean()) < 0.1  # a score of 0 errs by 0.4
    assert trained.history["step"].tolist() == list(range(20, 601, 20))


FLOW = {"prediction": "velocity", "levels": "linear_flow"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        FLOW,
        FLOW | {"data": "annulus_to_spiral"},
        {"data": "six_gaussians"},
        {"data": "spiral", "points": 10, "levels": "log_normal"},
        {"data": "three_bumps", "prediction": "previous", "levels": "constant_rate"},
        {"data": "three_bumps", "prediction": "eps", "levels": "coupled", "sigma_q": 4.0},
    ],
)
def test_an_interrupted_run_ends_in_the_same_weights(tmp_path, changes):
    settings = replace(SETTINGS, **changes)
    whole = train_model(settings, threads=1)
    with pytest.raises(Interrupted):
        train_model(settings, threads=1, checkpoints=Checkpoints(tmp_path), stop_after_s=0.0)
    parts = train_model(settings, threads=1, checkpoints=Checkpoints(tmp_path))
    for ours, theirs in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    pd.testing.assert_frame_equal(whole.history, parts.history, check_exact=True)


def test_the_average_follows_the_weights_by_its_decay():
    still = train_model(replace(SETTINGS, ema=0.0), threads=1).model
    slow = train_model(replace(SETTINGS, ema=0.99), threads=1).model
    start = new_model(SETTINGS)
    with torch.no_grad():
        far, near = (
            sum(
                float((a - b).abs().sum())
                for a, b in zip(model.parameters(), start.parameters(), strict=True)
            )
            for model in (still, slow)
        )
    assert 0 < near < far


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


def test_moments_of_the_optimal_network_are_the_closed_forms():
    table = sample_gaussian(Exact(), SETTINGS, [2.0], 200, 20_000)
    found = table.set_index("sampler")["variance"]
    assert found["ddim"] == pytest.approx(example.variance_ddim(2.0), rel=0.06)
    assert found["ddpm"] == pytest.approx(example.variance_ddpm(2.0), rel=0.06)
    assert found["pcg"] == pytest.approx(example.variance_ddpm(2.0), rel=0.06)


def test_learned_gaussian_decides_by_the_worst_seed():
    rows = [
        {"sampler": name, "weight": 2.0, "seed": seed, "mean": 0.0, "variance": value}
        for seed, values in enumerate(((0.5, 0.6, 0.6, 0.5), (0.62, 0.6, 0.6, 0.4)))
        for name, value in zip(("ddim", "ddpm", "pcg", "flow"), values, strict=True)
    ]
    study = learned_gaussian.study(pd.DataFrame(rows))
    found = study.evidence.set_index("statistic")["value"]
    assert found["min_ddim_below_ddpm"] == pytest.approx(-0.02)
    assert found["min_ddpm_below_powered"] == pytest.approx(2 / 3 - 0.6)
    assert found["max_error_of_learned_variances"] == pytest.approx(0.24)
    assert found["max_error_of_the_flow_twin"] == pytest.approx(0.2)
    assert learned_gaussian_figure.draw(study.table).axes


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


def test_a_checkpoint_of_another_architecture_is_one_line(tmp_path):
    path = tmp_path / "model.safetensors"
    save_weights(new_model(SETTINGS), path, STAMP)
    with pytest.raises(LemmataError, match="does not fit the model"):
        load_weights(new_model(replace(SETTINGS, width=16)), path)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: train_model(replace(SETTINGS, data="digits"), threads=1), "needed there"),
        (
            lambda: train_model(SETTINGS, (torch.zeros(2, 64), torch.zeros(2, 10)), threads=1),
            "examples are for digits",
        ),
        (
            lambda: train_model(
                replace(SETTINGS, data="digits"), (torch.zeros(2, 9), torch.zeros(2, 10)), threads=1
            ),
            r"need \(N, 64\) and \(N, 10\)",
        ),
        (
            lambda: train_model(replace(SETTINGS, prediction="velocity"), threads=1),
            "'velocity', levels 'cosine': need linear_flow",
        ),
        (
            lambda: train_model(replace(SETTINGS, levels="linear_flow"), threads=1),
            "levels 'linear_flow' with prediction 'v': need velocity",
        ),
        (lambda: new_model(replace(SETTINGS, architecture="dit")), "'dit' with data 'gaussian'"),
        (
            lambda: new_model(replace(SETTINGS, architecture="dit", data="digits", patch=3)),
            "patch = 3: the width must be a multiple of 32 and the patch divide",
        ),
        (
            lambda: LearnedGuidance(Exact(), "velocity", torch.zeros(1)).score(
                torch.zeros(1, 1), 1.0, 1.0
            ),
            "has no score in the VP view",
        ),
        (
            lambda: LearnedGuidance(Exact(), "v", torch.zeros(1)).velocity(
                torch.zeros(1, 1), 1.0, 1.0
            ),
            "has no velocity",
        ),
    ],
)
def test_what_does_not_fit_together_is_one_line(wrong, message):
    with pytest.raises(LemmataError, match=message):
        wrong()


def test_classes_become_conditions():
    assert one_hot(torch.tensor([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert VP_COSINE.alpha(1.0) == pytest.approx(math.sqrt(0.5))
