"""Answers are those of greedy decoding; runs learn, resume to the same bytes, refuse nonsense."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.length_generalization.evaluate import answers
from lemmata.length_generalization.experiment import (
    Settings,
    new_model,
    predictions,
    table_length,
    train_decoder,
    trained_before,
)
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.tasks.task import NONE
from lemmata.length_generalization.transformer import generate, positional_penalty
from lemmata.length_generalization.vocabulary import BOS, EOS, SEP
from lemmata.tables import write_table
from lemmata.training.batches import stream
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted
from lemmata.training.weights import save_weights

SETTINGS = Settings(
    task="binary_majority",
    positions="ape",
    layers=1,
    heads=1,
    width=32,
    init_std=0.05,
    train_length=12,
    batch_size=16,
    parts=2,
    steps=150,
    warmup=20,
    learning_rate=3e-3,
    weight_decay=0.01,
    at_zero=0.25,
    penalty=0.0,
    reach=2,
    strings=120,
    seed=0,
    device="cpu",
    precision="float32",
    log_every=50,
    checkpoint_every=40,
)


def prompts(questions):
    marked = np.pad(questions, ((0, 0), (1, 1)), constant_values=((0, 0), (BOS, SEP)))
    return torch.from_numpy(marked)


@pytest.mark.parametrize("task", ["sort", "addition", "parity_ones", "binary_majority"])
def test_exact_match_and_confidence_are_those_of_greedy_decoding(task):
    model = new_model(replace(SETTINGS, task=task, init_std=0.4, steps=1))
    own = TASKS[task]
    questions = own.sample(stream(0, "q"), 6, 64, own.symbols(24))
    found = answers(model, own, questions)
    rows, width = own.encode(questions), questions.shape[1]
    steps = rows.targets.shape[1] - width - 1
    said, confidence = generate(model, prompts(questions), steps, EOS)
    wanted = rows.targets[:, width + 1 :].copy()
    wanted[wanted == NONE] = EOS
    np.testing.assert_array_equal(found.exact, (said.numpy() == wanted).all(axis=1))
    np.testing.assert_allclose(found.confidence, confidence.exp().numpy(), rtol=1e-4)


def test_a_right_answer_is_found_right():
    # A decoder that is trained until it sorts pairs: exact match must see what generation does.
    trained = train_decoder(replace(SETTINGS, steps=300, train_length=6), threads=1)
    own = TASKS["binary_majority"]
    questions = own.sample(stream(1, "q"), 6, 200, 2)
    found = answers(trained.model, own, questions)
    assert found.exact.mean() > 0.95
    assert (found.token_accuracy[found.exact] == 1.0).all()
    assert (found.token_accuracy[~found.exact] < 1.0).all()
    said, _ = generate(trained.model, prompts(questions), 2, EOS)
    np.testing.assert_array_equal(said[:, 0].numpy() == own.answer(questions)[:, 0], found.exact)


def test_a_run_learns_and_tells_every_string():
    trained = train_decoder(SETTINGS, threads=1)
    table = trained.answers
    assert list(table.columns) == [
        "seed", "row", "split", "bin", "length", "exact", "token_accuracy", "confidence",
    ]  # fmt: skip
    assert table["row"].is_unique
    assert table.loc[table["bin"] == "in_distribution", "exact"].mean() > 0.8
    assert trained.history["step"].tolist() == [50, 100, 150]
    assert trained.history["loss"].iloc[-1] < 0.75 * trained.history["loss"].iloc[0]
    found = predictions(table)
    assert set(found["y"]) <= {0, 1}
    np.testing.assert_array_equal(found["y"], table["exact"])
    assert found["p"].between(0, 1).all()


@pytest.mark.parametrize(
    "changes", [{}, {"penalty": 0.01}, {"positions": "nope", "task": "dyck_2"}]
)
def test_an_interrupted_run_ends_in_the_same_bytes(tmp_path, changes):
    settings = replace(SETTINGS, steps=90, **changes)
    whole = train_decoder(settings, threads=1)
    with pytest.raises(Interrupted):
        train_decoder(settings, threads=1, checkpoints=Checkpoints(tmp_path), stop_after_s=0.0)
    segments: list[dict] = []
    parts = train_decoder(settings, threads=1, checkpoints=Checkpoints(tmp_path), segments=segments)
    assert len(segments) >= 1
    pd.testing.assert_frame_equal(whole.answers, parts.answers, check_exact=True)
    pd.testing.assert_frame_equal(whole.history, parts.history, check_exact=True)
    for ours, theirs in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_finished_run_is_what_its_files_hold(tmp_path):
    settings = replace(SETTINGS, steps=20)
    whole = train_decoder(settings, threads=1)
    weights, history, answered = (tmp_path / name for name in ("w.safetensors", "h", "a"))
    save_weights(whole.model, weights)
    write_table(whole.history, history)
    write_table(whole.answers, answered)
    found = trained_before(settings, weights, history, answered)
    pd.testing.assert_frame_equal(whole.answers, found.answers, check_exact=True)
    pd.testing.assert_frame_equal(whole.history, found.history, check_exact=True)
    for ours, theirs in zip(whole.model.parameters(), found.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(LemmataError, match=r"w\.safetensors: does not fit the model"):
        trained_before(replace(settings, layers=2), weights, history, answered)


def test_the_penalty_reaches_the_optimizer():
    settings = replace(SETTINGS, steps=60, warmup=0, init_std=0.3)
    free = train_decoder(settings, threads=1)
    held = train_decoder(replace(settings, penalty=1.0), threads=1)
    last = held.history.iloc[-1]
    assert last["loss"] == pytest.approx(last["cross_entropy"] + last["penalty"], rel=1e-5)
    with torch.no_grad():
        assert float(positional_penalty(held.model)) < 0.05 * float(positional_penalty(free.model))
    # Its first step moves queries and keys otherwise than cross entropy alone does.
    first = [train_decoder(replace(settings, steps=1, penalty=p), threads=1) for p in (0.0, 1e6)]
    ours, theirs = (m.model.blocks[0].query_key_value.weight[:64].detach() for m in first)
    assert not torch.allclose(ours, theirs)


def test_the_position_table_holds_the_longest_row():
    for name in ("sort", "addition", "interleave", "dyck_3", "parity_running", "mode_by_count"):
        task = TASKS[name]
        for reach in (2, 3):
            table = table_length(task, 12, reach)
            longest = int(task.lengths(reach * 12)[-1])
            rng = stream(5, "rows")
            questions = task.sample(rng, longest, 500, task.symbols(reach * 12))
            assert task.encode(questions).inputs.shape[1] <= table


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parts": 3}, "parts = 3: must divide batch_size = 16"),
        ({"penalty": 0.1, "positions": "nope"}, "penalty = 0.1: needs positions = 'ape'"),
        ({"task": "sorting"}, "unknown task 'sorting'; did you mean 'sort'"),
        ({"heads": 5}, "width = 32: must be a multiple of heads = 5"),
    ],
)
def test_settings_that_make_no_run_are_one_line(changes, message):
    with pytest.raises(LemmataError, match=message):
        train_decoder(replace(SETTINGS, **changes), threads=1)


def test_settings_come_from_the_config_as_they_are():
    assert build(Settings, asdict(SETTINGS)) == SETTINGS
