"""A job reads what it declares; every other file of the project is named as an error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.unit.provenance.watched import HEAD, said, within

READERS = [
    "open(PATH).read()",
    "open(PATH, 'rb').read()",
    "open(PATH, 'r+').read()",
    "open(PATH, 'a+').read()",
    "io.open(os.fsencode(PATH)).read()",
    "Path(PATH).read_bytes()",
    "Path(PATH).resolve().read_text()",
    "os.read(os.open(PATH, os.O_RDONLY), 9)",
    "os.read(os.open(Path(PATH), os.O_RDWR | os.O_CREAT), 9)",
    "os.chdir('config'); open('../' + PATH).read()",
    "np.loadtxt(PATH, dtype=str)",
    "np.fromfile(PATH, np.uint8)",
    "np.memmap(PATH, np.uint8, 'r')",
]
EACH = """
for read in json.loads(sys.stdin.read()):
    home = os.getcwd()
    try:
        with watch():
            exec(read)
    except LemmataError as error:
        print(error)
    else:
        print("fine")
    finally:
        os.chdir(home)
"""


def verdicts(folder: Path, reads: list[str]) -> list[str]:
    """What is said of each read, all in one process, each under a watch of its own."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD.replace("{early}", "import json") + EACH],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        input=json.dumps(reads),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_every_way_to_read_in_python_is_seen(folder: Path) -> None:
    declared = [read.replace("PATH", "'results/in.txt'") for read in READERS]
    assert verdicts(folder, declared) == ["fine"] * len(READERS)
    other = [read.replace("PATH", "'results/other.txt'") for read in READERS]
    said = "results/other.txt, which is no input of rule some_rule: declare it as input, or put"
    for read, line in zip(other, verdicts(folder, other), strict=True):
        assert line.startswith("reads "), read
        assert said in line, read


@pytest.mark.parametrize(
    ("setup", "read"),
    [
        ("import yaml", "yaml.safe_load(open('config/config.yaml'))"),
        ("import pandas as pd", "pd.read_csv('results/other.txt')"),
        ("", "np.load('results/array.npy')"),
    ],
)
def test_config_and_data_files_are_named(folder: Path, setup: str, read: str) -> None:
    np.save(folder / "results" / "array.npy", np.zeros(3))
    file = read.split("'")[1]
    plain = setup + "\n" + within(read)
    assert f"reads {file}, which is no input" in said(folder, plain)
    declared = plain.replace("watch()", f"watch(declared=[Path('{file}')])")
    assert said(folder, declared) == ""


def test_what_belongs_to_the_job_may_be_read(folder: Path) -> None:
    paths = [
        "results/in.txt",
        "link.txt",
        "mirror/deep/file",
        "results/other.prov.json",
        "results/.checkpoints/f/step.pt",
        "logs/job.log",
        ".snakemake/scripts/tmp1.py",
        ".lemmata/store/objects/x",
        "workflow/scripts/do.py",
        "/etc/passwd",
    ]
    reads = [f"open('{path}').read()" for path in paths]
    assert verdicts(folder, reads) == ["fine"] * len(paths)


def test_what_belongs_to_others_may_not(folder: Path) -> None:
    paths = {
        "results/.checkpoints/g/step.pt": "results/.checkpoints/g/step.pt",
        "sly.txt": "config/config.yaml",
        f"/usr/..{folder}/config/config.yaml": "config/config.yaml",
    }
    lines = verdicts(folder, [f"open('{path}').read()" for path in paths])
    for line, shown in zip(lines, paths.values(), strict=True):
        assert f"reads {shown}, " in line


def test_outside_of_project_and_machine_counts_and_the_inner_folder_decides(folder: Path) -> None:
    (folder.parent / "more.txt").write_text("data")
    read = within("open('../more.txt').read()")
    # Pytest's folders lie in the temporary folder, which belongs to the machine.
    assert said(folder, read) == ""
    elsewhere = {"TMPDIR": str(folder / "results"), "HOME": "/nonexistent"}
    assert f"reads {folder.parent}/more.txt, " in said(folder, read, **elsewhere)
    assert said(folder, read.replace("watch()", "watch(declared=[Path('..')])"), **elsewhere) == ""
    # Settings and caches of the user are the machine's, other files at home are not.
    home = {**elsewhere, "HOME": str(folder.parent)}
    (folder.parent / ".cache").mkdir()
    (folder.parent / ".cache" / "x").write_text("")
    assert said(folder, within("open('../.cache/x').read()"), **home) == ""
    assert "reads" in said(folder, read, **home)
    # A folder of declared files around the project does not open the project.
    around = within("open('config/config.yaml')").replace("watch()", "watch(declared=[Path('..')])")
    assert "reads config/config.yaml" in said(folder, around)


def test_allow_opens_a_folder(folder: Path) -> None:
    assert said(folder, within("w.allow(Path('config'))", "open('config/config.yaml')")) == ""


def test_own_files_may_be_read_back(folder: Path) -> None:
    fine = within(
        "Path('results/new.txt').write_text('x')",
        "assert open('results/new.txt').read() == 'x'",
        "os.replace('results/new.txt', 'results/newer.txt')",
        "assert open('results/newer.txt').read() == 'x'",
        "Path('results/other.txt').write_text('made anew')",
        "assert open('results/other.txt').read() == 'made anew'",
        "open('logs/some.log', 'w+').close()",
    )
    assert said(folder, fine) == ""
    append = within("open('results/other.txt', 'a').close()", "open('results/other.txt').read()")
    assert "reads results/other.txt" in said(folder, append)


def test_writing_listing_and_asking_are_no_reads(folder: Path) -> None:
    fine = within(
        "open('results/other.txt', 'a').close()",
        "os.listdir('config'), os.stat('config/config.yaml'), Path('config').is_dir()",
        "os.close(os.open('config', os.O_RDONLY))",
        "Path('results/missing.txt').exists()",
        "try: open('results/missing.txt')",
        "except FileNotFoundError: pass",
        "descriptor = os.open('results/in.txt', os.O_RDONLY)",
        "os.fdopen(descriptor).read()",
    )
    assert said(folder, fine) == ""
