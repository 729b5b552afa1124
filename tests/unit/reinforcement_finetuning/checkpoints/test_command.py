"""The tool for models of one's own, end to end on tiny GPT-2 and T5, and each of its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from lemmata.cli import main
from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.checkpoints.loading import load_checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import read_prompts
from lemmata.reinforcement_finetuning.checkpoints.rewards import checked
from lemmata.training.device import select
from tests.unit.reinforcement_finetuning.checkpoints.conftest import KINDS, gpt2, tokenizer


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


def test_files_are_left_alone(folder_of):
    # Only safetensors, no pickle, is what a folder of a checkpoint holds and what is read.
    assert not list(Path(folder_of("gpt2")).glob("*.bin"))
