"""Strings: what is drawn, that tests are unseen, and that they depend on names and seeds alone."""

import re
import subprocess
import sys
from itertools import groupby, pairwise, product

import numpy as np
import pytest

from lemmata.errors import LemmataError
from lemmata.length_generalization import strings
from lemmata.length_generalization.strings import (
    BINS,
    asked_in_a_row,
    bin_flags,
    draw,
    for_test,
    rows_frame,
    train_batch,
)
from lemmata.length_generalization.tasks import table
from lemmata.length_generalization.tasks.languages import AUTOMATA
from lemmata.length_generalization.tasks.table import TASKS, task_named
from lemmata.length_generalization.tasks.task import NONE
from lemmata.length_generalization.vocabulary import BOS, EOS, FIRST, SEP
from lemmata.training.batches import stream

LENGTHS = {"addition": 7, "count": 4, "fourth_a": 8, "abab": 8}
LENGTHS |= dict.fromkeys(("parity_running", "parity_ones"), 4)
LENGTHS |= dict.fromkeys(("addition_reverse", "addition_forward"), 2)


def rows_of(name, length, count=200, symbols=40):
    task = TASKS[name]
    return task.sample(stream(0, "t"), length, count, task.symbols(symbols))


@pytest.mark.parametrize("name", TASKS)
def test_the_documented_row_is_the_encoded_one(name):
    task = TASKS[name]
    question = task.sample(stream(0, name), LENGTHS.get(name, 6), 1, task.symbols(12))[0]
    documented = re.search(rf"^ +{name} +(BOS .*)$", str(table.__doc__), re.MULTILINE)
    assert documented is not None
    assert documented[1] == task.read(question)


@pytest.mark.parametrize("name", TASKS)
def test_rows_ask_for_the_answer_and_its_end_alone(name):
    task = TASKS[name]
    questions = rows_of(name, int(task.lengths(12)[-1]))
    inputs, targets = task.encode(questions)
    assert (inputs[:, 0] == BOS).all()
    assert inputs.max() < task.vocabulary(40)
    if task.labels:
        assert (targets[:, 0] == NONE).all()
        assert (targets[:, 1:] >= 0).all()
        assert targets.max() < task.labels
        return
    answers = task.answer(questions)
    for row in range(len(questions)):
        own = answers[row][answers[row] != NONE]
        expected = [BOS, *questions[row], SEP, *own, EOS]
        asked = targets[row] != NONE
        assert targets[row][asked].tolist() == [*own, EOS]
        begin = 1 + questions.shape[1]
        # Each target is the token that comes next: the rest of the row is never asked.
        assert expected[begin + 1 :] == targets[row][begin : begin + len(own) + 1].tolist()
        assert inputs[row, : len(expected) - 1].tolist() == expected[:-1]


def test_answers_of_the_algorithmic_tasks_are_what_python_says():
    sums = rows_of("addition", 13)
    for row, out in zip(sums, TASKS["addition"].answer(sums), strict=True):
        text = "".join("01+"[t - FIRST] for t in row)
        said = "".join("01"[t - FIRST] for t in out if t != NONE)
        assert int(said, 2) == sum(int(part, 2) for part in text.split("+"))
        assert said[0] == "1"
        assert text[0] == "1"
        assert text[text.index("+") + 1] == "1"
    questions = rows_of("parity", 9)
    np.testing.assert_array_equal(
        TASKS["parity"].answer(questions)[:, 0] - FIRST, (questions == FIRST + 1).sum(1) % 2
    )
    for name in ("binary_majority", "majority", "mode"):
        questions = rows_of(name, 9)
        for row, out in zip(questions, TASKS[name].answer(questions), strict=True):
            counts = np.bincount(row)
            assert counts.argmax() == out[0]
            assert (counts == counts.max()).sum() == 1
    questions = rows_of("interleave", 12)
    for r in range(3):
        np.testing.assert_array_equal(
            TASKS["interleave"].answer(questions)[:, r],
            FIRST + (questions[:, r::3].mean(axis=1) > FIRST + 0.5),
        )
    questions = rows_of("sort", 9)
    np.testing.assert_array_equal(TASKS["sort"].answer(questions), np.sort(questions, axis=1))
    assert all(len(set(row)) == 9 for row in questions.tolist())


def test_the_number_of_ones_is_uniform():
    ones = (rows_of("parity", 7, 80_000) == FIRST + 1).sum(axis=1)
    share = np.bincount(ones, minlength=8) / len(ones)
    np.testing.assert_allclose(share, 1 / 8, atol=5 * np.sqrt(1 / 8 * 7 / 8 / len(ones)))


@pytest.mark.parametrize("name", ["dyck_3", "tomita_4", "ab_d_bc", "a_to_e", "last_0_then_2"])
def test_words_are_drawn_uniformly_from_the_language(name):
    automaton, length, count = AUTOMATA[name], 6, 40_000
    words = automaton.sample(stream(0, "uniform"), length, count)
    letters = len(automaton.alphabet)
    everything = np.array(list(np.ndindex(*[letters] * length)))
    inside = everything[automaton.accepts(everything)]
    found, counts = np.unique(words, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, inside)
    share = 1 / len(inside)
    limit = 5 * np.sqrt(share * (1 - share) / count)
    np.testing.assert_allclose(counts / count, share, atol=limit)


def tomita_3(word):
    """Wrong is an odd run of 1s that is followed at once by an odd run of 0s."""
    runs = [(letter, len(list(run))) for letter, run in groupby(word)]
    return not any(
        first[0] == "1" and first[1] % 2 and second[1] % 2 for first, second in pairwise(runs)
    )


OUTSIDE = {  # the languages that no C-RASP program decides, by their definitions
    "tomita_3": tomita_3,
    "tomita_5": lambda w: w.count("0") % 2 == 0 == w.count("1") % 2,
    "tomita_6": lambda w: (w.count("0") - w.count("1")) % 3 == 0,
    "last_0_then_2": lambda w: re.fullmatch("[012]*02*", w) is not None,
}


@pytest.mark.parametrize("name", AUTOMATA)
def test_automata_are_their_languages(name):
    """The others' are held against programs and plain definitions in test_crasp_programs."""
    assert (name in OUTSIDE) == (TASKS[name].ape is False)
    if name not in OUTSIDE:
        return
    automaton = AUTOMATA[name]
    for length in range(1, 13 if len(automaton.alphabet) == 2 else 9):
        words = list(product(range(len(automaton.alphabet)), repeat=length))
        said = [OUTSIDE[name]("".join(automaton.alphabet[k] for k in word)) for word in words]
        np.testing.assert_array_equal(automaton.accepts(np.array(words)), said)


@pytest.mark.parametrize("name", AUTOMATA)
def test_labels_say_what_may_follow(name):
    # By brute force: a letter may follow where some word of the language continues so.
    automaton = AUTOMATA[name]
    letters, longest = len(automaton.alphabet), {1: 12, 2: 7, 3: 4, 4: 4, 5: 4}
    for length in range(1, longest[letters]):
        words = np.array(list(np.ndindex(*[letters] * length)))
        states = automaton.states(words)
        alive = words[states[:, -1] < len(automaton.moves)]
        labels = automaton.labels[automaton.states(alive)[:, -1]] if len(alive) else []
        follow = {}
        for word, label in zip(alive, labels, strict=True):
            options = [tuple(alive_letter(automaton, [*word, a])) for a in range(letters)]
            said = (bool(automaton.accepts(word[None])[0]), *(o[0] for o in options))
            assert follow.setdefault(int(label), said) == said


def alive_letter(automaton, word):
    """Whether some ending of up to as many letters as there are states leads into the language."""
    reached = {int(automaton.states(np.array([word]))[0, -1])}
    for _ in range(len(automaton.moves) + 1):
        if reached & set(automaton.accepting):
            return [True]
        reached = {int(s) for r in reached for s in automaton.table[r]} - {len(automaton.moves)}
    return [False]


@pytest.mark.parametrize("name", ["sort", "binary_majority", "dyck_3", "addition", "repeat_copy"])
def test_no_test_string_is_trained_on(name):
    task = TASKS[name]
    tests = strings.test_strings(task, 24, 2, 200)
    assert all(for_test(q).all() for _, length, q in tests if length >= task.separable)
    for step in range(1, 40):
        for rows in train_batch(task, 0, step, 24, 2, 32, 1):
            end = rows.inputs.shape[1] if task.labels else list(rows.inputs[0]).index(SEP)
            questions = rows.inputs[:, 1:end]
            length = questions.shape[1] + (1 if name == "addition" else 0)
            if length >= task.separable:
                assert not for_test(questions).any()


def test_a_string_is_the_tests_by_its_own_hash():
    questions = rows_of("sort", 12, 40_000)
    own = for_test(questions)
    assert own.mean() == pytest.approx(1 / strings.TEST_SHARE, abs=0.01)
    order = np.random.default_rng(0).permutation(len(questions))
    np.testing.assert_array_equal(for_test(questions[order]), own[order])
    np.testing.assert_array_equal(for_test(questions[:1]), own[:1])
    drawn = draw(TASKS["sort"], stream(0, "x"), 12, 50, 40, test=True)
    assert for_test(drawn).all()
    assert len(drawn) == 50


def test_bins_hold_their_lengths_and_distinct_strings():
    bounds = dict(zip(BINS, [(1, 10), (11, 15), (16, 20), (21, 30)], strict=True))
    for reach in (2, 3):
        for name, length, questions in strings.test_strings(TASKS["sort"], 10, reach, 100):
            low, high = bounds[name]
            assert low <= length <= high
            assert questions.shape[1] == length
            assert len(np.unique(questions, axis=0)) == len(questions)
    names = {name for name, _, _ in strings.test_strings(TASKS["sort"], 10, 2, 100)}
    assert names == set(BINS[:3])


def test_rows_are_unique_over_tasks_and_flags_follow_the_bins():
    frames = [rows_frame(TASKS[name], 10, 2, 50) for name in ("sort", "unique_copy", "dyck_2")]
    rows = np.concatenate([frame["row"] for frame in frames])
    assert len(np.unique(rows)) == len(rows)
    assert set(frames[0]["split"]) == {"validation", "test"}
    flags = bin_flags(frames[0])
    for name in BINS:
        np.testing.assert_array_equal(flags[f"g_{name}"], frames[0]["bin"] == name)


def test_strings_do_not_depend_on_hash_seeds():
    code = (
        "from lemmata.length_generalization import strings as s;"
        "from lemmata.length_generalization.tasks.table import TASKS as t;"
        "import hashlib;"
        "b = s.train_batch(t['tomita_3'], 3, 5, 20, 2, 8, 1)[0];"
        "q = s.test_strings(t['sort'], 6, 2, 30)[-1][2];"
        "print(hashlib.sha256(b.inputs.tobytes() + b.targets.tobytes() + q.tobytes()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(found) == 1


def test_every_length_comes_once_in_a_turn():
    lengths = [
        part.inputs.shape[1] - 3  # BOS, SEP and the answer
        for step in range(1, 11)
        for part in train_batch(TASKS["binary_majority"], 0, step, 10, 2, 8, 2)
    ]
    assert sorted(lengths[:10]) == sorted(lengths[10:]) == list(range(1, 11))
    assert lengths[:10] != lengths[10:]


def test_what_is_asked_in_a_row_on_average():
    assert asked_in_a_row(TASKS["binary_majority"], 10, 2) == 2.0  # the bit and EOS
    assert asked_in_a_row(TASKS["sort"], 10, 2) == 6.5  # (1 + ... + 10) / 10 and EOS
    assert asked_in_a_row(TASKS["dyck_2"], 10, 2) == 6.0  # labels of 2, 4, ..., 10 letters


def test_batches_differ_by_step_and_seed_and_group_by_length():
    batch = train_batch(TASKS["sort"], 0, 1, 25, 2, 32, 4)
    assert [len(part.inputs) for part in batch] == [8] * 4
    again = train_batch(TASKS["sort"], 0, 1, 25, 2, 32, 4)
    assert all((a.inputs == b.inputs).all() for a, b in zip(batch, again, strict=True))
    widths = {
        train_batch(TASKS["sort"], seed, step, 25, 2, 8, 1)[0].inputs.shape[1]
        for seed in range(3)
        for step in range(1, 31)
    }
    assert len(widths) > 15


def test_unknown_tasks_and_lengths_are_one_line():
    with pytest.raises(LemmataError, match=r"unknown task 'sorted'; did you mean 'sort'\?"):
        task_named("sorted")
    with pytest.raises(LemmataError, match=r"task fourth_a: no length in \(4, 7\]; allowed: 4, 8"):
        TASKS["fourth_a"].lengths(7, above=4)
