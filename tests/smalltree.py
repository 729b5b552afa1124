"""A small finished tree, written by hand in a second: raw file, study, figure, verdict."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd

from lemmata.plotting import save_figure
from lemmata.provenance.code import whole_digest
from lemmata.provenance.digest import sha256_file, sha256_json
from lemmata.provenance.record import FileEntry, fingerprint, write_record
from lemmata.provenance.syntax import tree_digest
from lemmata.tables import write_table

RESULTS = "results/tiny"
RAW = "resources/{set}/{file}"
TABLE = f"{RESULTS}/study/table.parquet"
EVIDENCE = f"{RESULTS}/study/evidence.parquet"
FIGURE = f"{RESULTS}/study/figures/curve"
CLAIM = f"{RESULTS}/claims/paper.curve.json"
SOFTWARE = {"numpy": "2.4.6", "python": "3.11"}
ERROR = "ValueError: <the first time> it failed"

SOURCES = {
    "Snakefile": 'include: "workflow/rules/all.smk"\n',
    "LICENSE": "MIT License\n\nCopyright\n",
    "README.md": "# Tiny\n",
    "pyproject.toml": '[project]\nname = "tiny"\n',
    "config/config.yaml": "scale: tiny\n",
    "envs/requirements.txt": "snakemake-interface-common==1.0\nsnakemake==9.27.1\n",
    "src/lemmata/__init__.py": '"""Package."""\n',
    "src/lemmata/curve.py": "def curve(x):\n    return x * x\n",
    "src/lemmata/__pycache__/curve.pyc": "not wanted",
    "workflow/report/curve.rst": (
        "{% set n = snakemake.wildcards.name %}The {{ n }} < {{ {'curve': 'squared'}[n] }}.\n\n"
        ".. provenance:: {{ snakemake.output.png }}\n"
    ),
    "workflow/rules/all.smk": (
        'rule fetch:\n    "Raw file {wildcards.file}."\n    output:\n        "x"\n\n\n'
        'rule study:\n    "The numbers."\n    input:\n        "x"\n\n\n'
        'rule plot:\n    "The curve."\n    output:\n'
        '        png=report("y", caption="../report/curve.rst"),\n'
    ),
    **{
        f"workflow/scripts/{name}.py": f"from lemmata.curve import curve\n\nprint('{name}')\n"
        for name in ("fetch", "study", "plot", "judge")
    },
}
JUDGED = {
    "id": "paper.curve",
    "paper": {"title": "On curves", "arxiv": "2309.12236"},
    "basis": "paper",
    "source": "its theorem 1",
    "statement": "Squares grow & grow.",
    "scale": "tiny",
    "parts": [
        {
            "statistic": "growth",
            "table": "study/evidence.parquet",
            "criterion": ">= 1",
            "why": "theirs",
            "value": 2.5,
            "lower": 1.5,
            "upper": 3.5,
            "n": 4,
            "verdict": "supported",
        }
    ],
    "verdict": "supported",
    "reason": "1 of 1 supported: growth in [1.5, 3.5], asked >= 1",
    "figure": "study/figures/curve.svg",
    "evidence": ["study/evidence.parquet"],
}


def build(root: Path, dataset: str = "wine", file: str = "wine_data.csv") -> Path:
    """The whole tree at `root`, with the raw file under a name of the registry of data sets."""
    mpl.use("Agg")
    for name, text in SOURCES.items():
        _place(root / name).write_text(text)
    raw = RAW.format(set=dataset, file=file)
    x = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    growth = {"statistic": ["growth"], "value": [2.5], "lower": [1.5], "upper": [3.5], "n": [4]}
    job(
        root,
        "fetch",
        {},
        {"file": raw, "record": f"{raw}.prov.json"},
        lambda place, _: place["file"].write_text("x\n0\n"),
        cfg={"source": f"https://example.org/{file}", "page": "https://example.org", "name": file},
    )

    def study(place: Mapping[str, Path], stamp: dict[str, Any]) -> None:
        write_table(x, place["table"], stamp)
        write_table(pd.DataFrame(growth), place["evidence"], stamp)

    job(
        root,
        "study",
        {"raw": raw},
        {"table": TABLE, "evidence": EVIDENCE, "record": f"{RESULTS}/study/study.prov.json"},
        study,
        cfg={"grid": [1, 2], "deep": {"seed": 3, "none": None}, "share": 0.5},
        failed=True,
    )

    def plot(place: Mapping[str, Path], stamp: dict[str, Any]) -> None:
        write_table(x, place["data"], stamp)
        fig, ax = plt.subplots(figsize=(1, 1))
        ax.plot(x["x"], x["x"] ** 2)
        save_figure(fig, [place["png"], place["svg"]], stamp, table=place["data"])

    names = {"png": ".png", "svg": ".svg", "data": ".parquet", "record": ".prov.json"}
    job(
        root,
        "plot",
        {"table": TABLE},
        {name: FIGURE + suffix for name, suffix in names.items()},
        plot,
        cfg={"dpi": 100, "share": 0.5},
        wildcards={"name": "curve"},
    )
    job(
        root,
        "judge",
        {"evidence": [EVIDENCE]},
        {"claim": CLAIM, "record": CLAIM.replace(".json", ".prov.json")},
        lambda place, _: place["claim"].write_text(json.dumps(JUDGED)),
        cfg={"claim": {"id": "paper.curve"}},
    )
    return root


def job(
    root: Path,
    rule: str,
    inputs: Mapping[str, str | list[str]],
    outputs: Mapping[str, str],
    write: Callable[[Mapping[str, Path], dict[str, Any]], object],
    *,
    cfg: Mapping[str, Any],
    wildcards: Mapping[str, str] | None = None,
    failed: bool = False,
) -> None:
    """Write the outputs of a job, stamped, and its record; jobs end in the order of the calls."""
    paths = [p for v in inputs.values() for p in ([v] if isinstance(v, str) else v)]
    writers = {p: json.loads(r.read_text()) for r in root.rglob("*.prov.json") for p in _said(r)}
    read = [_entry(root, path, writers[path]["fingerprint"]) for path in paths]
    script = f"workflow/scripts/{rule}.py"
    modules = {
        "lemmata": _code(root / "src/lemmata/__init__.py"),
        "lemmata.curve": _code(root / "src/lemmata/curve.py"),
    }
    own = _code(root / script)
    code = whole_digest(own, modules)
    identity = fingerprint(rule, cfg, code, SOFTWARE, [item.sha256 for item in read])
    stamp = {
        "fingerprint": identity,
        "rule": rule,
        "cfg_sha256": sha256_json(cfg),
        "code": code,
        "inputs": {item.path: item.sha256 for item in read},
    }
    written = {name: path for name, path in outputs.items() if name != "record"}
    write({name: _place(root / path) for name, path in written.items()}, stamp)
    minute = 2 * len(list(root.rglob("*.prov.json")))
    attempt = {
        "fingerprint": identity,
        "rule": rule,
        "started": f"2026-01-01T09:{minute:02}:00+00:00",
        "ended": f"2026-01-01T09:{minute:02}:30+00:00",
        "error": ERROR,
    }
    content = {
        "fingerprint": identity,
        "rule": rule,
        "wildcards": dict(wildcards or {}),
        "cfg": dict(cfg),
        "code": {"script": script, "digest": code, "script_digest": own, "modules": modules},
        "software": SOFTWARE,
        "seeds": {},
        "inputs": [asdict(item) for item in read],
        "outputs": [asdict(_entry(root, path, identity)) for path in written.values()],
        "layout": {"input": dict(inputs), "output": dict(outputs), "log": "logs/x.log"},
        "tolerance": {"rtol": 1e-6, "atol": 1e-9},
        "git": {"commit": "0" * 40, "dirty": False, "diff_sha256": None},
        "hardware": {"cpu": "some", "cores": 2, "gpu": None},
        "threads": 1,
        "resources": {},
        "command": ["snakemake", "--config", "scale=tiny"],
        "place": {"host": "there", "pid": 1, "python": "3.11.7", "environment": {"A": "1"}},
        "started": f"2026-01-01T10:{minute:02}:00.123456+00:00",
        "ended": f"2026-01-01T10:{minute + 1:02}:00+00:00",
        "wall_s": 60.0,
        "cpu_s": 30.5,
        "peak_memory_mib": 128.0,
        "segments": [],
        "failed_attempts": [attempt] if failed else [],
        "log": "logs/x.log",
    }
    write_record(root / outputs["record"], content)


def _said(record: Path) -> list[str]:
    return [item["path"] for item in json.loads(record.read_text())["outputs"]]


def _entry(root: Path, path: str, writer: str) -> FileEntry:
    place = root / path
    return FileEntry(path, place.stat().st_size, sha256_file(place), writer)


def _code(path: Path) -> str:
    return tree_digest(ast.parse(path.read_bytes()))


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
