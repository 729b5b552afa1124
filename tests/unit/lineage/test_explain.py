"""Each kind of cause is named once, where it entered; what is inherited is not named at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lemmata.lineage.audit import Auditor
from lemmata.lineage.explain import Found, explain, plain, recorded, render, runs
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.texts import Texts, text_digest
from lemmata.provenance.code import whole_digest
from lemmata.provenance.record import (
    entries,
    entry,
    fingerprint,
    read_record,
    record_beside,
    write_record,
)

HARDWARE = {"cpu": "Zen", "machine": "x86_64", "gpu": None}


def job(root: Path, rule: str, inputs: dict[str, Any], output: str, said: dict[str, Any]) -> None:
    """One finished job; its output is whatever its fingerprint and inputs are."""
    flat = [p for value in inputs.values() for p in ([value] if isinstance(value, str) else value)]
    measured = []
    for path in flat:
        beside = record_beside(root / path)
        writer = None if beside is None else read_record(beside)["fingerprint"]
        item = entry(root / path, writer)
        measured.append({**entries([item])[0], "path": path})
    modules = said["modules"]
    code = {
        "script": f"workflow/scripts/{rule}.py",
        "script_digest": "s" * 64,
        "modules": modules,
        "digest": whole_digest("s" * 64, modules),
    }
    digests = [item["sha256"] for item in measured]
    identity = fingerprint(rule, said["cfg"], code["digest"], said["software"], digests)
    target = root / output
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{identity} {said.get('outcome', '')} {said['hardware']['cpu']}")
    record = f"{output}.prov.json"
    write_record(
        root / record,
        {
            "fingerprint": identity,
            "rule": rule,
            "wildcards": {"name": Path(output).stem},
            "cfg": said["cfg"],
            "code": code,
            "software": said["software"],
            "inputs": measured,
            "outputs": [{**entries([entry(target, identity)])[0], "path": output}],
            "layout": {"input": inputs, "output": {"file": output, "record": record}},
            "hardware": said["hardware"],
            "threads": said.get("threads", 1),
            "git": None,
        },
    )


def tree(root: Path, scale: str = "smoke", raw: str = "1", **changes: dict[str, Any]) -> Path:
    """Raw file -> two trained models -> figure; changes: by rule, over the usual settings."""
    usual: dict[str, Any] = {
        "cfg": {"lr": 0.1, "seed": 0},
        "modules": {"lemmata.a": "a" * 64},
        "software": {"numpy": "2.4"},
        "hardware": HARDWARE,
    }
    (root / "resources").mkdir(parents=True)
    (root / "resources/raw.csv").write_text(raw)
    models = [f"results/{scale}/{name}/model.txt" for name in changes.pop("models", ("one", "two"))]
    for model in models:
        rule = "train"
        job(root, rule, {"raw": "resources/raw.csv"}, model, {**usual, **changes.get(rule, {})})
    figure = f"results/{scale}/figures/f.txt"
    job(root, "plot", {"models": models}, figure, {**usual, **changes.get("plot", {})})
    return root / figure


def compare(old: Path, new: Path) -> list[Found]:
    auditor = Auditor(Hashes(old.parent))
    sides = [auditor.entry_of(path) for path in (old, new)]
    faces = [recorded(side, auditor.ledger, auditor.hashes) for side in sides]
    return explain([(sides[0].record, sides[1].record)], *faces)


def told(found: list[Found]) -> list[tuple[str, str, str]]:
    return [(f.difference.kind, f.difference.name, f.job.partition(" ")[0]) for f in found]


CFG = {"lr": 0.1, "seed": 0}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"raw": "2"}, [("data", "resources/raw.csv", "train")]),
        ({"train": {"cfg": {**CFG, "lr": 0.2}}}, [("config", "lr", "train")]),
        ({"train": {"cfg": {**CFG, "seed": 1}}}, [("seed", "seed", "train")]),
        ({"plot": {"cfg": {**CFG, "dpi": 9}}}, [("config", "dpi", "plot")]),
        ({"train": {"modules": {"lemmata.a": "b" * 64}}}, [("code", "lemmata.a", "train")]),
        ({"train": {"software": {"numpy": "2.5"}}}, [("software", "numpy", "train")]),
        ({"train": {"hardware": {**HARDWARE, "cpu": "Xeon"}}}, [("hardware", "cpu", "train")]),
        ({"train": {"outcome": "b"}}, [("outcome", "train", "train")]),
        ({"train": {"outcome": "b", "threads": 2}}, [("hardware", "threads", "train")]),
        ({"models": ("one", "two", "three")}, [("job", "train", "train")]),
        ({"models": ("one",)}, [("job", "train", "train")]),
        (
            {"raw": "2", "plot": {"cfg": {**CFG, "dpi": 9}}, "train": {"cfg": {**CFG, "lr": 1.0}}},
            [
                ("data", "resources/raw.csv", "train"),
                ("config", "lr", "train"),
                ("config", "dpi", "plot"),
            ],
        ),
    ],
)
def test_causes(
    tmp_path: Path, changes: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new", **changes)
    assert told(compare(old, new)) == expected


def test_a_cause_that_jobs_share_is_told_once(tmp_path: Path) -> None:
    change = {"train": {"cfg": {**CFG, "lr": 0.2}}}
    (found,) = compare(tree(tmp_path / "old"), tree(tmp_path / "new", **change))
    assert len(found.others) == 1
    assert (found.difference.old, found.difference.new) == (0.1, 0.2)


def test_scales_are_no_difference_of_their_own(tmp_path: Path) -> None:
    found = compare(tree(tmp_path / "old"), tree(tmp_path / "new", scale="laptop"))
    assert found == []
    assert plain("results/smoke/a/b.txt") == plain("results/laptop/a/b.txt") == "results/a/b.txt"
    assert plain("resources/raw.csv") == "resources/raw.csv"


def test_runs_are_paired_by_their_records(tmp_path: Path) -> None:
    change = {"plot": {"cfg": {**CFG, "dpi": 9}}, "models": ("one", "three")}
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new", **change)
    auditor = Auditor(Hashes(tmp_path))
    faces = [recorded(auditor.entry_of(p), auditor.ledger, auditor.hashes) for p in (old, new)]
    folders = (old.parents[1], new.parents[1])
    found = explain(runs(auditor.ledger, *folders), *faces)
    kinds = [(f.difference.kind, f.difference.old, f.difference.new) for f in found]
    assert ("job", "train (name model)", "(absent)") in kinds
    assert ("job", "(absent)", "train (name model)") in kinds
    assert ("config", "(absent)", 9) in kinds


def test_code_is_shown_as_functions_and_as_a_diff(tmp_path: Path) -> None:
    texts = []
    for name, value in (("old", 1), ("new", 2)):
        path = tmp_path / name / "src/lemmata/a.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"def f():\n    return {value}\n\n\ndef g():\n    return 0\n")
        texts.append(Texts(tmp_path / name))
    digests = [text_digest(t.root.joinpath("src/lemmata/a.py").read_text()) for t in texts]
    old = tree(tmp_path / "old/t", train={"modules": {"lemmata.a": digests[0]}})
    new = tree(tmp_path / "new/t", train={"modules": {"lemmata.a": digests[1]}})
    shown = render(compare(old, new), (texts[0], texts[1]))
    assert "1. code lemmata.a: f\n" in shown
    assert "-    return 1" in shown
    assert "+    return 2" in shown
    assert "return 2" not in render(compare(old, new), (texts[0], texts[1]), diff=False)
    lost = Texts(tmp_path / "nowhere")
    assert "code lemmata.a: " in render(compare(old, new), (lost, lost))
    assert render([], (lost, lost)) == "identical"
