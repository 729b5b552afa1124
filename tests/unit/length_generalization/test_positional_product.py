"""Positional products: the objective in loops, models that do not meet, distances."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.length_generalization.positional_product import (
    RELATIONS,
    Products,
    Settings,
    _loss,
    _targets,
    far_error,
    train_products,
)
from lemmata.training.batches import stream, torch_generator
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted

SETTINGS = Settings(
    table=20,
    train_length=6,
    width=4,
    relations=("local", "periodic"),
    penalties=(0.0, 0.1),
    l2=1e-3,
    steps=40,
    batch_size=3,
    learning_rate=1e-2,
    seed=0,
    device="cpu",
    checkpoint_every=10,
)


def test_relations_are_what_they_are_called():
    d = np.arange(14)
    said = {name: np.flatnonzero(relation(d)).tolist() for name, relation in RELATIONS.items()}
    assert said == {
        "local": [1],
        "periodic": [1, 4, 7, 10, 13],
        "near": [0, 1, 2],
        "far": list(range(6, 14)),
        "prime": [2, 3, 5, 7, 11, 13],
    }


def test_the_objective_is_its_definition_in_loops():
    cases = [("local", 0.0), ("local", 0.1)]
    model = Products(2, 20, 4, torch_generator(0, "p")).double()
    targets = torch.from_numpy(_targets(SETTINGS, cases)).double()
    penalties = torch.tensor([0.0, 0.1], dtype=torch.float64)
    found = float(_loss(SETTINGS, model, targets, penalties)(3)["loss"].detach())
    starts = stream(0, "windows", 3).integers(0, 15, 3)
    height, total = 2 * math.log(6), 0.0
    for m, (_, penalty) in enumerate(cases):
        p, q, k = (v[m].detach().numpy() for v in (model.positions, model.query, model.key))
        f = np.array([[(p[i] @ q) @ (p[j] @ k) for j in range(20)] for i in range(20)])
        wanted = np.array([[height * (i - j == 1) for j in range(20)] for i in range(20)])
        pairs = [(i, j) for i in range(6) for j in range(i + 1)]
        fits = [np.mean([(f - wanted)[s + i, s + j] ** 2 for i, j in pairs]) for s in starts]
        total += np.mean(fits)
        total += penalty * sum(f[i, j] ** 2 for i in range(20) for j in range(i + 1)) / 20
        total += SETTINGS.l2 * sum(np.square(v).sum() for v in (p, q, k))
    assert found == pytest.approx(total, rel=1e-6)  # targets are float32


def test_models_side_by_side_are_those_trained_alone():
    both = train_products(SETTINGS, threads=1)
    for relation in SETTINGS.relations:
        for penalty in SETTINGS.penalties:
            # The baseline is always of the party: it may not change another.
            alone = train_products(
                replace(SETTINGS, relations=(relation,), penalties=(penalty,)), threads=1
            )
            own = both[(both["relation"] == relation) & (both["penalty"] == penalty)]
            np.testing.assert_allclose(own["mean"], alone["mean"], rtol=1e-3, atol=1e-4)


def test_an_interrupted_run_ends_in_the_same_table(tmp_path):
    whole = train_products(SETTINGS, threads=1)
    with pytest.raises(Interrupted):
        train_products(SETTINGS, threads=1, checkpoints=Checkpoints(tmp_path), stop_after_s=0.0)
    parts = train_products(SETTINGS, threads=1, checkpoints=Checkpoints(tmp_path))
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)


def test_far_error_is_the_mean_over_far_pairs():
    table = train_products(replace(SETTINGS, steps=1), threads=1)
    found = far_error(table, 6)
    own = table[(table["relation"] == "local") & (table["penalty"] == 0.0)]
    far = own[own["distance"] >= 6]
    expected = np.average(far["error"], weights=20 - far["distance"])
    assert found.loc[("local", 0.0, 4, 0)] == pytest.approx(expected)
    assert own["pairs"].tolist() == list(range(20, 0, -1))


def test_a_wide_enough_model_learns_the_trained_distances():
    settings = replace(SETTINGS, width=16, steps=600, relations=("periodic",), penalties=(0.0,))
    table = train_products(settings, threads=1)
    near = table[table["distance"] < 6]
    assert near["error"].max() < 0.05 * (2 * math.log(6)) ** 2


def test_an_unknown_relation_is_one_line():
    with pytest.raises(LemmataError, match="relations: 'odd': allowed: local, periodic, near"):
        replace(SETTINGS, relations=("odd",))
