"""The watch over reads: what is imported, in threads, before and after it, and what it costs."""

from __future__ import annotations

from ast import literal_eval
from pathlib import Path

import pytest

from tests.unit.provenance.watched import said, within


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
