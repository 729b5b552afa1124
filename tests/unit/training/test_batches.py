"""Draws are pure functions of (seed, name, step), and batches run through permutations."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lemmata.training.batches import batch_indices, stream, torch_generator, torch_seed


@given(
    seed=st.integers(0, 2**40),
    n=st.integers(1, 40),
    batch_size=st.integers(1, 100),
    epochs=st.integers(1, 4),
)
def test_every_epoch_is_a_permutation(seed, n, batch_size, epochs):
    steps = -(-epochs * n // batch_size)
    batches = [batch_indices(seed, t, n, batch_size) for t in range(1, steps + 1)]
    assert all(batch.shape == (batch_size,) for batch in batches)
    places = np.concatenate(batches)[: epochs * n].reshape(epochs, n)
    assert np.array_equal(np.sort(places, axis=1), np.tile(np.arange(n), (epochs, 1)))


@given(steps=st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_a_batch_does_not_depend_on_what_was_drawn_before(steps):
    in_order = {t: batch_indices(3, t, 17, 5) for t in range(1, 201)}
    for t in steps:
        assert np.array_equal(batch_indices(3, t, 17, 5), in_order[t])


def test_seeds_and_epochs_differ():
    epochs = [batch_indices(seed, t, 1000, 1000) for seed in range(5) for t in range(1, 5)]
    agreement = [np.mean(a == b) for i, a in enumerate(epochs) for b in epochs[:i]]
    # Two random permutations of 1000 agree in Poisson(1) places: 10 or more once in 10^7.
    assert max(agreement) < 0.012


def test_order_is_uniform():
    """First place of the epoch over many seeds: chi-squared against the uniform, 9 degrees."""
    first = [batch_indices(seed, 1, 10, 1)[0] for seed in range(2000)]
    counts = np.bincount(first, minlength=10)
    assert ((counts - 200) ** 2 / 200).sum() < 33.7  # the 1e-4 quantile


@pytest.mark.parametrize("arguments", [(0, 0, 5, 2), (0, 1, 0, 2), (0, 1, 5, 0)])
def test_nonsense_is_refused(arguments):
    with pytest.raises(ValueError, match="must be >= 1"):
        batch_indices(*arguments)


def test_streams_share_no_bits():
    keys = [(s, name, t) for s in (0, 1, 11) for name in ("weights", "noise") for t in range(50)]
    draws = np.concatenate([stream(*key).integers(0, 2**63, 64) for key in keys])
    assert len(np.unique(draws)) == len(draws)
    repeated = stream(11, "noise", 7).integers(0, 2**63, 64)
    assert np.array_equal(repeated, draws.reshape(-1, 64)[keys.index((11, "noise", 7))])


def test_stream_and_batches_are_the_same_on_every_machine():
    """Recorded values: a change would silently change every trained network."""
    assert stream(0, "noise", 1).integers(0, 1000, 4).tolist() == STREAM
    assert batch_indices(0, 1, 8, 8).tolist() == BATCH
    assert torch_seed(0, "weights") == SEED


STREAM, BATCH, SEED = [997, 618, 982, 336], [4, 1, 2, 3, 7, 0, 6, 5], 103396355


def test_no_two_steps_share_a_torch_seed():
    """torch keeps 32 bits of a seed, so hashed seeds of 200,000 steps would meet about 5 times."""
    seeds = {torch_seed(5, "step", t) for t in range(200_000)}
    assert len(seeds) == 200_000
    assert max(seeds) < 2**32
    low = torch.Generator().manual_seed(5)
    high = torch.Generator().manual_seed(5 + 2**32)
    assert torch.equal(torch.rand(8, generator=low), torch.rand(8, generator=high))


def test_torch_generator_repeats_and_differs():
    draw = torch.randn(8, generator=torch_generator(1, "weights"))
    assert torch.equal(draw, torch.randn(8, generator=torch_generator(1, "weights")))
    for other in [(2, "weights"), (1, "noise"), (1, "weights", 1)]:
        assert not torch.equal(draw, torch.randn(8, generator=torch_generator(*other)))
