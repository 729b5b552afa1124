"""The tool for models of one's own, end to end on tiny GPT-2 and T5, and each of its errors."""

from __future__ import annotations

import copy
import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from lemmata.cli import main
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
from lemmata.reinforcement_finetuning.checkpoints.figure import draw
from lemmata.reinforcement_finetuning.checkpoints.finetune import (
    Reinforced,
    Supervised,
    reinforce,
    supervise,
    supervised_inputs,
)
from lemmata.reinforcement_finetuning.checkpoints.loading import load_checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import Prompt, read_prompts
from lemmata.reinforcement_finetuning.checkpoints.rewards import (
    checked,
    exact_match,
    longest_common_subsequence,
    reward_named,
    rouge_l,
)
from lemmata.reinforcement_finetuning.checkpoints.study import Settings, study
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import select
from lemmata.training.loop import Interrupted
from tests.unit.reinforcement_finetuning.checkpoints.conftest import KINDS, gpt2, tokenizer

SAMPLING = Sampling(answer=3, shortest=0, top_k=0, temperature=1.0, batch_size=16, seed=0)


@pytest.fixture
def compute():
    return select("cpu", "float32", 1)


@pytest.fixture(params=sorted(KINDS))
def checkpoint(request, folder_of, compute):
    return load_checkpoint(folder_of(request.param), compute)


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


# --- finetuning -----------------------------------------------------------------------------------


def test_supervised_loss_is_the_mean_over_the_tokens_of_the_answers(checkpoint):
    prompts = [Prompt(0, "say : a b c", ("yes no",)), Prompt(1, "say", ("no",))]
    with torch.no_grad():
        found = float(checkpoint.model(**supervised_inputs(checkpoint, prompts)).loss)
        parts = []
        for prompt in prompts:
            ids = checkpoint.tokenizer(
                prompt.references[0] + "</s>", add_special_tokens=False, return_tensors="pt"
            )["input_ids"]
            parts.append(token_log_prob(checkpoint, [prompt.text], 1, ids)[0])
    assert found == pytest.approx(-float(torch.cat(parts).mean()), abs=1e-5)


def test_sft_then_rft_raise_the_reward(checkpoint, data, compute):
    prompts = read_prompts(data, 8, 0)
    before = estimate(checkpoint, prompts, 64, SAMPLING, exact_match)["mean"].mean()
    supervise(checkpoint, prompts, Supervised(16, 8, 1e-2, 0.0), compute, seed=0)
    between = estimate(checkpoint, prompts, 64, SAMPLING, exact_match)["mean"].mean()
    settings = Reinforced(2, 12, 8, 8, 1e-2, 0.2, kl=0.001)
    reinforce(checkpoint, prompts, settings, SAMPLING, exact_match, compute)
    after = estimate(checkpoint, prompts, 64, SAMPLING, exact_match)["mean"].mean()
    assert before < -0.9
    assert between > before + 0.1
    assert after > between + 0.1


def test_without_advantage_the_policy_stays(checkpoint, data, compute):
    # Every answer gets the same reward: no signal, no update, whatever the learning rate.
    state = copy.deepcopy(checkpoint.model.state_dict())
    settings = Reinforced(2, 2, 4, 4, 1e-1, 0.2, kl=0.0)
    reinforce(checkpoint, read_prompts(data, 8, 0), settings, SAMPLING, _constant, compute)
    for name, value in checkpoint.model.state_dict().items():
        assert torch.equal(value, state[name]), name


def _constant(prompt, answer, references):
    return 0.5


def test_interrupted_rft_ends_with_the_same_bytes(folder_of, data, compute, tmp_path, monkeypatch):
    prompts = read_prompts(data, 8, 0)
    settings = Reinforced(4, 3, 4, 4, 1e-2, 0.2, kl=0.01)
    states = []
    for interrupted in (False, True):
        checkpoint = load_checkpoint(folder_of("gpt2"), compute)
        checkpoints = Checkpoints(tmp_path / str(interrupted))

        def run(reward, to=checkpoint, at=checkpoints):
            reinforce(to, prompts, settings, SAMPLING, reward, compute, at)

        if interrupted:
            calls = []

            def stops(prompt, answer, references, calls=calls):
                calls.append(1)
                if len(calls) > 20:  # in the second batch of samples
                    raise Interrupted("asked to")
                return exact_match(prompt, answer, references)

            with pytest.raises(Interrupted):
                run(stops)
            checkpoint = load_checkpoint(folder_of("gpt2"), compute)
            reinforce(checkpoint, prompts, settings, SAMPLING, exact_match, compute, checkpoints)
        else:
            run(exact_match)
        states.append(checkpoint.model.state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


# --- the command and the study --------------------------------------------------------------------


def test_command_end_to_end(folder_of, data, tmp_path):
    for kind in KINDS:
        output, out_folder = tmp_path / f"{kind}.csv", tmp_path / f"{kind}_finetuned"
        arguments = [
            *("reward-std", str(folder_of(kind)), str(data), "--device", "cpu"),
            *("--reward", "exact_match", "--samples", "8", "--answer", "2"),
            *("--output", str(output), "--finetune", str(out_folder)),
            *("--sft-epochs", "4", "--sft-batch-size", "4", "--sft-learning-rate", "0.01"),
            *("--rft-batches", "3", "--rft-prompts", "4", "--rft-learning-rate", "0.01"),
        ]
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert "pretrained: 8 prompts, mean reward" in done.output
        assert "STD 0 means small, not none" in done.output
        table = pd.read_csv(output)
        assert table.groupby("when", sort=False).size().to_dict() == {
            "pretrained": 8,
            "sft": 8,
            "sft_rft": 8,
        }
        means = table.groupby("when")["mean"].mean()
        assert means["sft_rft"] > means["pretrained"]
        again = CliRunner().invoke(main, [*arguments[:-10], "--finetune", str(out_folder)])
        assert again.exit_code == 2
        assert "is there already" in again.output
        # What was written is a checkpoint itself.
        load_checkpoint(out_folder, select("cpu", "float32", 1))


def test_study_and_figure(folder_of, data):
    settings = Settings(
        "exact_match", 8, 16, 0.05, 1, 0, 0, 1.0, 32,
        Supervised(4, 4, 1e-2, 0.0), Reinforced(2, 4, 4, 4, 1e-2, 0.2, 0.0), 0, "cpu", "float32",
    )  # fmt: skip
    result = study(folder_of("t5"), data, settings, threads=1)
    assert result.table.groupby("when", sort=False).size().to_dict() == {
        "pretrained": 8,
        "rft": 8,
        "sft": 8,
    }
    evidence = result.evidence.set_index("statistic")
    wide = result.table.pivot_table(index="row", columns="when", values="mean")
    std = result.table[result.table["when"] == "pretrained"].set_index("row")["std"]
    expected = np.corrcoef(std, wide["sft"] - wide["pretrained"])[0, 1]
    assert evidence.loc["pearson_sft", "value"] == pytest.approx(expected)
    assert evidence.loc["vanishing_theorem", "value"] == (std == 0).mean()
    fig = draw(result.table)
    assert [ax.get_title(loc="left").split("  ")[0] for ax in fig.axes] == [
        "before finetuning",
        "after RFT",
        "after SFT",
    ]


# --- one clear line each --------------------------------------------------------------------------


def told(arguments):
    done = CliRunner().invoke(main, ["reward-std", *map(str, arguments)])
    assert done.exit_code == 2
    (line,) = [line for line in done.output.splitlines() if line.startswith("lemmata:")]
    return line


def test_a_reward_that_is_no_number(folder_of, data, tmp_path, monkeypatch):
    (tmp_path / "nan_reward_of_test.py").write_text("def f(p, a, r):\n    return float('nan')\n")
    monkeypatch.chdir(tmp_path)
    line = told([folder_of("gpt2"), data, "--reward", "nan_reward_of_test:f", "--answer", 2])
    assert line == "lemmata: the reward of an answer to prompt 0 is nan"
    with pytest.raises(LemmataError, match=r"prompt 7 is 3\.0; must be in \[-1, 1\]"):
        checked(3.0, 7)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("d.jsonl", '{"prompt": " ", "reference": "x"}', "line 1: the prompt is empty"),
        ("d.jsonl", '{"prompt": "a", "reference": []}', "line 1: the reference is empty"),
        ("d.jsonl", '\n{"prompt": "a"}', "line 2: 'reference' is missing"),
        ("d.jsonl", "prompt", "line 1: not JSON"),
        ("d.jsonl", "[1]", "line 1: must be an object"),
        ("d.csv", "prompt,reference\na,b\n,c\n", "line 3: the prompt is empty"),
        ("d.csv", "question,reference\na,b\n", "line 2: 'prompt' is missing"),
        ("d.csv", "prompt,reference\n", "no prompts"),
        ("d.tsv", "a", "unknown format '.tsv'; allowed: .csv, .jsonl"),
    ],
)
def test_prompts_that_will_not_do(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(LemmataError) as caught:
        read_prompts(tmp_path / name, 10, 0)
    assert str(tmp_path / name) in str(caught.value)
    assert message in str(caught.value)


def test_prompts_are_a_fixed_part_of_the_file(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("prompt,reference\n" + "".join(f"p{k},r{k}\n" for k in range(50)))
    some = read_prompts(path, 20, seed=3)
    assert [p.text for p in some] == [f"p{p.row}" for p in some]
    assert [p.row for p in some] == sorted({p.row for p in some})
    assert len(some) == 20
    assert some == read_prompts(path, 20, seed=3)
    assert some != read_prompts(path, 20, seed=4)


def test_a_tokenizer_that_does_not_match(tmp_path, data, compute):
    small, other = tmp_path / "small", tmp_path / "other"
    gpt2(len(tokenizer()) - 2).save_pretrained(small)
    tokenizer().save_pretrained(small)
    line = told([small, data])
    assert line.endswith("the tokenizer does not match the model: 15 tokens, 13 embeddings")
    model = gpt2(len(tokenizer()))
    model.config.eos_token_id = 5
    model.generation_config.eos_token_id = 5
    model.save_pretrained(other)
    tokenizer().save_pretrained(other)
    with pytest.raises(LemmataError, match="a text ends with token 1, the model's with 5"):
        load_checkpoint(other, compute)


def test_folders_that_hold_no_model(tmp_path, data, folder_of):
    assert told([tmp_path / "none", data]).endswith("no folder of a model (it has no config.json)")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    assert "cannot be loaded" in told([tmp_path, data])
    assert "allowed: .csv, .parquet" in told([folder_of("gpt2"), data, "--output", "x.txt"])


def test_rewards_keep_the_order_of_prompts_and_samples(checkpoint):
    prompts = [Prompt(0, "say : a", ("yes",)), Prompt(1, "say : b", ("no",))]
    yes, no = (checkpoint.tokenizer.convert_tokens_to_ids(word) for word in ("yes", "no"))
    tokens = torch.tensor([[yes, 1], [no, 1], [yes, 1], [no, 1]])
    found = rewards_of(checkpoint, prompts, 2, tokens, exact_match)
    assert found.tolist() == [[1.0, -1.0], [-1.0, 1.0]]


def test_files_are_left_alone(folder_of):
    # Only safetensors, no pickle, is what a folder of a checkpoint holds and what is read.
    assert not list(Path(folder_of("gpt2")).glob("*.bin"))
