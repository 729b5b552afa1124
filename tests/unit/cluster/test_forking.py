"""Who starts a job: the zygote where a fork is the same, the engine's own way otherwise."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from lemmata.cluster import zygote as module
from lemmata.cluster.zygote import alike, fork_jobs, forking
from lemmata.provenance.environment import FORKED


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
        {"resources": {"gpu": 0, "gres": "shard:1"}},
        {"resources": {"nvidia_gpu": 1}},
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
