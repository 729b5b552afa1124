"""Which configuration of a sweep is chosen, and how far it leads the others that fit."""

import pytest

from lemmata.errors import LemmataError
from lemmata.length_generalization.figures import spread as spread_figure
from lemmata.length_generalization.selection import FALLBACK, chosen, place_of_choice, select
from lemmata.length_generalization.studies import spread
from lemmata.tables import write_table
from tests.unit.length_generalization.known_answers import STAMP, answers, evidence

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
    assert place_of_choice(found) == 1


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
    assert place_of_choice(found) is None
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


def test_spread_marks_the_chosen(sweep):
    fig = spread_figure.draw(sweep.table)
    assert fig.axes
