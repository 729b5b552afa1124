"""A code digest changes with what runs, and with nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp
import pytest

from lemmata.errors import LemmataError
from lemmata.provenance.code import _module, code_of
from lemmata.provenance.syntax import _imports, tree_digest

BASE = '''
"""A module."""
import os

def f(x, y=1):
    """Add."""
    return x + y
'''


def digest(text: str) -> str:
    return tree_digest(ast.parse(text))


@pytest.mark.parametrize(
    "same",
    [
        BASE.replace("import os", "import os  # the system"),
        BASE.replace('"""Add."""', '"""Sum of two numbers."""'),
        BASE.replace('    """Add."""\n', ""),
        BASE.replace('"""A module."""\n', ""),
        BASE.replace("return x + y", "return (x\n            + y)"),
        BASE.replace("def f", "\n\n\ndef f"),
    ],
)
def test_comment_docstring_and_layout_change_nothing(same: str) -> None:
    assert same != BASE
    assert digest(same) == digest(BASE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + y", "y + x"),
        ("x + y", "x - y"),
        ("y=1", "y=2"),
        ("y=1", "y=1.0"),
        ("y=1", "y=True"),
        ("y=1", "y=None"),
        ("y=1", "y='1'"),
        ("y=1", "y=b'1'"),
        ("def f", "async def f"),
        ("def f", "def g"),
        ("import os", "import sys"),
        ("x, y=1", "x, *, y=1"),
        ("    return", "    'text that is no docstring'; x\n    return"),
    ],
)
def test_meaning_changes_the_digest(old: str, new: str) -> None:
    assert old in BASE
    assert digest(BASE.replace(old, new)) != digest(BASE)


def test_two_statements_that_exchange_places_differ() -> None:
    assert digest("a = 1\nb = 2") != digest("b = 2\na = 1")


def test_nesting_is_part_of_the_digest() -> None:
    assert digest("if a:\n    b()\nc()") != digest("if a:\n    b()\n    c()")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "lemmata",
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text("from lemmata.tables import read_table\nread_table\n")
    return path


def test_closure_holds_what_is_imported_directly_or_not(script: Path) -> None:
    modules = code_of(script).modules
    # tables imports errors; importing lemmata.tables executes lemmata/__init__.py.
    assert {"lemmata", "lemmata.tables", "lemmata.errors"} <= modules.keys()
    assert not any(name.startswith("lemmata.calibration") for name in modules)


def test_imports_are_those_that_an_import_graph_has(graph: grimp.ImportGraph) -> None:
    """Grimp's, which reads the whole package: a tenth of a second that no job has to spend."""
    ours = [name for name in graph.modules if name.split(".")[0] == "lemmata"]
    assert len(ours) > 300
    for name in ours:
        own, others = set(), set()
        for found in _module(name).imports:
            top = found.split(".")[0]
            if top == "lemmata":
                own |= {found} & graph.modules
            else:
                others.add(top)
        expected = graph.find_modules_directly_imported_by(name)
        # `from lemmata import x` is one of x to grimp; that lemmata itself runs is known anyway.
        assert own - {"lemmata"} - _parents(own) == {
            m for m in expected if m.startswith("lemmata.")
        } - _parents(own), name
        assert others == {m.split(".")[0] for m in expected} - {"lemmata"}, name


def _parents(names: set[str]) -> set[str]:
    return {name.rpartition(".")[0] for name in names}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("if TYPE_CHECKING:\n    import lemmata.stats\n", False),
        ("if typing.TYPE_CHECKING:\n    pass\nelse:\n    import lemmata.stats\n", True),
        (
            "def f():\n    try:\n        from lemmata import stats\n    finally:\n        ...\n",
            True,
        ),
        ("match 1:\n    case 1:\n        import lemmata.stats as s\n", True),
    ],
)
def test_imports_count_wherever_they_run(script: Path, text: str, named: bool) -> None:
    script.write_text(text)
    assert ("lemmata.stats" in code_of(script).modules) == named


def test_relative_imports_begin_at_the_package() -> None:
    tree = ast.parse("from . import a\nfrom .b import c\nfrom .. import d\n")
    expected = {"p.q", "p.q.a", "p.q.b", "p.q.b.c", "p", "p.d"}
    assert _imports(tree, "p.q") == expected


def test_software_names_the_closures_libraries_and_their_versions(script: Path) -> None:
    import pandas

    software = code_of(script).software
    assert software["pandas"] == pandas.__version__
    assert "torch" not in software
    script.write_text("import torch, sklearn.tree\n")
    assert {"torch", "scikit-learn"} <= code_of(script).software.keys()


def test_libraries_of_the_bookkeeping_are_left_out(script: Path) -> None:
    script.write_text("from lemmata.provenance.job import job\njob\n")
    found = code_of(script)
    assert "lemmata.provenance.job" in found.modules
    assert not {"grimp", "psutil", "jsonschema"} & found.software.keys()


def test_script_itself_is_part_of_the_digest(script: Path) -> None:
    before = code_of(script).digest
    script.write_text(script.read_text() + "# a comment\n")
    assert code_of(script).digest == before
    script.write_text(script.read_text() + "x = 1\n")
    assert code_of(script).digest != before


def test_submodule_imported_by_name_from_its_package(script: Path) -> None:
    script.write_text("from lemmata import tables\ntables\n")
    assert "lemmata.tables" in code_of(script).modules


def test_broken_script_is_named(script: Path) -> None:
    script.write_text("def f(:\n")
    with pytest.raises(LemmataError, match=r"script\.py: line 1: not valid Python"):
        code_of(script)
