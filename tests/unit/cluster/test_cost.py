"""What a configuration costs: sums done by hand on made-up plans and records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lemmata.cluster.cost import Cost, by_family, by_rule, planned, together
from lemmata.cluster.cost_records import Kind, Records, Sample, read_samples
from lemmata.cluster.cost_table import hours, remarks, rests_on, size, table
from tests import smalltree

HOUR = 3600.0


def job(
    rule: str = "fit",
    family: str = "calibration",
    *,
    scale: str = "paper",
    local: bool = False,
    cfg: dict[str, Any] | None = None,
    wildcards: dict[str, str] | None = None,
    record: str | None = None,
    **resources: float,
) -> dict[str, Any]:
    """A job as the plan tells it."""
    return {
        "rule": rule,
        "wildcards": wildcards or {},
        "cfg": cfg or {},
        "record": record or f"results/{scale}/{family}/{rule}.prov.json",
        "local": local,
        "resources": {"threads": 1, **resources},
    }


def sample(
    rule: str = "fit",
    scale: str = "laptop",
    *,
    cpu_h: float = 1.0,
    wall_h: float = 1.0,
    peak_mib: float = 100.0,
    size: int = 1000,
    gpus: float = 0,
    steps: int | None = None,
    name: Iterator[int] = iter(range(10**6)),  # noqa: B008 - one count for all
    **wildcards: str,
) -> Sample:
    kind = Kind.of({"rule": rule, "wildcards": wildcards}, gpus, steps)
    path = f"{next(name)}.prov.json"
    return Sample(path, kind, scale, cpu_h * HOUR, wall_h * HOUR, peak_mib, size)


def cost(jobs: list[dict[str, Any]], known: list[Sample] | None = None) -> Cost:
    """The one rule's cost."""
    ((_, found),) = by_rule(map(planned, jobs), Records(known or []))
    return found


def test_asked_is_limits_times_cpus_and_gpus() -> None:
    found = cost(
        [
            job(runtime=90, threads=4, mem_mb=3000),  # 6 CPU h
            job(runtime=60, threads=2, mem_mb=5000, gpu=1),  # 2 CPU h, 1 GPU h
            job(runtime=30, threads=1, mem_mb=4000, gpu=2),  # 0.5 CPU h, 1 GPU h
        ]
    )
    assert (found.asked_cpu_h, found.asked_gpu_h, found.asked_mb) == (8.5, 2.0, 5000)
    assert (found.jobs, found.local, found.unstated) == (3, 0, 0)


def test_jobs_beside_the_engine_ask_for_nothing() -> None:
    found = cost([job(runtime=60, mem_mb=9000, gpu=1, local=True), job(runtime=60, mem_mb=100)])
    assert (found.asked_cpu_h, found.asked_gpu_h, found.asked_mb) == (1.0, 0.0, 100)
    assert (found.jobs, found.local) == (2, 1)
    alone = cost([job(local=True)])
    assert (alone.asked_cpu_h, alone.asked_gpu_h, alone.asked_mb) == (None, None, None)
    assert alone.unstated == 0  # it has nothing to state


@pytest.mark.parametrize("resources", [{"runtime": 60}, {"mem_mb": 100}, {}])
def test_what_a_rule_does_not_state_is_told(resources: dict[str, float]) -> None:
    found = cost([job(**resources), job(runtime=60, mem_mb=100)])
    assert found.unstated == 1
    assert found.asked_cpu_h == (2.0 if "runtime" in resources else 1.0)
    assert "no time or no memory in fit" in "\n".join(remarks([found], None))
    stated = cost([job(runtime=60, mem_mb=100)])
    assert "no time or no memory" not in "\n".join(remarks([stated], None))


def test_without_a_record_nothing_is_expected() -> None:
    found = cost([job(runtime=60)], [sample("other")])
    assert (found.cpu_h, found.peak_mib, found.bytes) == (None, None, None)
    assert (found.unknown, found.unknown_storage, found.basis) == (1, 1, ())
    assert found.gpu_h == 0.0  # it asks for none
    assert (rests_on(found), hours(found.cpu_h), size(found.bytes, 1)) == ("-", "-", "-")


def test_a_record_speaks_for_equal_wildcards_whatever_the_seed() -> None:
    known = [
        sample(cpu_h=2, peak_mib=50, size=10, dataset="wine", seed="0"),
        sample(cpu_h=4, peak_mib=70, size=30, dataset="wine", seed="1"),
        sample(cpu_h=100, peak_mib=900, size=5000, dataset="fair", seed="0"),
    ]
    wine = [job(wildcards={"dataset": "wine", "seed": str(seed)}) for seed in (0, 7)]
    found = cost(wine, known)
    assert (found.cpu_h, found.peak_mib, found.bytes) == (6.0, 70, 40.0)
    assert (found.unknown, rests_on(found)) == (0, "2 records of laptop, as it is")
    unheard = job(wildcards={"dataset": "digits", "seed": "0"})
    found = cost([*wine, unheard], known)
    assert (found.cpu_h, found.unknown, found.unknown_storage) == (6.0, 1, 1)
    assert "no record speaks for 1 of 3 fit" in "\n".join(remarks([found], None))


def test_training_is_scaled_by_steps() -> None:
    known = [
        sample(cpu_h=1, steps=1000, size=10, dataset="wine"),
        sample(cpu_h=3, steps=1000, size=30, dataset="fair"),
    ]
    wine = job(cfg={"steps": 5000}, wildcards={"dataset": "wine"})
    found = cost([wine], known)
    assert (found.cpu_h, found.bytes) == (5.0, 10.0)  # its own record; files do not grow by steps
    assert rests_on(found) == "1 record of laptop, per step"
    other = job(cfg={"steps": 500}, wildcards={"dataset": "digits"})
    found = cost([other], known)  # no record of its own: 4 h for 2000 steps
    assert (found.cpu_h, found.bytes, found.unknown_storage) == (1.0, None, 1)
    assert rests_on(found) == "2 records of laptop, per step"


def test_gpu_and_cpu_do_not_speak_for_each_other() -> None:
    on_cpu = sample("train", cpu_h=9, steps=100)
    on_gpu = sample("train", cpu_h=2, wall_h=3, gpus=1, steps=100)
    wants = [job("train", cfg={"steps": 200}, gpu=1, runtime=60)]
    found = cost(wants, [on_cpu])
    assert (found.cpu_h, found.gpu_h, found.unknown, found.unknown_gpu) == (None, None, 1, 1)
    assert found.bytes == 1000.0  # files are as large, whatever wrote them
    found = cost(wants, [on_cpu, on_gpu])
    assert (found.cpu_h, found.gpu_h, found.asked_gpu_h) == (4.0, 6.0, 1.0)
    found = cost([job("train", cfg={"steps": 200})], [on_cpu, on_gpu])
    assert (found.cpu_h, found.gpu_h) == (18.0, 0.0)


def test_records_of_the_planned_scale_go_first_then_the_longest() -> None:
    smoke, laptop = sample(scale="smoke", cpu_h=1), sample(scale="laptop", cpu_h=5)
    paper = sample(scale="paper", cpu_h=3)
    assert cost([job()], [smoke, laptop]).cpu_h == 5.0
    assert cost([job()], [smoke, laptop, paper]).cpu_h == 3.0
    assert cost([job(scale="smoke")], [smoke, laptop, paper]).cpu_h == 1.0


def test_families_are_folders_and_raw_data_one_of_them() -> None:
    jobs = [
        job("fit", "calibration", runtime=60, mem_mb=10),
        job("plot", "calibration", local=True),
        job("prepare", "data", runtime=30, mem_mb=20),
        job("fetch", record="resources/wine/wine.csv.prov.json", local=True),
    ]
    rules = by_rule(map(planned, jobs), Records([sample("plot", cpu_h=2)]))
    families = by_family(rules)
    assert [(c.name, c.jobs, c.local, c.asked_cpu_h) for c in families] == [
        ("calibration", 2, 1, 1.0),
        ("data", 1, 0, 0.5),
        ("resources", 1, 1, None),
    ]
    assert (families[0].cpu_h, families[0].unknown) == (2.0, 1)
    total = together("total", families)
    assert (total.jobs, total.asked_cpu_h, total.asked_mb, total.cpu_h) == (4, 1.5, 20, 2.0)


def test_table_marks_sums_that_leave_jobs_out() -> None:
    known = [sample("plot", cpu_h=2, peak_mib=2048, size=3 * 2**20)]
    rules = by_rule([planned(job("plot")), planned(job("fit"))], Records(known))
    whole, part = dict(rules)["calibration"], by_family(rules)[0]
    assert whole.name == "plot"
    told = table([whole, part], "rule", bases=True, markdown=True).splitlines()
    assert told[1].startswith("| --- | ---: | ---: |")
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in told[2:]]
    assert [line[4] for line in cells] == ["2.0", "2.0+"]
    assert [line[8:10] for line in cells] == [["2.0 GiB", "3.0 MiB"], ["2.0 GiB+", "3.0 MiB+"]]
    assert cells[0][10] == "1 record of laptop, as it is"
    plain = table([whole, part], "rule", bases=True, markdown=False).splitlines()
    assert len(plain) == 3
    assert plain[0].split()[0] == "rule"


@pytest.mark.parametrize(
    ("value", "part", "text"),
    [
        (0.0, "", "0"),
        (0.0, "+", "-"),
        (0.0001, "", "<0.001"),
        (0.25, "+", "0.25+"),
        (1234, "", "1,234"),
    ],
)
def test_hours_in_words(value: float, part: str, text: str) -> None:
    assert hours(value, part) == text


def test_the_store_is_told() -> None:
    assert "up to 20 GiB" in "\n".join(remarks([], 20 * 2**30))
    assert "the store is off" in "\n".join(remarks([], 0))
    assert "up to" not in "\n".join(remarks([], None))


def test_records_of_a_tree_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    tree = smalltree.build(tmp_path)
    known, wrong = read_samples(tree)
    assert {s.kind.rule for s in known} == {"fetch", "study", "plot", "judge"}
    (fetch,) = (s for s in known if s.kind.rule == "fetch")
    assert fetch.scale == ""
    (plot,) = (s for s in known if s.kind.rule == "plot")
    record = next(tree.rglob("figures/curve.prov.json"))
    content = json.loads(record.read_text())
    assert plot.scale == record.relative_to(tree).parts[1]
    assert plot.bytes == sum(o["bytes"] for o in content["outputs"]) + record.stat().st_size
    assert (plot.cpu_s, plot.peak_mib, plot.kind.gpus, wrong) == (30.5, 128.0, 0, [])
    record.write_text(record.read_text().replace("30.5", "0.5"))
    known, wrong = read_samples(tree)
    assert "plot" not in {s.kind.rule for s in known}
    assert len(wrong) == 1
    assert record.name in wrong[0]


def test_a_gpu_counts_where_it_was_used() -> None:
    from lemmata.cluster.cost_records import _sample

    path = Path(__file__)
    record: dict[str, Any] = {
        "rule": "train",
        "wildcards": {},
        "cfg": {"steps": 10},
        "resources": {"gpu": 1},
        "outputs": [{"path": "results/paper/x/model", "bytes": 1}],
        "cpu_s": 1.0,
        "wall_s": 1.0,
        "peak_memory_mib": 1.0,
    }
    assert _sample(record, path).kind.gpus == 0
    assert _sample({**record, "gpu_peak_memory_mib": 5.0}, path).kind.gpus == 1
