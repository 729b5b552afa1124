"""Finetuning of tiny GPT-2 and T5, supervised and by reward, and the study of it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from lemmata.reinforcement_finetuning.checkpoints.answers import token_log_prob
from lemmata.reinforcement_finetuning.checkpoints.estimate import estimate
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
from lemmata.reinforcement_finetuning.checkpoints.rewards import exact_match
from lemmata.reinforcement_finetuning.checkpoints.study import Settings, study
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted
from tests.unit.reinforcement_finetuning.checkpoints.conftest import SAMPLING


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
