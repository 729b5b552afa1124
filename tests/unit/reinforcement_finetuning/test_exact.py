"""Exact gradients, gamma and bounds against enumeration, finite differences, closed forms."""

import itertools

import numpy as np
import pytest
import torch
from torch.func import functional_call, jacrev

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.exact import gradients, policies
from lemmata.reinforcement_finetuning.exact.bounds import sharper_bound, theorem_bound
from lemmata.reinforcement_finetuning.exact.enumeration import (
    output_log_probabilities,
    paths,
    prefix_count,
    written,
)
from lemmata.reinforcement_finetuning.exact.finetuned_transformer import SHARES, checkpoints
from lemmata.reinforcement_finetuning.exact.rewards import FAMILIES
from lemmata.reinforcement_finetuning.exact.studies import bounds
from lemmata.reinforcement_finetuning.objectives import expected_reward, reward_std

DOUBLE = torch.float64


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("tokens", "length"), [(2, 1), (5, 1), (2, 3), (3, 2)])
def test_outputs_and_their_probabilities_are_those_of_a_loop(tokens, length):
    outputs = list(itertools.product(range(tokens), repeat=length))
    assert [tuple(row) for row in written(tokens, length).tolist()] == outputs
    prefixes = [
        p for level in range(length) for p in itertools.product(range(tokens), repeat=level)
    ]
    assert len(prefixes) == prefix_count(tokens, length)
    logits = drawn(len(prefixes), tokens)
    log_p = torch.log_softmax(logits, dim=1)
    expected = [
        sum(log_p[prefixes.index(y[:level]), y[level]] for level in range(length)) for y in outputs
    ]
    found = output_log_probabilities(logits, length)
    torch.testing.assert_close(found, torch.stack(expected))
    assert found.exp().sum().item() == pytest.approx(1.0)
    prefix, _ = paths(tokens, length)
    assert [prefixes[k] for k in prefix[-1]] == [outputs[-1][:level] for level in range(length)]


def test_one_token_gradient_is_p_times_the_advantage():
    logits, reward = drawn(6, 1, 4), drawn(6, 4, seed=1)
    p = torch.softmax(logits[:, 0], dim=1)
    value = expected_reward(logits[:, 0], reward)
    found = gradients.value_gradient(logits, reward, 1)[:, 0]
    torch.testing.assert_close(found, p * (reward - value[:, None]))


def test_gradient_of_several_tokens_matches_finite_differences():
    logits, reward = drawn(2, 7, 2), drawn(2, 8, seed=1)
    found, step = gradients.value_gradient(logits, reward, 3), 1e-6

    def value(z):
        return (output_log_probabilities(z, 3).exp() * reward).sum()

    for place in itertools.product(*map(range, logits.shape)):
        move = torch.zeros_like(logits)
        move[place] = step
        slope = (value(logits + move) - value(logits - move)) / (2 * step)
        assert found[place].item() == pytest.approx(slope.item(), abs=1e-9)


@pytest.mark.parametrize(
    ("model", "length"), [(policies.mlp(3), 1), (policies.transformer(2, 3), 3)]
)
def test_norm_and_gamma_are_those_of_whole_jacobians(model, length):
    generator = torch.Generator().manual_seed(0)
    one_token = length == 1
    inputs = drawn(3, policies.INPUT) if one_token else torch.tensor([0, 5, 7])
    parameters = policies.drawn_parameters(
        model, torch.tensor([0.5, 1, 4], dtype=DOUBLE), generator
    )
    outputs = (3 if one_token else 2) ** length
    reward = drawn(3, outputs, seed=1)
    found = gradients.networks(model, parameters, inputs, reward, length)
    for i in range(3):
        model.load_state_dict({name: value[i] for name, value in parameters.items()})
        log_p = output_log_probabilities(model(inputs[i]), length)
        value = (log_p.exp() * reward[i]).sum()
        own = torch.autograd.grad(value, list(model.parameters()))
        norm = torch.cat([g.flatten() for g in own]).norm()
        assert found.gradient_norm[i].item() == pytest.approx(norm.item(), rel=1e-10)
        assert found.value[i].item() == pytest.approx(value.item())
        assert found.std[i].item() == pytest.approx(reward_std(log_p.exp(), reward[i]).item())
        whole = jacrev(lambda p, x=inputs[i]: functional_call(model, p, (x,)))(
            dict(model.named_parameters())
        )
        flat = torch.cat([part.flatten(2) for part in whole.values()], dim=2).detach()  # (P, K, D)
        largest = max(np.linalg.svd(part.numpy(), compute_uv=False)[0] for part in flat)
        assert found.gamma[i].item() == pytest.approx(largest, rel=1e-10)
    same = gradients.network(model, inputs[2:], reward[2:], length)
    torch.testing.assert_close(same.gradient_norm, found.gradient_norm[2:])
    torch.testing.assert_close(same.gamma, found.gamma[2:])


def test_gradient_of_a_network_matches_finite_differences_along_it():
    model, prompt, reward = policies.transformer(2, 3), torch.tensor([3]), drawn(1, 8)
    found = gradients.network(model, prompt, reward, 3)

    def value():
        return (output_log_probabilities(model(prompt[0]), 3).exp() * reward[0]).sum()

    own = torch.autograd.grad(value(), list(model.parameters()))
    norm, step, ends = float(found.gradient_norm), 1e-5, []
    for sign in (1.0, -1.0):
        with torch.no_grad():
            for parameter, g in zip(model.parameters(), own, strict=True):
                parameter += sign * step * g / norm
            ends.append(float(value()))
            for parameter, g in zip(model.parameters(), own, strict=True):
                parameter -= sign * step * g / norm
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(norm, rel=1e-7)


def test_transformer_reads_nothing_after_its_prefix():
    model = policies.transformer(3, 3)
    generator = torch.Generator().manual_seed(0)
    parameters = policies.drawn_parameters(model, torch.ones(1, dtype=DOUBLE), generator)
    model.load_state_dict({name: value[0] for name, value in parameters.items()})
    before = model(torch.tensor(2))
    with torch.no_grad():
        model.position[2, 0] += 1.0  # what the last token is chosen by, alone
    after = model(torch.tensor(2))
    torch.testing.assert_close(after[:4], before[:4], rtol=0, atol=0)
    assert not torch.allclose(after[4:], before[4:])


def test_a_rare_reward_keeps_its_digits():
    rare = 1e-25
    logits = torch.tensor([[[0.0, np.log(rare)]]], dtype=DOUBLE)
    reward = torch.tensor([[-1.0, 1.0]], dtype=DOUBLE)
    found = gradients.tabular(logits, reward, 1)
    assert found.gradient_norm.item() == pytest.approx(2 * np.sqrt(2) * rare, rel=1e-12)
    assert found.std.item() == pytest.approx(2 * np.sqrt(rare), rel=1e-12)


def test_sharper_bound_is_attained_and_implies_the_theorem():
    logits = torch.zeros(1, 1, 2, dtype=DOUBLE)
    found = gradients.tabular(logits, torch.tensor([[-1.0, 1.0]], dtype=DOUBLE), 1)
    bound = sharper_bound(found.std, found.gamma, 1)
    assert (found.gradient_norm / bound).item() == pytest.approx(1.0, rel=1e-14)
    std = torch.logspace(-8, 0, 9, dtype=DOUBLE)
    for length in (1, 2, 50):
        assert (sharper_bound(std, std, length) <= theorem_bound(std, std, length)).all()
    assert theorem_bound(std, std, 1, largest=8.0)[0] == 2 * theorem_bound(std, std, 1)[0]


def test_no_tabular_policy_of_two_or_three_outputs_breaks_the_sharper_bound():
    """Every p and direction of rewards on a fine grid, not a random sample."""
    grid = torch.linspace(0.001, 0.999, 250, dtype=DOUBLE)
    a, b = (part.flatten() for part in torch.meshgrid(grid, grid, indexing="ij"))
    p = torch.stack([a, (1 - a) * b, (1 - a) * (1 - b)], dim=1)
    for angle in torch.linspace(0, torch.pi, 25, dtype=DOUBLE):
        direction = torch.stack([angle.cos(), angle.sin(), torch.zeros((), dtype=DOUBLE)])
        found = gradients.tabular(p.log()[:, None], direction.expand(len(p), 3), 1)
        assert (found.gradient_norm <= (1 + 1e-12) * sharper_bound(found.std, found.gamma, 1)).all()


def test_families_of_rewards_are_what_they_say():
    log_p = torch.log_softmax(drawn(50, 9), dim=1)
    drawn_by = {
        name: family(log_p, torch.Generator().manual_seed(1)) for name, family in FAMILIES.items()
    }
    for reward in drawn_by.values():
        assert reward.abs().max() <= 1.0
    assert ((drawn_by["one_right"] == 1).sum(dim=1) == 1).all()
    likely = drawn_by["likely_alike"].gather(1, log_p.argsort(dim=1, descending=True))[:, :5]
    assert (likely == likely[:, :1]).all()
    spread = drawn_by["nearly_equal"].amax(dim=1) - drawn_by["nearly_equal"].amin(dim=1)
    assert spread.min() < 1e-4


def test_a_reward_that_is_not_a_number_is_one_clear_line():
    reward = torch.tensor([[0.0, torch.nan]], dtype=DOUBLE)
    with pytest.raises(LemmataError, match=r"^reward: 1 of 2 values are not finite, first nan"):
        gradients.tabular(torch.zeros(1, 1, 2, dtype=DOUBLE), reward, 1)


def test_transformer_is_pretrained_to_its_shares_and_then_finetuned():
    seen = {}
    for name, model, reward in checkpoints(seed=0, steps=150):
        found = gradients.network(model, torch.arange(policies.PROMPTS), reward, 3)
        seen[name] = (found.value + 1) / 2  # p(right)
    assert abs(seen["pretrained"][-1].item() - SHARES[-1]) < 0.1
    assert seen["pretrained"][0] < 1e-2 < seen["pretrained"][-1]
    assert seen["finetuned"][-1] > 0.9


def test_study_finds_no_violation_and_repeats_itself_to_the_bit():
    counts = {"tabular": 40, "sequence": 10, "linear": 5, "mlp": 5, "transformer": 2}
    first, again = (bounds.study(counts, [0], 3, 0) for _ in range(2))
    assert first.table.equals(again.table)
    assert first.evidence.equals(again.evidence)
    evidence = first.evidence.set_index("statistic")["value"]
    assert evidence["max_theorem_ratio"] < 1
    assert 0.5 < evidence["max_sharper_ratio"] <= 1 + 1e-12
    assert evidence["slope_one_right"] == pytest.approx(2.0, abs=0.1)
    ratios = first.table[["theorem_ratio", "sharper_ratio"]].to_numpy()
    assert np.isfinite(ratios).all()
    assert first.table["checkpoint"].value_counts()["finetuned"] == policies.PROMPTS
