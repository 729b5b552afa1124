"""The job context, run as the engine runs it: one process a job."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lemmata.provenance.digest import sha256_file
from lemmata.provenance.record import fingerprint_of, read_record
from tests import standin

HEAD = "from lemmata.provenance.job import job\nfrom pathlib import Path\n"
WRITE = HEAD + (
    "with job(snakemake) as j:\n"
    "    print('working')\n"
    "    Path(j.output.text).write_text(str(j.cfg['value']))\n"
)
OUTPUT = {"text": "results/a.txt", "record": "results/a.prov.json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path


def write_script(folder: Path, text: str) -> Path:
    script = folder / "script.py"
    script.write_text(text)
    return script


def test_success_publishes_outputs_and_a_true_record(folder: Path) -> None:
    (folder / "results" / "in.txt").write_text("input")
    done = standin.run(
        write_script(folder, WRITE),
        folder,
        input={"data": "results/in.txt"},
        output=OUTPUT,
        cfg={"value": 7},
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "results" / "a.txt").read_text() == "7"
    record = read_record(folder / "results" / "a.prov.json")
    assert record["outputs"][0]["sha256"] == sha256_file(folder / "results" / "a.txt")
    assert record["inputs"][0]["sha256"] == sha256_file(folder / "results" / "in.txt")
    assert record["cfg"] == {"value": 7}
    assert record["fingerprint"] == fingerprint_of(record)
    assert "lemmata.provenance.job" in record["code"]["modules"]
    assert record["wall_s"] > 0
    assert record["peak_memory_mib"] > 1
    names = sorted(p.name for p in (folder / "results").iterdir())
    assert names == ["a.prov.json", "a.txt", "in.txt"]
    assert "working" in (folder / "logs" / "job.log").read_text()
    assert done.stdout == ""


def test_same_job_has_the_same_fingerprint_and_another_value_another(folder: Path) -> None:
    script = write_script(folder, WRITE)
    prints = []
    for value in (1, 1, 2):
        standin.run(script, folder, output=OUTPUT, cfg={"value": value})
        prints.append(read_record(folder / "results" / "a.prov.json")["fingerprint"])
    assert prints[0] == prints[1] != prints[2]


def test_records_chain_by_the_writers_fingerprint(folder: Path) -> None:
    standin.run(write_script(folder, WRITE), folder, output=OUTPUT, cfg={"value": 1})
    first = read_record(folder / "results" / "a.prov.json")
    output = {"text": "results/b.txt", "record": "results/b.prov.json"}
    standin.run(
        folder / "script.py",
        folder,
        input={"a": "results/a.txt"},
        output=output,
        cfg={"value": 2},
    )
    second = read_record(folder / "results" / "b.prov.json")
    assert second["inputs"][0]["fingerprint"] == first["fingerprint"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise LemmataError('config: x = 3: must be < 2')", "config: x = 3: must be < 2"),
        ("pass", "wrote no results/a.txt"),
        ("Path(j.output.text).write_text('half'); raise LemmataError('disk: full')", "disk: full"),
    ],
)
def test_failure_is_one_line_and_leaves_nothing(folder: Path, body: str, message: str) -> None:
    text = HEAD + "from lemmata.errors import LemmataError\nwith job(snakemake) as j:\n    " + body
    done = standin.run(write_script(folder, text), folder, output=OUTPUT)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        next(line for line in done.stderr.splitlines() if line.startswith("lemmata: some_rule: "))
    ]
    assert message in done.stderr
    assert "logs/job.log" in done.stderr
    assert list((folder / "results").iterdir()) == []
    attempt = json.loads((folder / "logs" / "job.attempts.jsonl").read_text())
    assert message in attempt["error"]


def test_later_success_remembers_the_failed_attempt(folder: Path) -> None:
    text = HEAD + (
        "with job(snakemake) as j:\n"
        "    if not Path('ready').exists():\n"
        "        raise RuntimeError('not ready')\n"
        "    Path(j.output.text).write_text('ok')\n"
    )
    script = write_script(folder, text)
    failed = standin.run(script, folder, output=OUTPUT)
    assert failed.returncode != 0
    assert "RuntimeError: not ready" in (folder / "logs" / "job.log").read_text()
    (folder / "ready").touch()
    assert standin.run(script, folder, output=OUTPUT).returncode == 0
    record = read_record(folder / "results" / "a.prov.json")
    assert [a["error"] for a in record["failed_attempts"]] == ["RuntimeError: not ready"]


def test_module_that_static_imports_do_not_show_fails_the_job(folder: Path) -> None:
    text = WRITE + "    import importlib; importlib.import_module('lemmata.tables')\n"
    done = standin.run(write_script(folder, text), folder, output=OUTPUT, cfg={"value": 1})
    assert done.returncode == 1
    assert "runs lemmata.tables without a static import" in done.stderr
    assert not (folder / "results" / "a.txt").exists()


def test_code_that_changed_since_planning_is_refused(folder: Path) -> None:
    done = standin.run(
        write_script(folder, WRITE), folder, output=OUTPUT, cfg={"value": 1}, digest="0" * 64
    )
    assert done.returncode == 1
    assert "code changed after the run began" in done.stderr


def test_tampered_record_of_an_input_stops_the_job(folder: Path) -> None:
    script = write_script(folder, WRITE)
    standin.run(script, folder, output=OUTPUT, cfg={"value": 1})
    record = folder / "results" / "a.prov.json"
    record.write_bytes(record.read_bytes().replace(b"some_rule", b"same_rule"))
    output = {"text": "results/b.txt", "record": "results/b.prov.json"}
    done = standin.run(
        script, folder, input={"a": "results/a.txt"}, output=output, cfg={"value": 1}
    )
    assert done.returncode == 1
    assert "a.prov.json: record was changed after it was written" in done.stderr


def test_sigterm_cleans_up_and_notes_the_attempt(folder: Path) -> None:
    text = HEAD + (
        "import time\n"
        "with job(snakemake) as j:\n"
        "    Path(j.output.text).write_text('half')\n"
        "    Path('started').touch()\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        standin.command(write_script(folder, text), output=OUTPUT),
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not (folder / "started").exists():
        assert time.monotonic() < deadline, "the job did not start"
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert list((folder / "results").iterdir()) == []
    assert (folder / "logs" / "job.attempts.jsonl").exists()


def test_leftovers_of_a_killed_attempt_are_removed(folder: Path) -> None:
    (folder / "results" / ".tmp-01234567-a.txt").write_text("half")
    standin.run(write_script(folder, WRITE), folder, output=OUTPUT, cfg={"value": 1})
    assert sorted(p.name for p in (folder / "results").iterdir()) == ["a.prov.json", "a.txt"]
