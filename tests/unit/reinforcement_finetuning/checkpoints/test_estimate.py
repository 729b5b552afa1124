"""Rewards of answers, answers sampled from tiny GPT-2 and T5, and what is estimated of them."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.checkpoints.answers import (
    Sampling,
    encoded,
    rewards_of,
    sample_answers,
    token_log_prob,
)
from lemmata.reinforcement_finetuning.checkpoints.estimate import (
    bounds,
    estimate,
    unseen_probability,
    vanishing_share,
)
from lemmata.reinforcement_finetuning.checkpoints.prompts import Prompt, read_prompts
from lemmata.reinforcement_finetuning.checkpoints.rewards import (
    exact_match,
    longest_common_subsequence,
    reward_named,
    rouge_l,
)
from tests.unit.reinforcement_finetuning.checkpoints.conftest import SAMPLING

# --- rewards --------------------------------------------------------------------------------------


def test_rouge_l_is_that_of_the_published_example():
    # The example of the package rouge-score: precision 5/8, recall 5/9.
    target = "The quick brown fox jumps over the lazy dog"
    said = "The quick brown dog jumps on the log."
    assert rouge_l("", said, [target]) == pytest.approx(0.5882, abs=5e-5)
    assert rouge_l("", said, ["nothing", target]) == rouge_l("", said, [target])
    assert rouge_l("", "", [target]) == 0.0
    assert rouge_l("", "A b C", ["a B c!"]) == 1.0


def test_longest_common_subsequence_is_the_best_of_all_subsequences():
    rng = np.random.default_rng(0)
    for _ in range(40):
        a, b = (list(rng.integers(0, 3, rng.integers(0, 7))) for _ in range(2))

        def subsequences(s):
            return {kept for size in range(len(s) + 1) for kept in combinations(s, size)}

        best = max(map(len, subsequences(a) & subsequences(b)))
        assert longest_common_subsequence(a, b) == best


def test_exact_match_is_plus_or_minus_one():
    assert exact_match("", " yes ", ["no", "yes"]) == 1.0
    assert exact_match("", "Yes", ["yes"]) == -1.0


def test_a_function_of_the_user_is_a_reward(tmp_path, monkeypatch):
    (tmp_path / "my_reward_of_test.py").write_text(
        "def length(prompt, answer, references):\n    return len(answer) / 10\nvalue = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    assert reward_named("my_reward_of_test:length")("", "abc", ["x"]) == 0.3
    with pytest.raises(LemmataError, match="has no function 'value'"):
        reward_named("my_reward_of_test:value")
    with pytest.raises(LemmataError, match="No module named 'no_such_module_here'"):
        reward_named("no_such_module_here:f")
    with pytest.raises(LemmataError, match=r"^reward = 'bleu': allowed: exact_match, rouge_l, mod"):
        reward_named("bleu")


# --- what is sampled ------------------------------------------------------------------------------


def test_log_probabilities_are_those_of_one_unpadded_row_after_the_other(checkpoint):
    prompts = ["say : a b c d", "say"]  # of different lengths: one is padded
    drawn = sample_answers(checkpoint, prompts, 2, SAMPLING, seed=1)
    with torch.no_grad():
        found = token_log_prob(checkpoint, prompts, 2, drawn.tokens)
        for row, answer in enumerate(drawn.tokens):
            ids = encoded(checkpoint, [prompts[row // 2]])["input_ids"]
            for place, token in enumerate(answer):
                if not drawn.mask[row, place]:
                    continue
                said = answer[None, :place]
                if checkpoint.seq2seq:
                    start = torch.zeros((1, 1), dtype=torch.int64)
                    whole = torch.cat([start, said], dim=1)
                    scores = checkpoint.model(input_ids=ids, decoder_input_ids=whole).logits
                else:
                    scores = checkpoint.model(input_ids=torch.cat([ids, said], dim=1)).logits
                expected = float(scores[0, -1].log_softmax(dim=-1)[token])
                assert float(found[row, place]) == pytest.approx(expected, abs=2e-5)


def test_answers_are_masked_up_to_and_with_their_end(checkpoint):
    drawn = sample_answers(checkpoint, ["say : a"], 64, SAMPLING, seed=2)
    end = checkpoint.tokenizer.eos_token_id
    assert drawn.tokens.shape == (64, 3)
    lengths = set()
    for row, mask in zip(drawn.tokens.tolist(), drawn.mask.tolist(), strict=True):
        ends = [place for place, token in enumerate(row) if token == end]
        length = ends[0] + 1 if ends else 3
        assert mask == [place < length for place in range(3)]
        lengths.add(length)
    assert lengths == {1, 2, 3}


def test_estimated_std_is_that_of_the_enumerated_answers(checkpoint):
    # One token, +1 for "yes": V = 2 p - 1 and STD = 2 sqrt(p (1 - p)) from the model's own p.
    prompt = Prompt(0, "say : a b", ("yes",))
    one = Sampling(answer=1, shortest=0, top_k=0, temperature=1.0, batch_size=4000, seed=0)
    table = estimate(checkpoint, [prompt], 4000, one, exact_match)
    token = checkpoint.tokenizer.convert_tokens_to_ids("yes")
    with torch.no_grad():
        log_p = token_log_prob(checkpoint, [prompt.text], 1, torch.tensor([[token]]))
    p = math.exp(float(log_p))
    error = 2 * math.sqrt(p * (1 - p) / 4000)
    assert table["mean"][0] == pytest.approx(2 * p - 1, abs=4 * error)
    assert table["std"][0] == pytest.approx(2 * math.sqrt(p * (1 - p)), abs=6 * error)
    assert 0.01 < p < 0.5  # so the comparison says something


def test_bounds_and_shares():
    limits = bounds(0.125, 4)
    assert limits.theorem == pytest.approx(6 * 4 * 0.25)
    assert limits.sharper == pytest.approx(0.25)
    table = pd.DataFrame({"theorem": [0.0, 0.0, 1.0, 2.0], "sharper": [0.0, 0.01, 0.02, 0.3]})
    share = vanishing_share(table, "sharper", 0.02)
    # Wilson's interval in closed form, 3 of 4.
    z, n, p = 1.959963984540054, 4, 0.75
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert share == pytest.approx((0.75, middle - half, middle + half, 4))
    assert vanishing_share(table, "theorem", 0.02).value == 0.5
    assert unseen_probability(0.05, 10) == pytest.approx(0.95**10)


# --- prompts --------------------------------------------------------------------------------------


def test_prompts_are_a_fixed_part_of_the_file(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("prompt,reference\n" + "".join(f"p{k},r{k}\n" for k in range(50)))
    some = read_prompts(path, 20, seed=3)
    assert [p.text for p in some] == [f"p{p.row}" for p in some]
    assert [p.row for p in some] == sorted({p.row for p in some})
    assert len(some) == 20
    assert some == read_prompts(path, 20, seed=3)
    assert some != read_prompts(path, 20, seed=4)


def test_rewards_keep_the_order_of_prompts_and_samples(checkpoint):
    prompts = [Prompt(0, "say : a", ("yes",)), Prompt(1, "say : b", ("no",))]
    yes, no = (checkpoint.tokenizer.convert_tokens_to_ids(word) for word in ("yes", "no"))
    tokens = torch.tensor([[yes, 1], [no, 1], [yes, 1], [no, 1]])
    found = rewards_of(checkpoint, prompts, 2, tokens, exact_match)
    assert found.tolist() == [[1.0, -1.0], [-1.0, 1.0]]
