"""A job reads what it declares; every other file of the project is named as an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import numpy as np
import pytest

HEAD = """
import io, importlib, os, sys, threading
from pathlib import Path
import numpy as np
{early}
from lemmata.errors import LemmataError
from lemmata.provenance.reads import Watch
def watch(**more):
    named = dict(
        roots=[Path.cwd()], declared=[Path("results/in.txt"), Path("mirror"), Path("link.txt")],
        scratch=map(Path, ["results/.tmp-out.txt", "results/.checkpoints/f", "logs/job.log"]),
        code=[Path("workflow/scripts/do.py"), Path("src/known.py"), Path("src/pack/__init__.py")],
    )
    return Watch("some_rule", **named | more)
sys.path[:0] = ["src"]
"""
FILES = {
    "config/config.yaml": "a: 1\n",
    "results/in.txt": "input",
    "results/other.txt": "1,2\n3,4\n",
    "results/other.prov.json": "{}",
    "results/.checkpoints/f/step.pt": "state",
    "results/.checkpoints/g/step.pt": "state",
    "mirror/deep/file": "data",
    "logs/job.log": "",
    ".snakemake/scripts/tmp1.py": "",
    ".lemmata/store/objects/x": "",
    "workflow/scripts/do.py": "",
    "src/known.py": "value = 1\n",
    "src/hidden.py": "value = 2\n",
    "src/pack/__init__.py": "",
    "src/pack/inner.py": "value = 3\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "project"
    for name, text in FILES.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    outside = tmp_path / "outside.txt"
    outside.write_text("data")
    (top / "link.txt").symlink_to(outside)
    (top / "sly.txt").symlink_to(top / "config" / "config.yaml")
    return top


def said(folder: Path, body: str, early: str = "", **environment: str) -> str:
    """What the script says on standard error, last line; empty when it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD.replace("{early}", early) + body],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
    )
    assert (done.returncode == 0) == (done.stderr == ""), done.stderr
    return done.stderr.strip().splitlines()[-1] if done.stderr else ""


def within(*lines: str) -> str:
    return "\n    ".join(["with watch() as w:", *lines]) + "\nw.check()\n"


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


@pytest.mark.parametrize("module", ["hidden", "pack.inner"])
@pytest.mark.parametrize("compiled", [False, True])
def test_dynamic_import_is_named(folder: Path, module: str, compiled: bool) -> None:
    path = f"src/{module.replace('.', '/')}.py"
    if compiled:
        assert said(folder, f"importlib.import_module('{module}')") == ""
        assert list((folder / path).parent.glob("__pycache__/*.pyc"))
    line = said(folder, within(f"importlib.import_module('{module}')"))
    assert f"runs {module} without a static import of it ({path})" in line
    for known in (f"importlib.import_module('{module}')", "import known"):
        more = f"watch(code=[Path('{path}'), Path('src/known.py'), Path('src/pack/__init__.py')])"
        assert said(folder, within(known).replace("watch()", more)) == ""


def test_loaded_modules_are_held_against_the_code(folder: Path) -> None:
    for module in ("known", "hidden", "pack.inner"):
        body = f"import {module}\nprint(watch().undeclared_modules(), file=sys.stderr)\nsys.exit(1)"
        names = [name for name in literal_eval(said(folder, body)) if "lemmata" not in name]
        assert names == ([] if module == "known" else [module])


def test_package_itself_is_watched_wherever_it_lies(folder: Path) -> None:
    body = within("import lemmata.stats").replace("watch()", "watch(roots=[Path('results')])")
    assert "runs lemmata.stats without a static import of it" in said(folder, body)


def test_swallowed_error_is_raised_again_at_the_end(folder: Path) -> None:
    body = within(
        "try: open('config/config.yaml')",
        "except Exception: pass",
        "open('results/in.txt').read()",
    )
    assert "reads config/config.yaml" in said(folder, body)


def test_read_in_a_thread_is_seen(folder: Path) -> None:
    body = within(
        "threading.excepthook = lambda _: None",
        "thread = threading.Thread(target=lambda: open('config/config.yaml').read())",
        "thread.start(); thread.join()",
    )
    assert "reads config/config.yaml" in said(folder, body)


def test_read_before_the_watch_is_judged_when_it_begins(folder: Path) -> None:
    start = "import lemmata.provenance.reads\n"
    assert "reads config/config.yaml" in said(
        folder, within("pass"), start + "open('config/config.yaml')"
    )
    assert said(folder, within("pass"), start + "open('results/in.txt')") == ""
    made = start + "open('results/x', 'w').close(); open('results/x').close()"
    assert said(folder, within("pass"), made) == ""


def test_after_the_watch_nothing_is_watched(folder: Path) -> None:
    body = within("pass") + "open('config/config.yaml').read()\n"
    assert said(folder, body) == ""


def test_libraries_raise_no_false_alarm(folder: Path) -> None:
    body = within(
        "import importlib.metadata, inspect, logging, tempfile, traceback, warnings, zoneinfo",
        "import matplotlib; matplotlib.use('Agg')",
        "import matplotlib.pyplot as plt, pandas as pd, pyarrow.parquet, torch, sklearn.datasets",
        "sklearn.datasets.load_digits(); sklearn.datasets.load_breast_cancer(); torch.zeros(1) + 1",
        "figure, axes = plt.subplots(); axes.set_title('$x^2$')",
        "figure.savefig('results/.tmp-out.txt', format='svg')",
        "figure.savefig('results/.tmp-out.txt', format='png')",
        "zoneinfo.ZoneInfo('UTC'), importlib.metadata.version('numpy')",
        "inspect.getsource(Path), traceback.format_stack()",
        "pd.DataFrame({'a': [1]}).to_parquet('results/x.parquet')",
        "with tempfile.NamedTemporaryFile('w+') as stream: open(stream.name).read()",
        "with tempfile.TemporaryDirectory() as new: (Path(new) / 'x').write_text('')",
        # Torch makes modules that say files which there never were.
        "assert all(name.startswith('lemmata') for name in w.undeclared_modules())",
    )
    # Here the temporary folder lies below the working directory, as on some clusters.
    assert said(folder, body, TMPDIR=str(folder / "results")) == ""


def test_hook_is_cheap(folder: Path) -> None:
    """A file opened again costs next to nothing; a new one far less than its opening on a disk."""
    body = """
import time
def timed(paths):
    start = time.perf_counter()
    for path in paths:
        os.close(os.open(path, os.O_RDONLY))
    return (time.perf_counter() - start) / len(paths)
new = [Path.cwd() / "mirror" / str(number) for number in range(2000)]
for path in new:
    path.touch()
new = [str(path) for path in new]
bare = min(timed(new) for _ in range(3))
with watch():
    first, again = timed(new), min(timed(new) for _ in range(3))
print(f"{1e6 * bare:.1f} {1e6 * first:.1f} {1e6 * again:.1f}")
assert first - bare < 5e-4, "first"
assert again - bare < 5e-5, "again"
"""
    assert said(folder, body) == ""
