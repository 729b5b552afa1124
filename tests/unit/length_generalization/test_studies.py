"""Selection and studies on answers whose exact match is known; figures draw what the tables say."""

import numpy as np
import pandas as pd
import pytest

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp.evaluate import accepts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import BY_TASK
from lemmata.length_generalization.figures import (
    ape_against_nope,
)
from lemmata.length_generalization.figures import (
    confidence as confidence_figure,
)
from lemmata.length_generalization.figures import (
    formats as formats_figure,
)
from lemmata.length_generalization.figures import (
    lengths as lengths_figure,
)
from lemmata.length_generalization.figures import (
    penalized as penalized_figure,
)
from lemmata.length_generalization.figures import (
    predicted as predicted_figure,
)
from lemmata.length_generalization.figures import (
    spread as spread_figure,
)
from lemmata.length_generalization.selection import FALLBACK, chosen, select
from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies import (
    confidence,
    conjunction,
    formats,
    lengths,
    penalized,
    positional_product,
    predicted,
    programs,
    spread,
)
from lemmata.length_generalization.studies.exact_match import (
    difference_interval,
    median_interval,
    medians,
    read_answers,
    summed,
)
from lemmata.length_generalization.studies.questions import deep_words
from lemmata.length_generalization.tasks.languages import bounded_dyck
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.tables import write_table

STRINGS = 400
STAMP = {"rule": "test", "fingerprint": "0" * 64}


def answers(shares, task="sort", model="ape", seed=0):
    """Answers whose exact match by bin is `shares`, exactly."""
    frames = []
    for number, (name, share) in enumerate(zip(BINS, shares, strict=False)):
        exact = np.arange(STRINGS) < round(share * STRINGS)
        first, last = [(1, 10), (11, 15), (16, 20), (21, 30)][number]
        frames.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "row": number * STRINGS + np.arange(STRINGS),
                    "split": "test",
                    "bin": name,
                    # Lengths cycle, so each has the bin's share but for rounding.
                    "length": np.random.default_rng(0).permutation(
                        np.resize(np.arange(first, last + 1), STRINGS)
                    ),
                    "exact": exact,
                    "token_accuracy": 0.5 + exact / 2,
                    "confidence": 0.9,
                    "task": task,
                    "model": model,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


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


def evidence(study):
    return study.evidence.set_index("statistic")


def test_summed_answers_are_means_over_strings():
    table = summed(answers((1, 0.25, 0)), "bin").set_index("bin")
    assert table["exact"].tolist() == [1.0, 0.25, 0.0]
    assert (table["n"] == STRINGS).all()
    assert table.loc["half_longer", "token_accuracy"] == pytest.approx(0.625)


def test_median_intervals_carry_seeds_and_strings():
    def part(shares):
        return pd.DataFrame({"n": STRINGS, "exact": shares})

    alike = median_interval(part([0.5, 0.5, 0.5]))
    # Strings alone: between one and the three-seed median's standard error of a share.
    error = np.sqrt(0.25 / STRINGS)
    assert 0.5 * error < (alike.upper - alike.lower) / 2 / 1.96 < 1.2 * error
    apart = median_interval(part([0.1, 0.5, 0.9]))
    assert apart.value == 0.5
    assert apart.lower < 0.2
    assert apart.upper > 0.8
    alike = median_interval(part([1.0, 1.0, 1.0]))  # all right, but of 400 strings alone
    assert 1 - 5 / STRINGS < alike.lower < 1 - 0.5 / STRINGS
    assert (alike.value, alike.upper) == (1.0, 1.0)
    np.testing.assert_array_equal(medians(part([0.3]), 1), medians(part([0.3]), 1))
    gap = difference_interval(part([0.9, 0.9, 0.9]), part([0.2, 0.2, 0.2]))
    assert gap.value == pytest.approx(0.7)
    assert gap.lower < 0.7 < gap.upper
    with pytest.raises(LemmataError, match="no seed was run"):
        medians(part([]))


def test_interval_of_one_seed_covers_the_share_as_often_as_it_says():
    # Coverage over drawn samples of a known share: the binomial part of the interval is right.
    rng = np.random.default_rng(0)
    for share, strings in ((0.3, STRINGS), (0.98, 40), (0.02, 40)):
        hits = 0
        for _ in range(200):
            drawn = rng.binomial(strings, share) / strings
            found = median_interval(pd.DataFrame({"n": [strings], "exact": [drawn]}))
            hits += found.lower <= share <= found.upper
        assert 0.9 <= hits / 200 <= 0.995, share


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


def test_lengths_hold_every_length_once():
    table = lengths.study(answers((1, 0.5, 0.0))).table
    assert sorted(table["length"]) == list(range(1, 21))
    assert table.loc[table["bin"] == BINS[0], "value"].eq(1.0).all()
    assert table.loc[table["bin"] == BINS[2], "value"].eq(0.0).all()
    assert (table["lower"] <= table["value"]).all()


CONFIGURATIONS = [
    {"layers": layers, "heads": 1, "width": width, "learning_rate": 1e-3, "steps": 10}
    for layers in (1, 2)
    for width in (32, 16)
]
NAMES = [f"c{k}" for k in range(4)]
OTHERWISE = {"layers": 9, "heads": 9, "width": 99, "learning_rate": 1e-4, "steps": 7}


def selection(*shares, fits=0.99):
    tables = [answers(s) for s in shares]
    return select(NAMES[: len(shares)], CONFIGURATIONS[: len(shares)], tables, fits, OTHERWISE)


def test_selection_takes_the_farthest_of_those_that_fit():
    found = selection((1, 0.5, 0), (1, 0.7, 0), (0.9, 0.9, 0.9), (1, 0.6, 1))
    assert found.loc[found["selected"], "name"].tolist() == ["c1"]
    assert found["fits"].tolist() == [True, True, False, True]
    assert chosen(found) == CONFIGURATIONS[1]


def test_the_longest_bin_takes_no_part_in_the_choice():
    one = selection((1, 0.5, 0.0), (1, 0.4, 1.0))
    other = selection((1, 0.5, 1.0), (1, 0.4, 0.0))
    assert one["selected"].tolist() == other["selected"].tolist() == [True, False]


def test_equals_go_to_the_simplest():
    found = selection(*[(1, 0.5, 0)] * 4)
    assert chosen(found) == CONFIGURATIONS[1]  # one layer, width 16
    exchanged = select(NAMES[:2], CONFIGURATIONS[1::2], [answers((1, 0.5, 0))] * 2, 0.99, OTHERWISE)
    assert chosen(exchanged) == CONFIGURATIONS[1]


def test_where_nothing_fits_the_fallback_is_run():
    found = selection((0.9, 0.5, 0), (0.8, 0.9, 0.9))
    assert found.loc[found["selected"], "name"].tolist() == [FALLBACK]
    assert chosen(found) == OTHERWISE
    assert found["fits"].dtype == bool


def test_an_empty_sweep_is_one_line():
    with pytest.raises(LemmataError, match="sweep: no configuration to choose from"):
        selection()


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "selection.parquet"
    shares = ((1, 0.9, 0.8), (1, 0.5, 0.2), (1, 0.6, 0.5), (0.5, 0.1, 0.0))
    write_table(selection(*shares), path, STAMP)
    return spread.study(["sort"], ["ape"], [path])


def test_spread_compares_the_chosen_with_all_that_fit(sweep):
    found = evidence(sweep).loc["lead_of_selected_ape_sort"]
    assert found["value"] == pytest.approx(0.8 - 0.5)
    assert found["lower"] == pytest.approx(0.0)
    assert found["upper"] == pytest.approx(0.6)
    assert found["n"] == 3


def test_formats_are_compared_beyond_the_trained_lengths():
    shares = {
        "addition_reverse": (1, 0.8, 0),
        "addition_forward": (1, 0.3, 0),
        "parity_ones": (1, 0.9, 0),
        "parity": (1, 0.5, 0),
        "mode": (1, 0.7, 0),
        "mode_by_appearance": (1, 0.4, 0),
        "mode_by_count": (1, 0.9, 0),
    }
    parts = [answers(s, task, seed=k) for task, s in shares.items() for k in range(3)]
    study = formats.study(pd.concat(parts))
    found = evidence(study)["value"]  # of some lengths of the bin: near the bin's shares
    assert found["reverse_over_forward_addition"] == pytest.approx(0.5, abs=0.1)
    assert found["hinted_over_plain_parity"] == pytest.approx(0.4, abs=0.1)
    assert found["mode_over_bad_order"] == pytest.approx(0.3, abs=0.1)
    assert found["good_order_over_bad_order"] == pytest.approx(0.5, abs=0.1)
    assert formats_figure.draw(study.table).axes


def test_formats_are_compared_on_the_lengths_that_were_asked():
    """Right from 1.25 L on and wrong before, and the other way round: at L = 10, 13, 14 and 15."""
    near = answers((1, 0, 0), "addition_reverse")
    near["exact"] = near["length"].between(13, 15)
    far = answers((1, 0, 0), "addition_forward")
    far["exact"] = far["length"] < 13
    at_end = answers((1, 0, 0), "mode")
    at_end["exact"] = at_end["length"] == 15
    others = [answers((1, 0, 0), t) for t in ("parity", "parity_ones", "mode_by_count")]
    bad = answers((1, 1, 1), "mode_by_appearance")
    bad["exact"] = bad["length"] != 15
    found = evidence(formats.study(pd.concat([near, far, at_end, bad, *others])))["value"]
    assert found["reverse_over_forward_addition"] == 1.0
    assert found["mode_over_bad_order"] == 1.0


def test_confidence_counts_tasks_and_not_their_seeds(tmp_path):
    """Ten seeds of a task that are all alike say no more than one does."""
    rows = [
        {"post_processor": "erm", "model": task, "seed": seed, "group": f"g_{name}",
         "smooth_ece": 0.1 + growth * (name == BINS[2]), "n": 10, "mean_y": 0.5, "mean_p": 0.5}
        for task, growth in (("sort", 0.1), ("count", 0.3))
        for seed in range(10)
        for name in BINS[:3]
    ]  # fmt: skip
    path = tmp_path / "metrics.parquet"
    write_table(pd.DataFrame(rows), path, STAMP)
    study = confidence.study(["ape"], [path])
    found = evidence(study).loc["growth_of_smooth_ece_ape"]
    assert found["value"] == pytest.approx(0.2)
    assert found["n"] == 2
    assert confidence_figure.draw(study.table).axes


def test_penalized_runs_are_paired_by_task_and_seed():
    parts = [
        answers((1, 1, share + gain), "unique_copy", model, seed)
        for seed, share in enumerate((0.2, 0.8, 0.5))
        for model, gain in (("ape_plain", 0.0), ("ape_penalty", 0.05))
    ]
    study = penalized.study(pd.concat(parts))
    found = evidence(study).loc["mean_gain_longest_bin"]
    assert found["value"] == pytest.approx(0.05)
    assert found["upper"] - found["lower"] < 0.02  # the seeds' own spread cancels
    assert penalized_figure.draw(study.table).axes


def test_conjunction_has_the_interpolator_beside_the_transformers(tmp_path):
    tests = ("free", "one frozen zero", "frozen at random")
    paths = []
    for seed, accuracy in enumerate((1.0, 0.8)):
        table = pd.DataFrame({"test": tests, "n": 5, "accuracy": [1.0, accuracy, 0.9]})
        paths.append(tmp_path / f"{seed}.parquet")
        write_table(table.assign(positions="ape", zeros="one", seed=seed), paths[-1], STAMP)
    study = conjunction.study(paths, bits=20, frozen=5)
    found = evidence(study)
    assert found.loc["min_transformer_accuracy", ["value", "lower", "upper"]].tolist() == [
        0.8, 0.8, 1.0,
    ]  # fmt: skip
    assert found.loc["min_degree_accuracy", "value"] == 0.0
    own = study.table[study.table["model"] == "min degree"].set_index("test")["accuracy"]
    assert own["frozen at random"] == 1 / 32


def test_positional_products_count_decades(tmp_path):
    rows = [
        {"relation": "local", "penalty": penalty, "width": 4, "seed": seed, "distance": d,
         "target": 0.0, "mean": 0.0, "error": error, "pairs": 1}
        for seed, gain in ((0, 10.0), (1, 1000.0))
        for penalty, error in ((0.0, 1.0), (0.1, 1.0 / gain))
        for d in (5, 6)
    ]  # fmt: skip
    path = tmp_path / "p.parquet"
    write_table(pd.DataFrame(rows), path, STAMP)
    found = evidence(positional_product.study([path], 5)).loc["decades_of_far_error_local"]
    assert found["value"] == pytest.approx(2.0)
    assert found["n"] == 2


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


def test_answers_keep_their_task_and_model(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(answers((1, 1, 1)).drop(columns=["task", "model"]), path, STAMP)
    table = read_answers(["sort", "count"], ["ape", "nope"], [path, path])
    found = table[["task", "model"]].drop_duplicates().to_numpy().tolist()
    assert found == [["sort", "ape"], ["count", "nope"]]


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


def test_curves_have_a_panel_a_task_with_the_trained_lengths_shaded():
    table = lengths.study(pd.concat([answers((1, 0.5, 0)), answers((1, 1, 1), "count")])).table
    fig = lengths_figure.draw(table, {"sort": 10, "count": 10})
    shown = [ax for ax in fig.axes if ax.axison]
    assert len(shown) == 2
    for ax in shown:
        assert any(patch.get_width() == 10 for patch in ax.patches)


def test_spread_marks_the_chosen(sweep):
    fig = spread_figure.draw(sweep.table)
    assert fig.axes
