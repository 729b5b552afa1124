"""The scheduler's looks: none planned locally, at most one a timespan on a cluster."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lemmata.cluster import engine
from lemmata.cluster.engine import spaced, spare_looks


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    found = SimpleNamespace(now=100.0)
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: found.now))
    return found


def scheduler() -> SimpleNamespace:
    planned: list[float] = []
    return SimpleNamespace(
        job_rate_limiter="10/10s", _schedule_reevalutation=planned.append, planned=planned
    )


def test_local_runs_plan_none() -> None:
    own = scheduler()
    spare_looks(SimpleNamespace(local_exec=True, scheduler=own))
    assert own.job_rate_limiter is None


def test_runs_on_a_cluster_keep_their_limit_and_plan_one_a_timespan(clock: SimpleNamespace) -> None:
    own = scheduler()
    spare_looks(SimpleNamespace(local_exec=False, scheduler=own))
    assert own.job_rate_limiter == "10/10s"
    for clock.now in (100.0, 100.1, 105.0, 109.9, 110.0, 110.1, 120.0):
        own._schedule_reevalutation(10.0)
    assert own.planned == [10.0] * 3  # at 100, 110 and 120


def test_looks_that_plan_the_next_never_die_out_nor_multiply(clock: SimpleNamespace) -> None:
    due: list[float] = []
    plan = spaced(lambda delay: due.append(clock.now + delay))
    looks = 0
    for tick in range(1000):  # a tenth of a second each; a job ends in every third
        clock.now = 100.0 + tick / 10
        ripe = [at for at in due if at <= clock.now]
        due[:] = [at for at in due if at > clock.now]
        for _ in range(len(ripe) + (tick % 3 == 0)):
            looks += 1
            plan(1.0)
        assert len(due) == 1
    assert looks <= 1000 / 3 + 100 + 2
