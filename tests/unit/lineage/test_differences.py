"""What differs between two accounts of a job, and between two texts of a module."""

from __future__ import annotations

from typing import Any

import pytest

from lemmata.lineage.definitions import BODY, changed_definitions
from lemmata.lineage.differences import ABSENT, config_differences, job_differences, leaves

JOB: dict[str, Any] = {
    "cfg": {"lr": 0.1, "net": {"width": 8, "depth": 2}, "seeds": [0, 1], "split": {"seed": 3}},
    "code": {
        "script": "s.py",
        "digest": "d",
        "script_digest": "s",
        "modules": {"m": "1", "n": "2"},
    },
    "software": {"python": "3.11", "numpy": "2.4"},
}


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    return [(d.kind, d.name, d.old, d.new) for d in job_differences(old, new)]


def test_equal_jobs_do_not_differ() -> None:
    assert told(JOB, JOB) == []


def test_nested_keys_are_named_with_their_values() -> None:
    new = {**JOB, "cfg": {**JOB["cfg"], "net": {"width": 16, "depth": 2}}}
    assert told(JOB, new) == [("config", "net.width", 8, 16)]


def test_exchanged_values_are_two_differences() -> None:
    old, new = {"a": 1, "b": 2}, {"a": 2, "b": 1}
    assert [(d.name, d.old, d.new) for d in config_differences(old, new)] == [
        ("a", 1, 2),
        ("b", 2, 1),
    ]


def test_keys_that_come_and_go() -> None:
    found = config_differences({"a": 1, "old": {"x": None}}, {"a": 1, "new": []})
    assert [(d.name, d.old, d.new) for d in found] == [("old.x", None, ABSENT), ("new", ABSENT, [])]


def test_a_number_of_another_type_differs_as_it_does_in_the_fingerprint() -> None:
    assert [d.name for d in config_differences({"a": 1}, {"a": 1.0})] == ["a"]
    assert [d.name for d in config_differences({"a": 1}, {"a": True})] == ["a"]


def test_seeds_are_a_kind_of_their_own() -> None:
    new = {**JOB, "cfg": {**JOB["cfg"], "seeds": [0, 1, 2], "split": {"seed": 4}}}
    assert told(JOB, new) == [
        ("seed", "seeds", [0, 1], [0, 1, 2]),
        ("seed", "split.seed", 3, 4),
    ]


def test_script_modules_and_versions() -> None:
    code = {"script": "s.py", "digest": "e", "script_digest": "t", "modules": {"m": "1", "o": "3"}}
    new = {**JOB, "code": code, "software": {"python": "3.11", "numpy": "2.5"}}
    assert told(JOB, new) == [
        ("code", "s.py", "s", "t"),
        ("code", "n", "2", ABSENT),
        ("code", "o", ABSENT, "3"),
        ("software", "numpy", "2.4", "2.5"),
    ]


def test_leaves_keep_empty_mappings() -> None:
    assert dict(leaves({"a": {}, "b": {"c": {}}})) == {"a": {}, "b.c": {}}


MODULE = '''
"""Doc."""
import math

RATE = 0.1


def f(x):
    """Doc."""
    return x


@decorated
class C(Base):
    size = 3

    def g(self):
        return f(1)

    def h(self):
        return 2
'''


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("return x", "return x  # a comment", []),
        ('    """Doc."""', '    """Other."""', []),
        ("return x", "return x + 1", ["f"]),
        ("def f(x)", "def f(x, y=1)", ["f"]),
        ("return f(1)", "return f(2)", ["C.g"]),
        ("size = 3", "size = 4", ["C"]),
        ("C(Base)", "C(Other)", ["C"]),
        ("@decorated", "@other", ["C"]),
        ("RATE = 0.1", "RATE = 0.2", ["RATE"]),
        ("import math", "import cmath", [BODY]),
        ("    def h(self):\n        return 2\n", "", ["C.h"]),
        ("def f(x)", "def new(x)", ["new", "f"]),
    ],
)
def test_what_changed_is_named(old: str, new: str, expected: list[str]) -> None:
    assert old in MODULE
    assert changed_definitions(MODULE, MODULE.replace(old, new)) == expected


def test_the_order_of_statements_counts() -> None:
    assert changed_definitions("print(1)\nprint(2)", "print(2)\nprint(1)") == [BODY]
