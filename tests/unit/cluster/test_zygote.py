"""The zygote: forked scripts run as ones started anew do, and what is not alike is started anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from lemmata.cluster import zygote as module
from lemmata.cluster.zygote import Zygote, alike, fork_jobs, forking
from lemmata.provenance.environment import FORKED

WAIT_S = 60


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    found = Zygote()
    deadline = time.monotonic() + WAIT_S
    while not found.ready():
        assert time.monotonic() < deadline, "the libraries were not loaded in time"
        time.sleep(0.1)
    yield found
    found.close()


def written(folder: Path, text: str) -> str:
    path = folder / "script.py"
    path.write_text(text)
    return str(path)


REPORT = """
import json, os, signal, sys
seen = {
    "main": __name__, "file": __file__, "argv": sys.argv, "path": sys.path[0],
    "signals": [str(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
    "cwd": os.getcwd(), "given": os.environ.get("GIVEN"),
    "threads": os.environ["OMP_NUM_THREADS"],
    "ours": [name for name, m in [*sys.modules.items()] if OURS in str(vars(m).get("__file__"))],
}
import numpy as np, torch
generator = torch.Generator().manual_seed(1)
weights = torch.randn(64, 64, generator=generator, requires_grad=True)
(weights @ weights).tanh().sum().backward()
seen["torch"] = weights.grad.double().sum().item()
seen["numpy"] = float(np.linalg.eigvalsh(np.random.default_rng(1).normal(size=(80, 80))).sum())
seen["torch_threads"] = torch.get_num_threads()
with open("seen.json", "w") as stream:
    json.dump(seen, stream)
"""


def test_a_fork_sees_what_a_new_process_sees(
    zygote: Zygote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = REPORT.replace("seen.json", str(tmp_path / "seen.json"))
    script = written(tmp_path, text.replace("OURS", repr(str(Path(module.__file__).parents[1]))))
    environment = module.ONE_THREAD | {"GIVEN": "to both"}
    assert zygote.run(script, environment) == 0
    forked = json.loads((tmp_path / "seen.json").read_text())
    subprocess.run([sys.executable, script], env=os.environ | environment, check=True)
    anew = json.loads((tmp_path / "seen.json").read_text())
    assert forked == anew
    assert forked["ours"] == []
    assert forked["given"] == "to both"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit()", 0),
        ("import sys; sys.exit(256 + 5)", 5),
        ("raise ValueError('no')", 1),
        ("import sys; sys.exit('one line')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_the_status_is_that_of_a_new_process(
    zygote: Zygote, tmp_path: Path, text: str, status: int
) -> None:
    script = written(tmp_path, text)
    assert zygote.run(script, {}) == status
    done = subprocess.run([sys.executable, script], check=False, capture_output=True)
    assert done.returncode == status


def test_exit_handlers_run_and_output_is_flushed(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        "import atexit, sys\natexit.register(print, 'handler')\nprint('out', end=' ')\n"
        "sys.exit('message')",
    )
    program = (
        "import sys, time\nfrom lemmata.cluster.zygote import Zygote\nz = Zygote()\n"
        "while not z.ready(): time.sleep(.1)\nz.run(sys.argv[1], {})\nz.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "out handler\n"
    assert "message" in done.stderr


def test_scripts_run_at_the_same_time_each_with_its_own_answer(
    zygote: Zygote, tmp_path: Path
) -> None:
    folders = [tmp_path / str(n) for n in range(8)]
    found: dict[int, int] = {}

    def run(n: int) -> None:
        folders[n].mkdir()
        text = f"import sys, time; time.sleep({(8 - n) / 20}); sys.exit({n})"
        found[n] = zygote.run(written(folders[n], text), {})

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(8)}


def test_handlers_and_finalizers_of_libraries_end_with_the_zygote_those_of_a_job_with_it(
    zygote: Zygote, tmp_path: Path
) -> None:
    text = f"""
import atexit, tempfile, weakref, torch
before = [f for f in weakref.finalize._registry if f.atexit]
held = tempfile.TemporaryDirectory(dir={str(tmp_path)!r}, prefix="held")
import sys; sys.exit(len(before))
"""
    assert zygote.run(written(tmp_path, text), {}) == 0
    assert not list(tmp_path.glob("held*"))


def test_nothing_is_left_in_the_zygote(zygote: Zygote, tmp_path: Path) -> None:
    text = "import sys, os; sys.modules['leak'] = sys; os.environ['LEAK'] = '1'"
    assert zygote.run(written(tmp_path, text), {}) == 0
    text = "import sys, os; sys.exit('leak' in sys.modules or 'LEAK' in os.environ)"
    assert zygote.run(written(tmp_path, text), {}) == 0


def test_the_zygote_has_one_thread_and_no_children_left(zygote: Zygote, tmp_path: Path) -> None:
    """More than one thread when it forks could leave locks in the child that nobody holds."""
    assert zygote.run(written(tmp_path, ""), {}) == 0
    process = psutil.Process(zygote._process.pid)
    assert process.num_threads() == 1
    deadline = time.monotonic() + WAIT_S
    while process.children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.children() == []


def test_it_ends_with_the_process_that_made_it(tmp_path: Path) -> None:
    program = (
        "import os, signal\nfrom lemmata.cluster.zygote import Zygote\nz = Zygote()\n"
        "print(z._process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    pid, deadline = int(done.stdout), time.monotonic() + WAIT_S
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)


def test_jobs_are_started_anew_once_it_has_ended(tmp_path: Path) -> None:
    own = Zygote()
    own._process.kill()
    own._process.wait()
    assert not own.ready()
    with pytest.raises(OSError, match=r"ended|Broken pipe|reset"):
        own.run(written(tmp_path, ""), {})
    own.close()


def engines_script(**changes: object) -> SimpleNamespace:
    plain = {
        "container_img": None,
        "conda_env": None,
        "env_modules": None,
        "bench_record": None,
        "threads": 1,
        "resources": {"tmpdir": "/somewhere"},
    }
    return SimpleNamespace(**plain | changes)


def test_what_is_alike() -> None:
    assert alike(engines_script())
    assert alike(engines_script(resources={"gpu": 0}))
    for change in (
        {"threads": 2},
        {"container_img": "a.sif"},
        {"conda_env": "env"},
        {"env_modules": "module"},
        {"bench_record": object()},
        {"resources": {"shell_exec": "zsh"}},
        {"resources": {"gpu": 1}},
    ):
        assert not alike(engines_script(**change)), change


class Stub:
    """A zygote that notes what it is asked."""

    def __init__(self, loaded: bool, status: int = 0) -> None:
        self.loaded, self.status, self.asked = loaded, status, list[tuple[str, dict[str, str]]]()

    def ready(self) -> bool:
        return self.loaded

    def run(self, script: str, environment: dict[str, str]) -> int:
        self.asked.append((script, environment))
        return self.status


def test_who_runs_a_script() -> None:
    anew: list[str] = []

    def start(_self: object, fname: str, _edit: bool) -> None:
        anew.append(fname)

    loaded, loading = Stub(loaded=True), Stub(loaded=False)
    forking(loaded, start)(engines_script(), "forked.py")  # type: ignore[arg-type]
    forking(loaded, start)(engines_script(threads=4), "wide.py")  # type: ignore[arg-type]
    forking(loading, start)(engines_script(), "early.py")  # type: ignore[arg-type]
    assert anew == ["wide.py", "early.py"]
    ((script, environment),) = loaded.asked
    assert script == "forked.py"
    assert environment["TMPDIR"] == "/somewhere"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert FORKED in environment


def test_a_failed_script_fails_as_the_engine_expects() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        forking(Stub(loaded=True, status=3), print)(engines_script(), "a.py")  # type: ignore[arg-type]
    assert caught.value.returncode == 3


@pytest.mark.parametrize(
    ("local", "jobs", "switch", "platform", "forks"),
    [
        (True, module.WORTH_JOBS, None, "linux", True),
        (True, module.WORTH_JOBS, "0", "linux", False),
        (True, module.WORTH_JOBS - 1, None, "linux", False),
        (False, 1000, None, "linux", False),
        (True, 1000, None, "darwin", False),
    ],
)
def test_when_a_zygote_is_worth_it(
    monkeypatch: pytest.MonkeyPatch,
    local: bool,
    jobs: int,
    switch: str | None,
    platform: str,
    forks: bool,
) -> None:
    from snakemake.script import PythonScript

    before = PythonScript.execute_script
    monkeypatch.setattr(PythonScript, "execute_script", before)  # put back afterwards
    monkeypatch.setattr(module, "Zygote", lambda: Stub(loaded=False))
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform=platform))
    monkeypatch.delenv(module.SWITCH, raising=False)
    if switch is not None:
        monkeypatch.setenv(module.SWITCH, switch)
    dag = SimpleNamespace(needrun_jobs=lambda: iter(range(jobs)))
    fork_jobs(SimpleNamespace(local_exec=local, dag=dag))  # type: ignore[arg-type]
    assert (PythonScript.execute_script is not before) == forks
