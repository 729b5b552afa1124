"""Networks of points: what is sampled from them, judged against the laws themselves."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.diffusion.compared import samplers
from lemmata.diffusion.experiment import Settings, new_model
from lemmata.diffusion.figures import annulus as annulus_figure
from lemmata.diffusion.figures import learned_plane as plane_figure
from lemmata.diffusion.figures import memorisation as memorisation_figure
from lemmata.diffusion.figures import trainings as trainings_figure
from lemmata.diffusion.laws import six_gaussians, spiral_at, three_bumps
from lemmata.diffusion.mixture import ExactGuidance, GaussianMixture
from lemmata.diffusion.sampling_annulus import SHOWN, sample_annulus
from lemmata.diffusion.sampling_bumps import sample_bumps
from lemmata.diffusion.sampling_plane import sample_plane
from lemmata.diffusion.sampling_spiral import PATHS, sample_spiral
from lemmata.diffusion.studies import annulus, learned_plane, memorisation, trainings
from lemmata.diffusion.trained import trained_networks
from lemmata.diffusion.training_data import training_points
from lemmata.errors import LemmataError
from lemmata.training.weights import save_weights
from tests.unit.diffusion.networks import FLOW, SETTINGS


class Optimal(torch.nn.Module):
    """The optimal v-prediction of a mixture, conditional where the condition counts."""

    def __init__(self, guidance):
        super().__init__()
        self.guidance = guidance

    def forward(self, x, time, _condition, known):
        angle = float(time[0]) * np.pi / 2
        alpha, sigma = np.cos(angle), np.sin(angle)
        x_ve, level = x.double() / alpha, sigma / alpha
        score = self.guidance.score(x_ve, level, float(known[0]))
        x0 = x_ve + level**2 * score
        return ((alpha * x - x0) / sigma).to(x)  # v = alpha eps - sigma x0


def test_the_optimal_network_samples_the_powered_law_in_the_plane():
    settings = replace(SETTINGS, data="six_gaussians")
    guidance = ExactGuidance(six_gaussians(), 0)
    found = sample_plane(Optimal(guidance), settings, [2.0], [1, 8], [60], 800)
    by_sampler = found.set_index("sampler")
    assert set(by_sampler.index) == {"powered"} | set(samplers(2.0, [1, 8]))
    assert abs(by_sampler.loc["powered", "energy"]) < 0.01
    assert by_sampler.loc["powered", "trace"] == pytest.approx(0.862, rel=0.1)
    assert by_sampler.loc["pcg_powered_8", "energy"] < 0.01 < by_sampler.loc["ddim", "energy"]
    flow = found[found["sampler"] == "ddim"].assign(sampler="flow")
    study = learned_plane.study(pd.concat([found, found.head(1), flow]))
    evidence = study.evidence.set_index("statistic")["value"]
    energy = by_sampler["energy"]
    beyond = evidence["min_plane_ddim_beyond_ddpm"]
    assert 0 < beyond == pytest.approx(energy["ddim"] - energy["ddpm"])
    farthest = max(energy["pcg_powered_1"], energy["pcg_powered_8"])
    assert evidence["min_plane_ddim_beyond_corrected"] == pytest.approx(energy["ddim"] - farthest)
    assert evidence["max_plane_gap_of_the_flow_twin"] == 0
    assert len(study.table) == len(found) + 1
    assert plane_figure.draw(study.table).axes


class OfPoints:
    """The exact score of a training set: it can only memorise."""

    def __init__(self, points):
        count = len(points)
        self.law = GaussianMixture([1.0] * count, points, np.zeros((count, 2, 2)))

    def score(self, x, level, _):
        return self.law.score(x, level)


def test_the_exact_score_of_few_points_only_memorises():
    rows = []
    for seed in (0, 1):
        for points in (10, 40):
            settings = replace(
                SETTINGS, data="spiral", points=points, levels="log_normal", seed=seed
            )
            optimal = Optimal(OfPoints(training_points(points, seed).tolist()))
            rows.append(sample_spiral(optimal, settings, 60, 200))
    table = pd.concat(rows)
    shares = table[table["what"] == "share"].set_index(["quantity", "points", "seed"])["value"]
    assert (shares["close"] > 0.99).all()
    assert (shares["near_spiral"] > 0.99).all()
    # Fresh points: 0.1 of the curve around each training point, overlaps aside.
    curve = spiral_at(torch.linspace(0, 1, 4000, dtype=torch.float64))
    known = training_points(10, 0)
    near = float((torch.cdist(curve, known).min(dim=1).values <= 0.05).double().mean())
    assert shares["fresh_close", 10, 0] == pytest.approx(near, abs=0.01)
    assert (table["what"] == "path").sum() == 4 * PATHS * 61
    found = memorisation.study(table).evidence.set_index("statistic")["value"]
    ratio = shares["close"] / shares["fresh_close"]
    assert found["min_memorisation_at_fewest"] == pytest.approx(ratio[10].min())
    assert found["max_growth_of_memorisation"] == pytest.approx((ratio[40] - ratio[10]).max())
    assert memorisation_figure.draw(table).axes


class Straight(torch.nn.Module):
    """A velocity that carries every point along its own ray to the circle of radius 1."""

    def forward(self, x, time, *_):
        radius = x.norm(dim=1, keepdim=True)
        direction = x / radius
        share = time[:, None].clamp(min=1e-6)
        base = (radius - (1 - share)) / share  # the radius at t = 1
        return direction * (1 - base)


def test_the_flow_from_the_annulus_is_followed_to_its_end():
    settings = replace(SETTINGS, data="annulus_to_spiral", **FLOW)
    table = sample_annulus(Straight(), settings, [10, 20], 400)
    states = table[table["what"] == "state"]
    assert sorted(states["time"].unique()) == sorted(SHOWN)
    for time, low, high in ((1.0, 3, 4), (0.5, 2, 2.5), (0.0, 1, 1)):
        radius = np.hypot(*states.loc[states["time"] == time, ["x", "y"]].to_numpy().T)
        assert low - 1e-3 <= radius.min()
        assert radius.max() <= high + 1e-3
    study = annulus.study(pd.concat([table, table.assign(seed=1)]))
    found = study.evidence.set_index("statistic")["value"]
    assert found["min_energy_of_base"] == pytest.approx(1.2, abs=0.2)
    assert found["max_energy_to_spiral"] > 0.01
    assert annulus_figure.draw(study.table).axes


def test_the_optimal_network_of_the_bumps_makes_no_error():
    tables = []
    for prediction in ("x0", "previous", "eps"):
        settings = replace(SETTINGS, data="three_bumps", prediction=prediction, sigma_q=4.0)
        tables.append(sample_bumps(Denoiser(prediction), settings, 50, 300))
    table = pd.concat(tables)
    assert table.loc[table["what"] == "denoiser", "value"].max() < 1e-8
    maps = table[table["what"] == "map"]
    np.testing.assert_allclose(maps["end"], maps["exact"], atol=1e-3)
    worse = table.copy()
    worse.loc[worse["training"] == "previous", "value"] *= 3
    off = worse["training"].eq("eps") & worse["what"].eq("map")
    worse.loc[off, "end"] += 0.5
    found = trainings.study(worse).evidence.set_index("statistic")["value"]
    assert found["min_error_of_previous_over_x0"] == pytest.approx(3, rel=0.5)
    std = maps.loc[maps["training"] == "x0", "end"].std(ddof=0)
    assert found["max_gap_of_learned_flow_and_ddim"] == pytest.approx(0.5 / std, rel=1e-3)
    assert trainings_figure.draw(worse).axes


class Denoiser(torch.nn.Module):
    """The optimal network of the bumps that predicts x0 or eps."""

    def __init__(self, prediction):
        super().__init__()
        self.prediction = prediction

    def forward(self, x, time, *_):
        level = float(np.tan(float(time[0]) * np.pi / 2))
        x_ve = x.double() * np.hypot(1.0, level)
        x0 = three_bumps().denoised(x_ve, level)
        return ((x_ve - x0) / level if self.prediction == "eps" else x0).to(x)


def test_networks_are_read_in_the_order_of_their_files(tmp_path):
    values = asdict(SETTINGS)
    values.pop("seed")
    networks = [values | {"width": 24}, values | {"width": 8}]
    paths = []
    for own in networks:
        for seed in (3, 4):
            paths.append(tmp_path / f"{own['width']}_{seed}.safetensors")
            save_weights(new_model(Settings(**own, seed=seed)), paths[-1])
    runs = list(trained_networks(networks, [3, 4], paths))
    assert [(s.width, s.seed) for _, s in runs] == [(24, 3), (24, 4), (8, 3), (8, 4)]
    for model, settings in runs:
        for ours, fresh in zip(model.parameters(), new_model(settings).parameters(), strict=True):
            assert torch.equal(ours, fresh)
    with pytest.raises(LemmataError, match="does not fit the model"):
        next(trained_networks(networks[::-1], [3, 4], paths))
    with pytest.raises(LemmataError, match=r"networks\[0\]\.points: missing"):
        next(trained_networks([{"data": "spiral"}], [0], paths))
