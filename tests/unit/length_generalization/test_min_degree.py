"""The min-degree interpolator: against the lemma, against brute force, and the AND example."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from lemmata.errors import LemmataError
from lemmata.length_generalization.conjunction import Settings, train_conjunction, training_bits
from lemmata.length_generalization.conjunction import test_sets as sets_of_tests
from lemmata.length_generalization.min_degree import (
    boolean_and,
    features,
    frozen_accuracy,
    min_degree_interpolator,
    monomials,
)


def cube(bits):
    return 2 * np.array(list(np.ndindex(*[2] * bits))) - 1


@pytest.mark.parametrize(("bits", "frozen"), [(4, 1), (5, 2), (6, 3), (8, 2)])
def test_and_with_frozen_bits_is_the_and_of_the_free_ones(bits, frozen):
    everything = cube(bits)
    seen = everything[(everything[:, bits - frozen :] == 1).all(axis=1)]
    weights = min_degree_interpolator(seen, boolean_and(seen))
    free = boolean_and(everything[:, : bits - frozen])
    np.testing.assert_allclose(features(everything) @ weights, free, atol=1e-9)
    # Lemma 4.1: no monomial holds a frozen coordinate.
    last = [k for k, s in enumerate(monomials(bits)) if s and max(s) >= bits - frozen]
    np.testing.assert_allclose(weights[last], 0.0, atol=1e-9)


def test_on_the_whole_cube_it_is_the_fourier_expansion():
    x = cube(5)
    y = np.random.default_rng(0).normal(size=len(x))
    np.testing.assert_allclose(
        min_degree_interpolator(x, y), features(x).T @ y / len(x), atol=1e-10
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_interpolator_has_a_smaller_profile(seed):
    # Minimise with weights 1 >> per level: in the limit that is the lexicographic order.
    rng = np.random.default_rng(seed)
    x = cube(4)[rng.permutation(16)[:7]]
    y = rng.normal(size=7)
    level = np.array([len(s) for s in monomials(4)])
    cost = 1e3**level
    rows = features(x)
    # Least weighted norm in closed form: w = C^-1 A^T (A C^-1 A^T)^-1 y.
    inverse = rows / cost
    expected = inverse.T @ np.linalg.solve(rows @ inverse.T, y)
    found = min_degree_interpolator(x, y)
    np.testing.assert_allclose(rows @ found, y, atol=1e-9)
    np.testing.assert_allclose(found, expected, atol=5e-2)
    for k in range(5):
        ours = np.square(found[level == k]).sum()
        if k == level[np.abs(found) > 1e-8].max():
            constraint = {"type": "eq", "fun": lambda w: rows @ w - y}
            held = {"type": "eq", "fun": lambda w, k=k: w[level > k]}
            best = minimize(
                lambda w, k=k: np.square(w[level == k]).sum(),
                found,
                constraints=[constraint, held] if (level > k).any() else [constraint],
            )
            assert ours <= best.fun + 1e-6


def test_frozen_bits_make_it_wrong_by_closed_form():
    one_zero, at_random = frozen_accuracy(15, 5)
    assert one_zero == 0.0
    assert at_random == 1 / 32


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (np.zeros((3, 2)), [0, 0, 0], r"inputs must be \(N, n\) of -1 and 1"),
        (np.ones((2, 11)), [0, 0], "11 bits; at most 10"),
        (np.ones((2, 3)), [0, 1], "equal inputs have different labels"),
    ],
)
def test_what_cannot_be_interpolated_is_one_line(inputs, labels, message):
    with pytest.raises(LemmataError, match=message):
        min_degree_interpolator(inputs, labels)


SETTINGS = Settings(
    positions="ape",
    zeros="one",
    bits=8,
    frozen=2,
    layers=2,
    heads=2,
    width=32,
    init_std=0.05,
    steps=200,
    batch_size=64,
    learning_rate=2e-3,
    weight_decay=0.01,
    strings=200,
    seed=0,
    device="cpu",
    checkpoint_every=100,
)


@pytest.mark.parametrize("zeros", ["one", "many"])
def test_training_strings_freeze_the_last_bits(zeros):
    settings = replace(SETTINGS, zeros=zeros)
    bits = training_bits(settings, 3, 2000)
    assert (bits[:, 6:] == 1).all()
    assert bits[:1000].all()
    zeros_of = (bits[1000:, :6] == 0).sum(axis=1)
    assert set(zeros_of) == ({1} if zeros == "one" else {1, 2, 3, 4, 5, 6})
    share = (bits[1000:, :6] == 0).mean(axis=0)
    np.testing.assert_allclose(share, share.mean(), atol=0.06)  # every place alike


def test_test_strings_are_all_there_are():
    tests = sets_of_tests(SETTINGS)
    assert tests["one frozen zero"].sum(axis=1).tolist() == [7, 7]
    assert len(np.unique(tests["frozen at random"], axis=0)) == 4
    assert (tests["frozen at random"][:, :6] == 1).all()


def test_a_transformer_learns_the_and_on_the_free_bits():
    table = train_conjunction(SETTINGS, threads=1).set_index("test")
    assert table.loc["free", "accuracy"] > 0.95
    assert table.loc["one frozen zero", "n"] == 2


def test_a_string_without_free_bits_is_refused():
    with pytest.raises(LemmataError, match=r"frozen = 8: must be in 1..7"):
        replace(SETTINGS, frozen=8)
