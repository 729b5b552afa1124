"""The objectives against sums by hand, Monte Carlo, finite differences and scipy."""

import numpy as np
import pytest
import torch
from scipy import stats

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.objectives import (
    check_reward,
    entropy,
    expected_reward,
    group_advantage,
    leave_one_out_advantage,
    ppo_loss,
    reinforce_loss,
    reward_std,
)

DOUBLE = torch.float64


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def test_mean_and_std_are_those_of_numpy_by_hand():
    logits = torch.tensor([[0.0, 0.0, np.log(2.0)]], dtype=DOUBLE)  # p = 1/4, 1/4, 1/2
    reward = torch.tensor([[1.0, -1.0, 0.5]], dtype=DOUBLE)
    assert expected_reward(logits, reward).item() == pytest.approx(0.25)
    spread = np.sqrt(0.25 * 0.75**2 + 0.25 * 1.25**2 + 0.5 * 0.25**2)
    p = torch.softmax(logits, dim=1)
    assert reward_std(p, reward).item() == pytest.approx(spread)


def test_std_of_a_rare_success_keeps_its_digits():
    rare = 1e-30
    p = torch.tensor([[1.0 - rare, rare]], dtype=DOUBLE)
    reward = torch.tensor([[-1.0, 1.0]], dtype=DOUBLE)
    assert reward_std(p, reward).item() == pytest.approx(2.0 * np.sqrt(rare), rel=1e-12)


def test_gradient_of_expected_reward_matches_finite_differences():
    logits, reward = drawn(3, 5).requires_grad_(), drawn(3, 5, seed=1)
    assert torch.autograd.gradcheck(lambda z: expected_reward(z, reward), logits)


def test_entropy_is_scipys_and_bears_an_impossible_output():
    p = torch.softmax(drawn(4, 6), dim=1)
    expected = stats.entropy(p.numpy(), axis=1)
    torch.testing.assert_close(entropy(p.log()), torch.from_numpy(expected))
    certain = torch.tensor([[0.0, -torch.inf]], dtype=DOUBLE, requires_grad=True)
    entropy(certain).sum().backward()
    assert entropy(certain).item() == 0.0
    assert torch.isfinite(certain.grad).all()


def test_reinforce_gradient_is_that_of_expected_reward_in_expectation():
    logits, reward = drawn(1, 4).requires_grad_(), drawn(1, 4, seed=1)
    (exact,) = torch.autograd.grad(expected_reward(logits, reward).sum(), logits)
    p = torch.softmax(logits, dim=1).detach()[0]
    log_p = torch.log_softmax(logits, dim=1)[0]
    # Every output once, weighted by its probability, is the expectation over samples.
    loss = 4 * reinforce_loss(log_p, p * reward[0])
    (surrogate,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(-surrogate, exact)


def test_ppo_stops_only_what_already_gained_beyond_its_clip():
    old = torch.zeros(4, dtype=DOUBLE)
    ratio = torch.tensor([1.5, 1.5, 0.5, 0.5], dtype=DOUBLE)
    advantage = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=DOUBLE)
    log_prob = ratio.log().requires_grad_()
    loss = ppo_loss(log_prob, old, advantage, clip=0.2)
    assert loss.item() == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8) / 4)
    loss.backward()
    expected = torch.tensor([0.0, 1.5, -0.5, 0.0], dtype=DOUBLE) / 4
    torch.testing.assert_close(log_prob.grad, expected)


def test_ppo_at_the_old_policy_has_the_gradient_of_reinforce():
    log_prob, advantage = drawn(8).requires_grad_(), drawn(8, seed=1)
    (ppo,) = torch.autograd.grad(ppo_loss(log_prob, log_prob, advantage, 0.2), log_prob)
    (plain,) = torch.autograd.grad(reinforce_loss(log_prob, advantage), log_prob)
    torch.testing.assert_close(ppo, plain)


def test_group_advantage_is_a_z_score_and_zero_without_spread():
    reward = torch.tensor([[1.0, -1.0, -1.0, -1.0], [-1.0, -1.0, -1.0, -1.0]], dtype=DOUBLE)
    found = group_advantage(reward, floor=1e-12)
    torch.testing.assert_close(found[0], torch.from_numpy(stats.zscore(reward[0].numpy())))
    assert (found[1] == 0).all()
    plain = group_advantage(reward, normalise=False)
    torch.testing.assert_close(plain[0], torch.tensor([1.5, -0.5, -0.5, -0.5], dtype=DOUBLE))


def test_leave_one_out_subtracts_the_mean_of_the_others():
    reward = drawn(5, 6)
    for i in range(6):
        others = torch.cat([reward[:, :i], reward[:, i + 1 :]], dim=1).mean(dim=1)
        torch.testing.assert_close(leave_one_out_advantage(reward)[:, i], reward[:, i] - others)
    with pytest.raises(LemmataError, match="groups of 1; needs 2"):
        leave_one_out_advantage(reward[:, :1])


def test_a_reward_that_is_not_finite_is_one_clear_line():
    reward = drawn(3, 4)
    assert check_reward(reward) is reward
    reward[1, 2] = torch.nan
    with pytest.raises(LemmataError, match=r"^reward: 1 of 12 values .* first nan at \[1, 2\]$"):
        check_reward(reward)
