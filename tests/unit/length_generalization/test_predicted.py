"""What theory predicts beside answers of known exact match, and the programs behind it."""

import pandas as pd
import pytest

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp.evaluate import accepts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import BY_TASK
from lemmata.length_generalization.figures import ape_against_nope
from lemmata.length_generalization.figures import predicted as predicted_figure
from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies import predicted, programs
from lemmata.length_generalization.studies.questions import deep_words
from lemmata.length_generalization.tasks.languages import bounded_dyck
from lemmata.length_generalization.tasks.table import TASKS
from tests.unit.length_generalization.known_answers import answers, evidence

IDEAL = {  # what the theory says of laptop scale's tasks
    ("binary_majority", "ape"): (1, 1, 1),
    ("binary_majority", "nope"): (1, 1, 1),
    ("majority", "ape"): (1, 1, 1),
    ("sort", "ape"): (1, 1, 0.99),
    ("sort", "nope"): (1, 1, 0.98),
    ("count", "ape"): (1, 0.95, 0.9),
    ("interleave", "ape"): (1, 0.98, 0.95),
    ("interleave", "nope"): (0.8, 0.6, 0.5),
    ("unique_copy", "ape"): (1, 0.96, 0.8),
    ("unique_copy", "nope"): (0.5, 0, 0),
    ("repeat_copy", "ape"): (1, 0.1, 0),
    ("parity", "ape"): (0.6, 0.5, 0.5),
    ("addition", "ape"): (0.2, 0, 0),
    ("dyck_3", "ape"): (1, 1, 0.98),
    ("dyck_3", "nope"): (1, 1, 0.97),
}


def ideal(changes=None):
    known = IDEAL | (changes or {})
    return pd.concat(
        [
            answers(shares, task, model, seed)
            for (task, model), shares in known.items()
            for seed in range(3)
        ],
        ignore_index=True,
    )


def test_predicted_on_ideal_answers():
    study = predicted.study(ideal())
    found = evidence(study)["value"]
    assert found["min_short_program_next_bin"] == pytest.approx(0.95)
    assert found["min_positive_last_bin"] == pytest.approx(0.9)
    assert found["max_negative_last_bin"] == 0.0
    assert found["parity_last_bin"] == 0.5
    assert found["separation_last_bin"] == pytest.approx(0.4)
    assert found["min_gap_where_positions_are_needed"] == pytest.approx(0.45)
    assert found["max_gap_where_they_are_not"] == pytest.approx(0.01)
    # Wrong by AC0: two majorities and the interleaved one, repeat copy and addition, of ten.
    assert found["mispredicted_by_c_rasp"] == 0
    assert found["mispredicted_by_ac0_more"] == 5
    assert found["mispredicted_by_rasp_l"] == 0
    assert evidence(study).loc["mispredicted_by_rasp_l", "n"] == 8
    assert evidence(study).loc["mispredicted_by_ac0_more", "n"] == 10
    row = study.table.set_index(["task", "model", "bin"]).loc[("interleave", "nope", BINS[2])]
    assert (row["c_rasp"], row["ac0"], row["chance"]) == (False, False, 0.125)


def test_the_conjecture_names_the_tasks_with_short_programs():
    everything = predicted.short_programs(TASKS)
    assert set(everything) == {"binary_majority", "majority", "sort", "count", "unique_copy"}
    assert predicted.short_programs(["parity", "repeat_copy", "addition", "dyck_3"]) == []


def test_a_c_rasp_program_stands_behind_every_yes():
    for name, task in TASKS.items():
        assert (name in BY_TASK) == (task.ape is True), name
        if name in BY_TASK:
            letters = [task.spell(k) for k in range(task.symbols(4))]
            assert parse(BY_TASK[name](letters), name).operations


def test_predicted_tells_what_fails():
    study = predicted.study(ideal())
    worse = predicted.study(ideal({("sort", "ape"): (1, 0.2, 0.1)}))
    assert evidence(study).loc["mispredicted_by_c_rasp", "value"] == 0
    found = evidence(worse)["value"]
    assert found["mispredicted_by_c_rasp"] == 1
    assert found["min_positive_last_bin"] == pytest.approx(0.1)
    assert found["separation_last_bin"] == pytest.approx(-0.4)


def test_a_count_of_mispredictions_is_as_unsure_as_its_medians():
    """Seeds on both sides of the cut: the task is right or wrong as they are drawn."""
    seeds = [answers((1, 0.9, share), "sort", seed=k) for k, share in enumerate((0.1, 0.95, 0.95))]
    others = ideal()
    table = pd.concat([others[(others["task"] != "sort") | (others["model"] != "ape")], *seeds])
    found = evidence(predicted.study(table))
    assert found.loc["mispredicted_by_c_rasp"].tolist() == [0, 0, 1, 10]
    # AC0 says the same of sorting, so their difference is not touched.
    assert found.loc["mispredicted_by_ac0_more"].tolist() == [5, 5, 5, 10]


def test_predicted_needs_its_tasks_by_name():
    table = ideal()
    with pytest.raises(LemmataError, match="the study needs parity with the model ape"):
        predicted.study(table[table["task"] != "parity"])


def test_the_longest_bin_of_a_task_is_its_own():
    flip = answers((1, 0.9, 0.5, 0.1), "last_0_then_2")
    found = evidence(predicted.study(pd.concat([ideal(), flip])))
    assert found.loc["last_0_then_2_longest_bin", "value"] == pytest.approx(0.1)


def test_programs_find_no_mismatch_and_would_find_one(monkeypatch):
    study = programs.study(7)
    found = evidence(study)
    assert found.loc["mismatches_c_rasp", "value"] == 0
    assert found.loc["mismatches_rasp_l", "value"] == 0
    assert found.loc["mismatches_c_rasp", "n"] > 1_000
    beyond = study.table[study.table["language"] == "RASP"]
    assert beyond["dialect"].str.endswith("on positions or counts").all()
    legal = study.table.loc[study.table["language"] == "RASP-L", "dialect"]
    assert (legal == "legal").all()
    monkeypatch.setitem(BY_TASK, "tomita_4", BY_TASK["tomita_1"])
    assert evidence(programs.study(5)).loc["mismatches_c_rasp", "value"] > 0


def test_programs_are_checked_on_every_question_that_was_counted():
    """At the scales that ask: the counts of the public check, or more."""
    table = programs.study(14).table.set_index(["language", "task"])["strings"]
    expected = {
        ("RASP-L", "conjunction"): 2**13 - 2,
        ("RASP-L", "mode"): 2_589,
        ("RASP-L", "unique_copy"): 326,
        ("RASP-L", "sort"): 1_236,
        ("RASP-L", "parity_running"): 510,
        ("RASP-L", "parity_ones"): 510,
        ("C-RASP", "majority"): 2_589,
        ("C-RASP", "interleave"): 1_528,
        ("C-RASP", "unique_copy"): 326,
        ("C-RASP", "even_a"): 60,
        ("C-RASP", "ab_d_bc"): 21_844,
        ("C-RASP", "a_to_e"): 97_655,
        ("C-RASP", "anbncn"): 29_523,
        ("C-RASP", "tomita_7_position_free"): 2**15 - 2,
        ("C-RASP", "dyck_12"): 2**15 - 2 + 2**8 - 2,
    }
    assert table[list(expected)].to_dict() == expected
    assert table["RASP-L", "count"] >= 102
    assert table["RASP-L", "addition_forward"] >= 1_400


def test_deep_words_tell_bounds_on_the_depth_apart():
    """What shorter words cannot: D_12 against D_13, and against Dyck-1."""
    cases, symbols = programs.acceptors(14), {"a": 0, "b": 1}
    batches = list(deep_words(12, 6))
    assert all(w.shape[1] > 24 for w in batches)
    for name, other in (("dyck_12", bounded_dyck(13)), ("dyck_1", bounded_dyck(12))):
        program = parse(cases[name].text)
        own = [accepts(program, w, symbols) for w in batches]
        assert any((a != other.accepts(w)).any() for a, w in zip(own, batches, strict=True))


def texts(fig):
    return [t.get_text() for ax in fig.axes for t in ax.texts]


def test_the_matrix_shows_every_number_and_prediction():
    study = predicted.study(ideal())
    fig = predicted_figure.draw(study.table)
    said = texts(fig)
    assert sum(t.startswith("0.95\n") for t in said) >= 2
    known = study.table.drop_duplicates(["task", "model"])
    assert said.count("yes") == int(known["c_rasp"].sum() + known["ac0"].sum())
    bars = ape_against_nope.draw(study.table)
    assert all(ax.get_xlabel() or ax.get_ylabel() for ax in bars.axes[:1])
