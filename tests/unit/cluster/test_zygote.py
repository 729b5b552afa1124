"""The zygote: forked scripts run as ones started anew do."""

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

import psutil
import pytest

from lemmata.cluster import zygote as module
from lemmata.cluster.zygote import Zygote
from lemmata.provenance.environment import FORKED

WAIT_S = 60


def wait_until_ready(zygote: Zygote) -> None:
    deadline = time.monotonic() + WAIT_S
    while not zygote.ready():
        assert time.monotonic() < deadline, "the libraries were not loaded in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    found = Zygote()
    wait_until_ready(found)
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


def test_a_forked_job_tells_what_it_loaded_from_what_it_was_given(
    zygote: Zygote, tmp_path: Path
) -> None:
    (tmp_path / "undeclared.py").write_text("")
    text = """
import json, sys, numpy, undeclared
from lemmata.provenance.reads import _loaded_here
print(json.dumps([name for name, _ in _loaded_here()]), file=open("LIST", "w"))
"""
    script = written(tmp_path, text.replace("LIST", str(tmp_path / "list")))
    assert zygote.run(script, {}) == 0
    found = set(json.loads((tmp_path / "list").read_text()))
    assert {"undeclared", "lemmata", "lemmata.provenance.reads"} <= found
    assert not {"numpy", "torch", "pandas", "os", FORKED} & found
    program = f"import runpy; runpy.run_path({script!r})"
    subprocess.run(
        [sys.executable, "-c", program], check=True, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    anew = set(json.loads((tmp_path / "list").read_text()))
    assert {"undeclared", "lemmata", "lemmata.provenance.reads", "numpy", "os"} <= anew


def test_a_stop_that_is_sent_to_all_is_told_by_the_job(zygote: Zygote, tmp_path: Path) -> None:
    """As a terminal or a cluster stops a group: the answer is the job's, not the zygote's end."""
    begun = tmp_path / "begun"
    text = f"""
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
pathlib.Path({str(begun)!r}).touch()
time.sleep({WAIT_S})
"""
    script, found = written(tmp_path, text), list[int]()
    thread = threading.Thread(target=lambda: found.append(zygote.run(script, {})))
    thread.start()
    deadline = time.monotonic() + WAIT_S
    while not begun.exists():
        assert time.monotonic() < deadline, "the job did not begin"
        time.sleep(0.02)
    process = psutil.Process(zygote._process.pid)
    for one in (process, *process.children()):
        one.terminate()
    thread.join()
    assert found == [7]
    assert zygote.run(written(tmp_path, "import sys; sys.exit(2)"), {}) == 2


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


def test_a_job_that_no_process_can_be_made_for_is_told_and_the_zygote_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(module.__file__).with_name("zygote_process.py")
    (tmp_path / program.name).write_text(
        "import errno, os, runpy\n"
        "def refuse():\n"
        "    raise OSError(errno.EAGAIN, 'too many processes')\n"
        "os.fork = refuse\n"
        f"runpy.run_path({str(program)!r}, run_name='__main__')\n"
    )
    monkeypatch.setattr(module, "__file__", str(tmp_path / "zygote.py"))
    found = Zygote()
    wait_until_ready(found)
    for _ in range(2):
        with pytest.raises(OSError, match=r"no process could be made .* too many processes"):
            found.run(written(tmp_path, ""), {})
    assert found.ready()
    found.close()
