"""Pretraining and finetuning learn, resume to the same bytes, and are measured by question."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.reinforcement_finetuning.language import finetuning, pretraining
from lemmata.reinforcement_finetuning.language.exact_match import reward_of, std_of
from lemmata.reinforcement_finetuning.language.finetuning import finetune
from lemmata.reinforcement_finetuning.language.measures import (
    answered,
    measured,
    target_probability,
)
from lemmata.reinforcement_finetuning.language.runs import (
    Plan,
    predictions_of,
    run_plan,
    std_groups,
)
from lemmata.tables import check_predictions
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import select
from lemmata.training.loop import Interrupted
from tests.unit.reinforcement_finetuning.language.settings import PRETRAINING, STAGE, replaced


@pytest.fixture(scope="module")
def task():
    return pretraining.task_of(pretraining.Settings(**PRETRAINING))


def stopping(monkeypatch, module, after):
    """Make the module's loop stop on request after some steps in all."""
    inner, seen = module.train, []

    def train(*args, **kwargs):
        for step, metrics in inner(*args, **kwargs):
            yield step, metrics
            seen.append(step)
            if len(seen) == after:
                args[0].save()
                raise Interrupted("asked to")

    monkeypatch.setattr(module, "train", train)


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.values(), second.values(), strict=True))


def test_interrupted_pretraining_ends_with_the_same_bytes(task, tmp_path, monkeypatch):
    settings = pretraining.Settings(**PRETRAINING)
    whole = pretraining.train_model(settings, task, threads=1)
    stopping(monkeypatch, pretraining, 3)
    with pytest.raises(Interrupted):
        pretraining.train_model(settings, task, threads=1, checkpoints=Checkpoints(tmp_path))
    monkeypatch.undo()
    rest = pretraining.train_model(settings, task, threads=1, checkpoints=Checkpoints(tmp_path))
    assert same(whole.model.state_dict(), rest.model.state_dict())
    pd.testing.assert_frame_equal(whole.history, rest.history)


@pytest.mark.parametrize(("method", "updates"), [("reinforce", 1), ("grpo", 4), ("sft", 1)])
def test_interrupted_finetuning_ends_with_the_same_bytes(
    task, tmp_path, monkeypatch, method, updates
):
    model = pretraining.new_model(pretraining.Settings(**PRETRAINING), task)
    supervised = replaced(STAGE, method="sft", share=0.2)
    stages = [supervised, replaced(STAGE, method=method, updates=updates, shaped=True)]
    low = np.zeros(len(task.questions.prompts), dtype=bool)
    settings = finetuning.Settings(0, "cpu", "float32", 100)
    own = (model, task.questions, low, stages, settings)
    whole, history = finetune(*own, threads=1)
    stopping(monkeypatch, finetuning, 6 + 2)  # in the second stage, between two updates of a batch
    with pytest.raises(Interrupted):
        finetune(*own, threads=1, folder=tmp_path)
    monkeypatch.undo()
    rest, again = finetune(*own, threads=1, folder=tmp_path)
    assert same(whole.state_dict(), rest.state_dict())
    pd.testing.assert_frame_equal(history, again)
    assert not same(whole.state_dict(), model.state_dict())  # a copy was finetuned


def test_a_stage_begins_with_the_measures_of_what_came_out_of_the_one_before(task):
    model = pretraining.new_model(pretraining.Settings(**PRETRAINING), task)
    low = np.arange(len(task.questions.prompts)) % 3 == 0
    stages = [replaced(STAGE, method="sft", steps=5), replaced(STAGE, steps=4, shaped=True)]
    settings, compute = finetuning.Settings(0, "cpu", "float32", 100), select("cpu", "float32", 1)
    p = target_probability(model, task.questions, compute)
    _, history = finetune(model, task.questions, low, stages, settings, threads=1, before=p)
    first, _ = finetune(model, task.questions, low, stages[:1], settings, threads=1)
    for stage, policy in enumerate((model, first)):
        own = history[(history["stage"] == stage) & (history["step"] == 0)]
        expected = pd.DataFrame(measured(policy, task.questions, low, compute))
        pd.testing.assert_frame_equal(own[expected.columns].reset_index(drop=True), expected)
    assert history.groupby("stage")["step"].unique().map(list).tolist() == [[0, 3, 5], [0, 3, 4]]


def test_finetuning_learns_what_it_is_rewarded_for(task):
    model = pretraining.new_model(pretraining.Settings(**PRETRAINING), task)
    low = np.zeros(len(task.questions.prompts), dtype=bool)
    settings = finetuning.Settings(0, "cpu", "float32", 100)
    compute = select("cpu", "float32", 1)
    before = target_probability(model, task.questions, compute).mean()
    for stage in (replaced(STAGE, method="sft", steps=80, prompts=32), replaced(
        STAGE, steps=80, prompts=32, shaped=True
    )):  # fmt: skip
        policy, history = finetune(model, task.questions, low, [stage], settings, threads=1)
        after = target_probability(policy, task.questions, compute)
        assert after.mean() > 1.5 * before
        last = history[history["step"] == stage.steps]
        weighted = (last["reward"] * last["n"]).sum() / last["n"].sum()
        assert weighted == pytest.approx(reward_of(after).mean())


def test_plan_answers_predictions_and_groups(task):
    settings = pretraining.Settings(**PRETRAINING)
    own = finetuning.Settings(0, "cpu", "float32", 100)
    frames = []
    for seed in (0, 1):
        model = pretraining.new_model(pretraining.Settings(**{**PRETRAINING, "seed": seed}), task)
        untouched = copy.deepcopy(model.state_dict())
        plan = Plan(
            ("reinforce",), ((replaced(STAGE, shaped=True),),), 0.12,
            finetuning.Settings(seed, "cpu", "float32", 100),
        )  # fmt: skip
        outcome = run_plan(model, task.questions, plan, threads=1)
        assert same(untouched, model.state_dict())
        frames.append(outcome.answers)
    answers = pd.concat(frames, ignore_index=True)
    assert settings.seed == own.seed
    table = predictions_of(answers, "reinforce")
    check_predictions(table, "policies")
    count = len(task.questions.prompts)
    assert sorted(table["row"]) == list(range(2 * count))
    groups = std_groups(answers).set_index("row")
    before = answers[answers["run"] == "pretrained"]
    low = std_of(before["p_target"].to_numpy()) <= 0.12
    assert (groups["g_low_std"].to_numpy() == low).all()
    assert (groups["g_high_std"] == ~groups["g_low_std"]).all()
    first = answers[(answers["run"] == "reinforce") & (answers["seed"] == 0)]
    own_rows = table[table["seed"] == 0]
    np.testing.assert_allclose(own_rows["p"], first["p"])
    assert (own_rows["y"].to_numpy() == first["y"].to_numpy()).all()


def test_measures_are_means_over_the_questions_of_a_kind(task):
    model = pretraining.new_model(pretraining.Settings(**PRETRAINING), task)
    compute = select("cpu", "float32", 1)
    low = np.arange(len(task.questions.prompts)) % 3 == 0
    p = answered(model, task.questions, compute)["p_target"].to_numpy()
    for row in measured(model, task.questions, low, compute):
        chosen = (task.questions.kind == row["kind"]) & (low == row["low"])
        assert row["n"] == chosen.sum()
        assert row["reward"] == pytest.approx(reward_of(p[chosen]).mean())
        assert row["std"] == pytest.approx(std_of(p[chosen]).mean())
