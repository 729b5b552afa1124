"""Networks as scores: conversions, dropped conditions, resuming; the learned Gaussian example."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from lemmata.diffusion import gaussian as example
from lemmata.diffusion.clock import VP_COSINE
from lemmata.diffusion.experiment import new_model, train_model
from lemmata.diffusion.figures import learned_gaussian as learned_gaussian_figure
from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.prediction import PREDICTIONS, noise_of, target
from lemmata.diffusion.sampling_gaussian import sample_gaussian
from lemmata.diffusion.studies import learned_gaussian
from lemmata.diffusion.training_data import one_hot
from lemmata.errors import LemmataError
from lemmata.training.batches import torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted
from lemmata.training.weights import load_weights, save_weights
from tests.unit.diffusion.networks import FLOW, SETTINGS, STAMP, Exact


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
