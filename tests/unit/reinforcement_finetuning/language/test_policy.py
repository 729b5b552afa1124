"""Sampled answers, rewards and losses against enumeration, a second pass and sums by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.language import finetuning
from lemmata.reinforcement_finetuning.language.exact_match import reward_of, std_of
from lemmata.reinforcement_finetuning.language.finetuning import (
    advantages,
    question_pools,
    rewards,
    stage_loss,
)
from lemmata.reinforcement_finetuning.language.sampling import (
    answer_log_prob,
    greedy,
    log_probabilities,
    of_tokens,
    sample,
)
from lemmata.training.batches import torch_generator
from lemmata.training.decoder import Architecture, Decoder
from lemmata.training.device import select
from tests.unit.reinforcement_finetuning.language.settings import STAGE, replaced

VOCABULARY, PROMPT, LENGTH = 5, 4, 3


def decoder(std=0.6, seed=0):
    architecture = Architecture(2, 2, 16, "ape", PROMPT + LENGTH, std)
    return Decoder(VOCABULARY, architecture, torch_generator(seed, "test"))


def prompts(rows, seed=0):
    shape = (rows, PROMPT)
    return torch.randint(0, VOCABULARY, shape, generator=torch_generator(seed, "prompts"))


def every_answer():
    return torch.tensor(list(product(range(VOCABULARY), repeat=LENGTH)))  # (V^L, L)


# --- sampling -------------------------------------------------------------------------------------


@torch.no_grad()
def test_answers_with_a_cache_are_those_without_to_the_last_token():
    model, asked = decoder().double(), prompts(6)
    drawn = sample(model, asked, 5, LENGTH, torch_generator(3, "waits"), 0.7)
    generator = torch_generator(3, "waits")
    rows = asked.repeat_interleave(5, dim=0)
    for step in range(LENGTH):
        scores = model.scores(model(rows)[:, -1]).float() / 0.7
        log_p = scores.log_softmax(dim=-1)
        waits = torch.empty(log_p.shape).exponential_(generator=generator)
        chosen = (log_p.exp() / waits).argmax(dim=-1)
        assert torch.equal(chosen.view(6, 5), drawn.tokens[..., step])
        torch.testing.assert_close(log_p.view(6, 5, -1), drawn.log_p[:, :, step], rtol=0, atol=1e-6)
        rows = torch.cat([rows, chosen[:, None]], dim=1)


def test_sampling_has_the_log_probabilities_and_the_gradient_of_a_second_pass():
    model, asked = decoder(), prompts(6)
    drawn = sample(model, asked, 5, LENGTH, torch_generator(3, "waits"), 0.7)
    again = log_probabilities(model, asked, drawn.tokens, 0.7)
    torch.testing.assert_close(drawn.log_p, again, rtol=0, atol=1e-5)
    gradients = [
        torch.autograd.grad(of_tokens(log_p, drawn.tokens).mean(), list(model.parameters()))
        for log_p in (drawn.log_p, again)
    ]
    for found, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_sampled_answers_have_the_probabilities_of_all_answers_enumerated():
    model, asked, count = decoder(1.0).double(), prompts(1), 40_000
    answers = every_answer()
    log_p = answer_log_prob(model, asked.expand(len(answers), -1), answers)
    assert float(log_p.exp().sum()) == pytest.approx(1.0, abs=1e-9)
    drawn = sample(model, asked, count, LENGTH, torch_generator(0, "waits")).tokens[0]
    code = (drawn * torch.tensor([VOCABULARY**2, VOCABULARY, 1])).sum(dim=1)
    frequency = torch.bincount(code, minlength=len(answers)).double() / count
    p = log_p.exp()
    error = (p * (1 - p) / count).sqrt()
    assert bool(((frequency - p).abs() <= 5 * error + 1e-4).all())


@torch.no_grad()
def test_shared_prompts_change_no_log_probability():
    model, asked = decoder().double(), prompts(4)
    answers = torch.randint(0, VOCABULARY, (4, 6, LENGTH), generator=torch_generator(1, "a"))
    found = of_tokens(log_probabilities(model, asked, answers, 1.5), answers)
    rows = torch.cat([asked.repeat_interleave(6, dim=0), answers.flatten(0, 1)], dim=1)
    scores = model.scores(model(rows[:, :-1])) / 1.5
    said = scores.log_softmax(dim=-1)[:, PROMPT - 1 :].gather(-1, rows[:, PROMPT:, None])[..., 0]
    torch.testing.assert_close(found.flatten(0, 1), said, rtol=1e-9, atol=1e-11)


@torch.no_grad()
def test_answers_that_begin_alike_are_computed_once_as_far_as_they_do():
    model, seen = decoder(1.0), []
    model.register_forward_pre_hook(lambda _, args: seen.append(tuple(args[0].shape)))
    drawn = sample(model, prompts(2), 50, LENGTH, torch_generator(2, "waits")).tokens
    kinds = [len({(i, *row) for i in range(2) for row in drawn[i, :, :n].tolist()}) for n in (1, 2)]
    assert kinds[0] < kinds[1] < 2 * 50  # some part at each token, and few of all are different
    assert seen == [(2, PROMPT), (kinds[0], 1), (kinds[1], 1)]
    seen.clear()
    log_probabilities(model, prompts(2), drawn)
    assert seen == [(2, PROMPT), (kinds[1], LENGTH - 1)]


@torch.no_grad()
def test_greedy_answers_are_the_likeliest_tokens_with_their_probability():
    model, asked = decoder(1.0).double(), prompts(5)
    said, log_prob = greedy(model, asked, LENGTH)
    rows = asked
    for step in range(LENGTH):
        best = model.scores(model(rows)[:, -1]).argmax(dim=-1)
        assert torch.equal(best, said[:, step])
        rows = torch.cat([rows, best[:, None]], dim=1)
    torch.testing.assert_close(log_prob, answer_log_prob(model, asked, said))


# --- rewards and losses ---------------------------------------------------------------------------


def test_exact_value_and_std_are_those_of_all_answers_enumerated():
    model, asked = decoder(1.0).double(), prompts(3)
    targets = torch.randint(0, VOCABULARY, (3, LENGTH), generator=torch_generator(5, "t"))
    answers = every_answer()
    p = answer_log_prob(model, asked, targets).exp().numpy()
    for row in range(3):
        own = answer_log_prob(model, asked[row].expand(len(answers), -1), answers).exp()
        reward = rewards(answers[None], targets[row : row + 1])[0].double()
        mean = float((own * reward).sum())
        std = math.sqrt(float((own * (reward - mean) ** 2).sum()))
        assert reward_of(p)[row] == pytest.approx(mean, abs=1e-9)
        assert std_of(p)[row] == pytest.approx(std, abs=1e-9)


def test_rewards_by_the_whole_answer_and_by_token():
    answers = torch.tensor([[[1, 2, 3], [1, 2, 0], [0, 0, 0]]])
    targets = torch.tensor([[1, 2, 3]])
    assert rewards(answers, targets).tolist() == [[1.0, -1.0, -1.0]]
    assert rewards(answers, targets, shaped=True)[0].tolist() == pytest.approx([1.0, 1 / 3, -1.0])


def test_advantages_by_hand():
    reward = torch.tensor([[1.0, -1.0, -1.0, -1.0], [1.0, 1.0, 1.0, 1.0]])
    alone = torch.tensor([[2.0, -2 / 3, -2 / 3, -2 / 3], [0.0] * 4])
    torch.testing.assert_close(advantages("reinforce", reward), alone)
    torch.testing.assert_close(advantages("ppo", reward), alone / alone.std(correction=0))
    group = reward[0] - reward[0].mean()
    expected = group / group.std(correction=0)
    torch.testing.assert_close(advantages("grpo", reward)[0], expected, rtol=1e-3, atol=1e-3)
    assert advantages("grpo", reward)[1].tolist() == [0.0] * 4


def tiny(method="reinforce", **changes):
    """A policy of one prompt, its questions, and the loss of the first update."""
    compute = select("cpu", "float32", 1)
    model = decoder(0.5)
    asked = finetuning.Questions(prompts(1).numpy(), np.array([[1, 2, 3]]), np.array(["one"]))
    stage = replaced(STAGE, method=method, prompts=1, **changes)
    policy = finetuning.Policy(model, 1, stage.samples, LENGTH)
    settings = finetuning.Settings(0, "cpu", "float32", 100)
    low = np.array([False])
    return policy, asked, stage_loss(policy, asked, low, stage, settings, compute)


def gradient(policy, loss):
    policy.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in policy.parameters() if p.grad is not None])


def test_sampled_policy_gradient_is_that_of_the_expected_reward():
    # The reward by token, so that a random policy gets a signal; the exact gradient by enumeration.
    policy, asked, loss = tiny(samples=60_000, shaped=True)
    found = gradient(policy, loss(1)["loss"])
    answers = every_answer()[None]
    log_p = of_tokens(
        log_probabilities(policy.model, torch.from_numpy(asked.prompts), answers), answers
    ).sum(dim=-1)[0]
    value = rewards(answers, torch.from_numpy(asked.targets), shaped=True)[0]
    exact = gradient(policy, -(log_p.exp() * value).sum())
    cosine = float(torch.dot(found, exact) / (found.norm() * exact.norm()))
    assert cosine > 0.995
    assert float(found.norm() / exact.norm()) == pytest.approx(1.0, abs=0.05)


def test_first_update_of_ppo_points_where_reinforce_does():
    # At ratio 1 the clipped loss has REINFORCE's gradient, in units of tokens and deviations.
    plain, _, loss = tiny(samples=16, shaped=True)
    ratio, _, clipped = tiny("ppo", samples=16, shaped=True)
    a, b = gradient(plain, loss(1)["loss"]), gradient(ratio, clipped(1)["loss"])
    std = float(plain.get_buffer("advantage").std(correction=0))
    torch.testing.assert_close(b * std * LENGTH, a, rtol=1e-3, atol=1e-6)


def test_entropy_bonus_is_the_mean_entropy_of_the_tokens():
    plain, asked, loss = tiny()
    bonus, _, with_bonus = tiny(entropy=0.3)
    difference = float((loss(1)["loss"] - with_bonus(1)["loss"]).detach())
    answers = bonus.get_buffer("answers")
    log_p = log_probabilities(bonus.model, torch.from_numpy(asked.prompts), answers).detach()
    expected = float(-(log_p.exp() * log_p).sum(dim=-1).mean())
    assert difference == pytest.approx(0.3 * expected, rel=1e-4)
    assert torch.equal(answers, plain.get_buffer("answers"))


def test_questions_that_a_stage_may_use():
    low = np.arange(100) < 30
    (pool,) = question_pools(low, replaced(STAGE, share=0.05), 0)
    (larger,) = question_pools(low, replaced(STAGE, share=0.2), 0)
    assert len(pool[0]) == 5
    assert set(pool[0]) < set(larger[0])
    parts = question_pools(low, replaced(STAGE, low_share=0.25), 0)
    assert [count for _, count in parts] == [2, 6]
    assert low[parts[0][0]].all()
    assert not low[parts[1][0]].any()
    (only,) = question_pools(low, replaced(STAGE, low_share=0.0), 0)
    assert not low[only[0]].any()
    with pytest.raises(LemmataError, match=r"low_share = 0\.5: no question"):
        question_pools(np.zeros(9, dtype=bool), replaced(STAGE, low_share=0.5), 0)
    with pytest.raises(LemmataError, match="updates = 4: reinforce makes one"):
        replaced(STAGE, updates=4)
