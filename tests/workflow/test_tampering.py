"""Whatever is changed in a finished run is caught and named; nothing else is."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lemmata.lineage.audit import Auditor
from lemmata.lineage.checks import Problem
from lemmata.lineage.hashes import Hashes
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.record import SUFFIX, fingerprint_of, read_record, write_record
from tests.workflow import dag

pytestmark = pytest.mark.dag
TRIALS = 100
SEED = 20_26


class Tree:
    """A finished tree whose files are changed and put back."""

    def __init__(self, root: Path) -> None:
        self.root = root
        everything = [p for f in ("results", "resources") for p in sorted((root / f).rglob("*"))]
        hidden = [
            p for p in everything if any(x.startswith(".") for x in p.parts[len(root.parts) :])
        ]
        files = [p for p in everything if p.is_file() and p not in hidden]
        self.records = [p for p in files if p.name.endswith(SUFFIX)]
        self.outputs = [p for p in files if p not in self.records]
        self.tables = [p for p in self.outputs if p.suffix == ".parquet"]
        self.writers = {
            root / item["path"]: path
            for path in self.records
            for item in read_record(path)["outputs"]
        }
        self._before: dict[Path, bytes] = {}

    def write(self, path: Path, content: bytes) -> None:
        self._before.setdefault(path, path.read_bytes())
        path.chmod(0o644)
        path.write_bytes(content)

    def undo(self) -> None:
        for path, content in self._before.items():
            path.write_bytes(content)
        self._before.clear()


def flip_a_bit(tree: Tree, rng: random.Random) -> Path:
    path = rng.choice([*filter(os.path.getsize, tree.outputs), *tree.records])
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    tree.write(path, bytes(content))
    return path


def change_a_record(tree: Tree, rng: random.Random) -> Path:
    """Another value somewhere in a record, its own digest left as it was."""
    path = rng.choice(tree.records)
    record = json.loads(path.read_bytes())
    key = rng.choice(["wall_s", "started", "threads", "log", "rule", "cfg", "hardware", "git"])
    record[key] = "another"
    text = json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    tree.write(path, text.encode())
    return path


def change_a_record_with_care(tree: Tree, rng: random.Random) -> Path:
    """Another setting in a record, its fingerprint and digest computed anew."""
    table = rng.choice(tree.tables)
    path = tree.writers[table]
    record = read_record(path)
    record["cfg"] = {**record["cfg"], "learning_rate": rng.random()}
    rewrite(tree, path, {**record, "fingerprint": fingerprint_of(record)})
    return path


def swap_two_files(tree: Tree, rng: random.Random) -> Path:
    one = rng.choice(tree.outputs)
    others = [
        path
        for path in tree.outputs
        if path.suffix == one.suffix and path.read_bytes() != one.read_bytes()
    ]
    if not others:
        return flip_a_bit(tree, rng)
    other = rng.choice(others)
    first, second = one.read_bytes(), other.read_bytes()
    tree.write(one, second)
    tree.write(other, first)
    return one


def edit_a_value_and_fix_its_record(tree: Tree, rng: random.Random) -> Path:
    """One number of a table changed, its stamp kept, its record's hash and digest made to fit."""
    path = rng.choice([path for path in tree.tables if numeric(path)])
    table = pq.read_table(path)
    numbers = numeric(path)
    column = rng.choice(numbers)
    field = table.schema.field(column)
    values = table.column(column).combine_chunks()
    row = rng.randrange(len(values))
    mask = pa.array([i == row for i in range(len(values))])
    other = pa.scalar(12345 + rng.randrange(100), field.type)
    changed = pc.if_else(mask, other, values)
    edited = path.with_name(".edited")
    pq.write_table(table.set_column(column, field, changed), edited, compression="zstd")
    tree.write(path, edited.read_bytes())
    edited.unlink()
    record = read_record(tree.writers[path])
    for item in record["outputs"]:
        if tree.root / item["path"] == path:
            item.update(sha256=sha256_file(path), bytes=path.stat().st_size)
    rewrite(tree, tree.writers[path], record)
    return path


def numeric(path: Path) -> list[int]:
    """The columns of numbers of a table; none of a table without rows."""
    if not pq.read_metadata(path).num_rows:
        return []
    return [
        i
        for i, field in enumerate(pq.read_schema(path))
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    ]


def rewrite(tree: Tree, path: Path, record: dict[str, Any]) -> None:
    tree.write(path, path.read_bytes())  # so that it is put back
    write_record(path, {k: v for k, v in record.items() if k not in ("schema", "digest")})


WAYS: list[Callable[[Tree, random.Random], Path]] = [
    flip_a_bit,
    change_a_record,
    change_a_record_with_care,
    swap_two_files,
    edit_a_value_and_fix_its_record,
]


@pytest.fixture(scope="module")
def tree(smoke_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(dag.copy_tree(smoke_tree, tmp_path_factory.mktemp("tampering") / "tree"))


def audit(tree: Tree, hashes: Hashes) -> list[Problem]:
    return Auditor(hashes, tree.root).everything(tree.root)[0]


def names(problems: list[Problem], tree: Tree, path: Path) -> bool:
    """Whether a problem names the file, or a file of the job whose record it is."""
    wanted = {str(path.relative_to(tree.root)), path.name}
    if path in tree.records:
        wanted |= {str(p.relative_to(tree.root)) for p, w in tree.writers.items() if w == path}
    return any(p.path == str(path) or p.path in wanted or path.name in p.text for p in problems)


def test_every_trial_is_caught_and_named(tree: Tree) -> None:
    rng = random.Random(SEED)
    hashes = Hashes(tree.root)
    untouched = Auditor(hashes, tree.root).everything(tree.root)
    assert untouched == ([], len(tree.outputs))
    ways = [way for way in WAYS for _ in range(TRIALS // len(WAYS))]
    missed = []
    for way in ways:
        path = way(tree, rng)
        problems = audit(tree, hashes)
        if not names(problems, tree, path):
            missed.append((way.__name__, str(path), [str(p) for p in problems]))
        tree.undo()
    assert not missed
    assert audit(tree, hashes) == [], "a false alarm on the tree as it was"
    assert audit(tree, Hashes(tree.root, full=True)) == []
