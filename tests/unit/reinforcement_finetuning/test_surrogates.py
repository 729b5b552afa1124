"""Surrogates of PPO and GRPO against all groups, finite differences and closed forms."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from lemmata.reinforcement_finetuning.exact import gradients, surrogates
from lemmata.reinforcement_finetuning.exact.bounds import sharper_bound
from lemmata.reinforcement_finetuning.exact.enumeration import output_log_probabilities
from lemmata.reinforcement_finetuning.exact.studies.surrogates import study
from lemmata.reinforcement_finetuning.objectives import GROUP_FLOOR

DOUBLE = torch.float64


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def test_group_gradient_is_the_average_over_a_loop_of_all_groups():
    logits, reward, size = drawn(3), drawn(3, seed=1), 3
    p = torch.softmax(logits, dim=0).numpy()
    expected = np.zeros(3)
    for group in itertools.product(range(3), repeat=size):
        r = reward.numpy()[list(group)]
        a = (r - r.mean()) / (r.std() + 0.01)
        score = np.eye(3)[list(group)] - p
        expected += p[list(group)].prod() * (a[:, None] * score).mean(axis=0)
    found = surrogates.group_gradient(logits, reward, size, floor=0.01)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-14)


@pytest.mark.parametrize("floor", [0.0, 0.1])
@pytest.mark.parametrize("size", [2, 5])
def test_group_factor_multiplies_the_policy_gradient(size, floor):
    logits = drawn(4)
    reward = torch.tensor([-1.0, 1.0, -1.0, -1.0], dtype=DOUBLE)
    plain = gradients.value_gradient(logits[None, None], reward[None], 1)[0, 0]
    factor = surrogates.group_factor(torch.softmax(logits, dim=0)[1].item(), size, floor)
    expected = surrogates.group_gradient(logits, reward, size, max(floor, 1e-300))
    torch.testing.assert_close(float(factor) * plain, expected)


def test_group_factor_has_its_limits():
    for size in (2, 8, 64):
        limit = surrogates.group_factor_limit(size)
        assert surrogates.group_factor(1e-12, size, 0.0) == pytest.approx(limit, rel=1e-6)
        plain = surrogates.group_factor(0.3, size, 0.0, normalise=False)
        assert plain == pytest.approx((size - 1) / size)
    many = surrogates.group_factor(0.2, 20_000, 0.01)
    assert many == pytest.approx(float(surrogates.population_factor(0.2, 0.01)), rel=1e-3)


def test_ppo_gradient_matches_finite_differences_and_starts_as_the_policy_gradient():
    old, reward, clip = drawn(1, 3, 2), drawn(1, 4, seed=1), 0.2
    logits = old + 0.5 * drawn(1, 3, 2, seed=2)
    found, step = surrogates.ppo_gradient(logits, old, reward, 2, clip), 1e-6
    p_old = output_log_probabilities(old, 2).exp()
    advantage = reward - (p_old * reward).sum()

    def surrogate(z):
        rho = output_log_probabilities(z, 2).exp() / p_old
        clipped = rho.clamp(1 - clip, 1 + clip)
        return (p_old * torch.minimum(rho * advantage, clipped * advantage)).sum().item()

    for place in itertools.product(*map(range, logits.shape)):
        move = torch.zeros_like(logits)
        move[place] = step
        slope = (surrogate(logits + move) - surrogate(logits - move)) / (2 * step)
        assert found[place].item() == pytest.approx(slope, abs=1e-8)
    start = surrogates.ppo_gradient(old, old, reward, 2, clip)
    torch.testing.assert_close(start, gradients.value_gradient(old, reward, 2))


def test_spread_of_ppo_is_the_std_at_the_old_policy():
    logits, reward = drawn(5, 1, 6), drawn(5, 6, seed=1)
    found = surrogates.ppo_spread(logits, logits, reward, 1)
    torch.testing.assert_close(found, gradients.tabular(logits, reward, 1).std)


def test_study_tells_what_clipping_and_normalisation_do():
    result = study(10, 1e-10, 40, [8, 64], 0.2, 300, 0)
    found = result.evidence.set_index("statistic")["value"]
    for method in ("policy_gradient", "grpo_8", "grpo_64"):
        assert found[f"slope_rare_{method}"] == pytest.approx(2.0, abs=1e-3)
    assert found["slope_rare_grpo_population"] == pytest.approx(1.0, abs=0.05)
    assert found["slope_alike_policy_gradient"] == pytest.approx(1.0, abs=1e-9)
    assert found["slope_alike_grpo_4"] == pytest.approx(0.0, abs=0.02)
    assert found["max_ppo_ratio"] <= 1 + 1e-9
    # PPO's own ratio at the policy that it starts from is that of the plain gradient, drawn anew.
    logits, reward = drawn(200, 1, 10), drawn(200, 10, seed=3)
    norm = surrogates.ppo_gradient(logits, logits, reward, 1, 0.2).flatten(1).norm(dim=1)
    spread = surrogates.ppo_spread(logits, logits, reward, 1)
    assert (norm <= (1 + 1e-12) * sharper_bound(spread, torch.ones(200, dtype=DOUBLE), 1)).all()
    rare = result.table[result.table["case"] == "rare"]
    plain = rare[rare["method"] == "policy_gradient"]
    fit = stats.linregress(np.log(plain["std"]), np.log(plain["gradient_norm"]))
    assert fit.slope == pytest.approx(2.0, abs=0.05)
    population = rare[rare["method"] == "grpo_population"]["gradient_norm"].to_numpy()
    expected = plain["gradient_norm"] / (plain["std"] + GROUP_FLOOR)
    np.testing.assert_allclose(population, expected)
