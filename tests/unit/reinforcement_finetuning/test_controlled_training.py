"""Controlled experiments: what training reaches, measures, resumes and hands on."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.controlled import judged, runs
from lemmata.reinforcement_finetuning.controlled.answers import SEEDS_APART, said
from lemmata.reinforcement_finetuning.controlled.experiment import (
    Finetuning,
    few,
    finetune,
    pretrain,
)
from lemmata.reinforcement_finetuning.controlled.measures import measured
from lemmata.tables import check_predictions
from lemmata.training.loop import Interrupted
from lemmata.training.weights import save_weights
from tests.unit.reinforcement_finetuning.controlled_settings import (
    CLASSES,
    DOUBLE,
    FINETUNING,
    PRETRAINING,
    SETTINGS,
    network,
    session,
    table,
)


@pytest.fixture(scope="module")
def pretrained(task):
    model = network()
    pretrain(model, task, PRETRAINING, session())
    return model


# --- runs ----------------------------------------------------------------------------------------


def test_pretraining_makes_the_labels_of_the_set_equally_likely(task, pretrained):
    p = torch.softmax(pretrained(task.inputs[task.tuned]), dim=1).detach()
    inside = p[task.allowed[task.tuned]].view(-1, 2)
    assert (inside - 0.5).abs().mean() < 0.1
    low, high = measured(pretrained, task, -1.0, 100)
    assert low["group"] == "low_std"
    assert low["std"] < 0.5 < high["std"]
    assert low["rft_gradient"] < high["rft_gradient"]


def test_measures_are_those_of_a_loop_over_inputs(task, pretrained):
    (low, _) = measured(pretrained, task, 0.5, 5)
    own = task.part(task.tuned & task.modified)
    values, gradients = [], []
    model = network()
    model.load_state_dict(pretrained.state_dict())
    model.double()
    for x, label in zip(own.inputs[:5].double(), own.labels[:5], strict=True):
        p = torch.softmax(model(x[None])[0], dim=0)
        reward = torch.full((CLASSES,), 0.5, dtype=DOUBLE)
        reward[label] = 1.0
        value = (p * reward).sum()
        grads = torch.autograd.grad(value, list(model.parameters()))
        values.append(value.item())
        gradients.append(torch.cat([g.flatten() for g in grads]))
    assert low["n"] == 5
    assert low["inputs"] == 8
    assert low["reward"] == pytest.approx(np.mean(values))
    norm = torch.stack(gradients).mean(dim=0).norm().item()
    assert low["rft_gradient"] == pytest.approx(norm, rel=1e-9)


def test_sft_fits_both_groups_where_rft_leaves_one(task, pretrained):
    ends = {}
    for method in ("rft", "sft"):
        settings = dataclasses.replace(FINETUNING, method=method, epochs=150, log_every=150)
        _, history = finetune(pretrained, task, settings, session())
        ends[method] = history[history["epoch"] == 150].set_index("group")["reward"]
    assert ends["rft"]["high_std"] > 0.9
    assert ends["sft"]["low_std"] > ends["rft"]["low_std"] + 0.3


def test_finetuning_leaves_the_pretrained_policy_as_it_was(task, pretrained):
    before = [p.clone() for p in pretrained.parameters()]
    finetune(pretrained, task, FINETUNING, session())
    for old, new in zip(before, pretrained.parameters(), strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize("method", ["reinforce", "grpo", "rft"])
def test_an_interrupted_run_ends_with_the_same_bytes(task, pretrained, tmp_path, method):
    settings = dataclasses.replace(FINETUNING, method=method, first_examples=4, first_steps=6)
    whole, history = finetune(pretrained, task, settings, session())
    again = None
    for _ in range(200):
        try:
            again = finetune(pretrained, task, settings, session(folder=tmp_path, stop_after_s=0.0))
            break
        except Interrupted:
            continue
    assert again is not None
    for old, new in zip(whole.parameters(), again[0].parameters(), strict=True):
        assert torch.equal(old, new)
    pd.testing.assert_frame_equal(again[1], history)


def test_entropy_bonus_ends_when_it_should(task, pretrained):
    short = dataclasses.replace(FINETUNING, epochs=2, entropy=0.5, entropy_epochs=2)
    lasting = dataclasses.replace(short, entropy_epochs=0)
    dropped = dataclasses.replace(short, entropy_epochs=1)
    ends = [
        torch.cat([p.flatten() for p in finetune(pretrained, task, s, session())[0].parameters()])
        for s in (short, lasting, dropped)
    ]
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def test_a_few_inputs_are_of_as_many_classes_as_there_are(task):
    known = task.part(task.tuned)
    chosen = few(known, CLASSES, seed=0)
    assert sorted(known.classes[chosen.numpy()]) == list(range(CLASSES))
    assert len(few(known, 0, seed=0)) == 80
    with pytest.raises(LemmataError, match="first_examples = 81: there are 80"):
        few(known, 81, seed=0)


def test_a_reward_that_is_not_a_number_stops_before_training(task, pretrained):
    settings = dataclasses.replace(FINETUNING, wrong_on_modified=float("nan"))
    with pytest.raises(LemmataError, match=r"^reward: 24 of 320 values are not finite, first nan"):
        finetune(pretrained, task, settings, session())


# --- the job -------------------------------------------------------------------------------------


def _job():
    values = {
        "task": dataclasses.asdict(SETTINGS),
        "network": {"architecture": "mlp", "widths": [8]},
        "pretraining": {**dataclasses.asdict(PRETRAINING), "epochs": 2},
        "seed": 3,
    }
    short = {**dataclasses.asdict(FINETUNING), "epochs": 2}
    variants = {"rft": short, "sft": {**short, "method": "sft"}}
    made = runs.train_all(values, table(), variants, lambda _: session(3))
    return values, variants, made


def test_a_job_trains_every_variant_and_is_read_back(tmp_path):
    values, variants, made = _job()
    assert set(made.history["variant"]) == {"pretrained", "rft", "sft"}
    assert set(made.history["phase"]) == {"pretraining", "main"}
    save_weights(made.models, tmp_path / "models.safetensors")
    ((seed, task, models),) = runs.read_back(
        [values], list(variants), "rft", table(), [str(tmp_path / "models.safetensors")]
    )
    assert seed == 3
    assert list(models) == ["initial", "pretrained", "rft"]
    for old, new in zip(made.models["rft"].parameters(), models["rft"].parameters(), strict=True):
        assert torch.equal(old, new)
    again = said({"rft": models["rft"]}, task, 3)
    expected = made.said[made.said["variant"] == "rft"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, expected)
    with pytest.raises(LemmataError, match="'grpo' is not among rft, sft"):
        next(runs.read_back([values], ["rft", "sft"], "grpo", table(), ["nowhere"]))


def test_what_policies_say_becomes_common_tables_with_groups():
    _, _, made = _job()
    frame = judged.predictions(made.said, "rft")
    held_out = judged.predictions(made.said, "rft_held_out")
    for part, rows in ((frame, 80), (held_out, 40)):
        check_predictions(part, "test")
        assert len(part) == rows
        assert set(part["split"]) == {"validation", "test"}
        assert (part["row"] // SEEDS_APART == 3).all()
    groups = judged.std_groups(made.said).set_index("row")
    assert (groups["g_low_std"] ^ groups["g_high_std"]).all()
    assert groups.loc[frame["row"], "g_low_std"].sum() == 8


def test_settings_of_a_variant_are_checked():
    with pytest.raises(LemmataError, match=r"variants.rft.learning_rat: unknown key"):
        build(Finetuning, {"learning_rat": 1.0}, "variants.rft")
