"""Exact match, its intervals and the studies of it, on known answers; figures draw their tables."""

import numpy as np
import pandas as pd
import pytest

from lemmata.errors import LemmataError
from lemmata.length_generalization.figures import confidence as confidence_figure
from lemmata.length_generalization.figures import formats as formats_figure
from lemmata.length_generalization.figures import lengths as lengths_figure
from lemmata.length_generalization.figures import penalized as penalized_figure
from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.studies import (
    confidence,
    conjunction,
    formats,
    lengths,
    penalized,
    positional_product,
)
from lemmata.length_generalization.studies.exact_match import (
    difference_interval,
    median_interval,
    medians,
    read_answers,
    summed,
)
from lemmata.tables import write_table
from tests.unit.length_generalization.known_answers import STAMP, STRINGS, answers, evidence


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


def test_lengths_hold_every_length_once():
    table = lengths.study(answers((1, 0.5, 0.0))).table
    assert sorted(table["length"]) == list(range(1, 21))
    assert table.loc[table["bin"] == BINS[0], "value"].eq(1.0).all()
    assert table.loc[table["bin"] == BINS[2], "value"].eq(0.0).all()
    assert (table["lower"] <= table["value"]).all()


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


def test_answers_keep_their_task_and_model(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(answers((1, 1, 1)).drop(columns=["task", "model"]), path, STAMP)
    table = read_answers(["sort", "count"], ["ape", "nope"], [path, path])
    found = table[["task", "model"]].drop_duplicates().to_numpy().tolist()
    assert found == [["sort", "ape"], ["count", "nope"]]


def test_curves_have_a_panel_a_task_with_the_trained_lengths_shaded():
    table = lengths.study(pd.concat([answers((1, 0.5, 0)), answers((1, 1, 1), "count")])).table
    fig = lengths_figure.draw(table, {"sort": 10, "count": 10})
    shown = [ax for ax in fig.axes if ax.axison]
    assert len(shown) == 2
    for ax in shown:
        assert any(patch.get_width() == 10 for patch in ax.patches)
