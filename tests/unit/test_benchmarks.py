"""Benchmarks: both sides compute the same, FLOPs and exponents are right, the README is rewritten.

No time and no ratio is asserted: those are what the benchmarks are there to find out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import all as everything
import crasp
import diffusion_sampling
import engines
import generation
import growth
import length_generalization as loops
import lidar
import limits
import measure
import multicalibrators
import numpy as np
import packed_networks
import packing
import pytest
import readme
import smooth_calibration
import torch

from lemmata.calibration.smooth_calibration import smooth_calibration_error
from lemmata.length_generalization.crasp.evaluate import accepts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import ACCEPTORS
from lemmata.self_supervised.metrics.lidar import lidar as our_lidar

BENCHMARKS = Path(everything.__file__).parent
ROW = measure.Row("peer", "a thing", "n = 3", 2.0, 1.9, 2.1, ours=0.01, peer=0.02, against="b 1.0")


class Clock:
    """A clock that only work moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def work(self, name: str, *seconds: float) -> Any:
        left = list(seconds)

        def go() -> None:
            self.order.append(name)
            self.now += left.pop(0)

        return go


# Measuring


def test_turns_alternate_and_the_first_calls_only_warm_up() -> None:
    clock = Clock()
    works = {"a": clock.work("a", 9, 1, 2), "b": clock.work("b", 9, 4, 6)}
    seconds = measure.turns(works, 2, clock)
    assert clock.order == ["a", "b", "a", "b", "b", "a"]
    assert {name: s.tolist() for name, s in seconds.items()} == {"a": [1, 2], "b": [4, 6]}


def test_short_work_is_repeated_within_a_round() -> None:
    clock = Clock()
    calls = int(measure.LEAST_S / 0.01) + 1
    seconds = measure.turns({"a": clock.work("a", *[0.01] * 20)}, 1, clock)
    assert len(clock.order) in (calls + 1, calls + 2)  # two to warm up; 0.05 / 0.01 may round up
    assert seconds["a"][0] == pytest.approx(0.01)


def test_a_ratio_is_of_one_round() -> None:
    clock = Clock()
    works = {"ours": clock.work("o", 1, 1, 2, 1), "x 1": clock.work("x", 1, 2, 6, 8)}
    row = measure.versus("w", "s", works, 3, clock)
    assert (row.ratio, row.low, row.high) == (3.0, 2.0, 8.0)  # 2 / 1, 6 / 2, 8 / 1
    assert (row.ours, row.peer, row.against) == (1.0, 6.0, "x 1")


def test_rows_are_kept_and_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    report = measure.Report(path)
    report.add(ROW)
    report.add(ROW)
    assert measure.read_rows(path) == [ROW, ROW]
    assert "ratio 2 (1.9 to 2.1)" in capsys.readouterr().out


def test_a_missing_peer_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.installed("no-such-peer") is None
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "no-such-peer is not installed" in said
    assert "left out" in said
    assert measure.installed("numpy") == f"numpy {np.__version__}"


# Ours and the peer agree


@pytest.mark.parametrize("n", [2, 50, 400])
def test_smooth_calibration_and_highs_find_one_optimum(n: int) -> None:
    p, y = smooth_calibration.predictions(n, seed=n)
    ours, other = smooth_calibration_error(p, y), smooth_calibration.by_highs(p, y)
    assert ours == pytest.approx(other, abs=smooth_calibration.AGREE)


EVERYTHING = """
    far    := not exists[i-j = 2](Q[a]) or true and i % 2 == 1
    chosen := if far then count[i-j in {0, 1}](Q[b]) else 3 - count(Q[a] or false)
    accept := exists(chosen == 1) and chosen < 3 and count(far) >= chosen + 1
"""


@pytest.mark.parametrize("text", [*ACCEPTORS.values(), EVERYTHING])
def test_word_by_word_judges_every_short_word_alike(text: str) -> None:
    program = parse(text, "program")
    letters = sorted(set(re.findall(r"Q\[(\w)\]", text))) or ["a"]
    symbols = {letter: number for number, letter in enumerate(letters)}
    for length in range(1, 5):
        words = np.array(list(product(range(len(letters)), repeat=length)))
        said = [crasp.judged(program, [letters[k] for k in word]) for word in words]
        assert accepts(program, words, symbols).tolist() == said


def test_plain_lidar_is_ours() -> None:
    e = lidar.embeddings(30, 5, 8)
    assert lidar.plain(e) == pytest.approx(our_lidar(e, lidar.DELTA, lidar.EPS), rel=lidar.AGREE)


def test_diffusers_ends_at_our_samples() -> None:
    pytest.importorskip("diffusers")
    levels, scheduler = diffusion_sampling.stepped(5)
    model, labels = diffusion_sampling.untrained(), torch.arange(10)
    start = levels[0] * torch.randn(10, 64)
    ours = diffusion_sampling.ours(model, start, labels, [*levels, 0.0])
    other = diffusion_sampling.theirs(model, start, labels, levels, scheduler)
    assert ours.std() > 0.1
    assert (ours - other).abs().max() < diffusion_sampling.AGREE


def test_transformers_gpt2_has_our_scores() -> None:
    pytest.importorskip("transformers")
    ours, theirs = generation.models(11, 1, 2, 8, 6)
    asked = torch.arange(10).reshape(2, 5)
    assert generation.gap(ours, theirs, asked) < generation.AGREE


def test_all_decoders_have_as_many_weights() -> None:
    pytest.importorskip("transformers")
    shape = loops.shape(loops.SETTINGS)
    models = [
        loops.new_model(loops.SETTINGS),
        loops.GPT(*shape),
        loops.hugging_face(*shape),
    ]
    assert len({sum(p.numel() for p in model.parameters()) for model in models}) == 1


def test_the_package_multicalibrates_what_we_do() -> None:
    pytest.importorskip("multicalibration")
    data, fresh = (multicalibrators.population(400, 3, seed) for seed in (0, 1))
    package = multicalibrators.Package(multicalibrators.CASES[0], data, fresh)
    package.fit()
    package.predict()
    assert package.out.shape == fresh[0][multicalibrators.FEW].shape
    assert ((package.out >= 0) & (package.out <= 1)).all()


# Engines


def test_dag_of_engines_is_chains() -> None:
    found = engines.steps(20)
    assert len(found) == len({to for _, to in found}) == 20
    made = {to for _, to in found}
    assert {begin for begin, _ in found} - made == {f"files/{c}_0" for c in range(engines.CHAINS)}


@pytest.mark.parametrize("text", [engines.ALONE, engines.OURS])
def test_snakemake_plans_every_stage(text: str, tmp_path: Path) -> None:
    engine = engines.snakemake_tree(tmp_path / "tree", 20, text)
    loud = [word for word in engine.plan if word not in ("--quiet", "all")]
    done = subprocess.run(loud, cwd=engine.template, capture_output=True, text=True, check=True)
    counted = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert counted["copied"] == "20"


def test_dvc_plans_every_stage(tmp_path: Path) -> None:
    if (dvc := shutil.which("dvc")) is None:
        pytest.skip("dvc is not installed")
    engine = engines.dvc_tree(tmp_path / "tree", 20, dvc)
    done = subprocess.run(
        engine.plan, cwd=engine.template, capture_output=True, text=True, check=True
    )
    assert all(f"{to.replace('/', '_')}:" in done.stdout for _, to in engines.steps(20))


# Limits and growth


def test_flops_of_a_decoder_are_those_counted_by_hand() -> None:
    module, (tokens, targets) = packed_networks.decoder(0)
    rows, length = tokens.shape
    known = packed_networks.decoder_settings()
    width, letters = known.width, module.decoder.token_embedding.num_embeddings
    a_layer = 2 * rows * length * 12 * width**2 + 4 * rows * length**2 * width
    forward = known.layers * a_layer + 2 * rows * length * width * letters
    found = limits.counted_flops(lambda: module(tokens, targets).backward())
    assert found == 3 * forward  # backward: one product for the inputs, one for the weights


def test_a_share_is_of_rates_in_one_round() -> None:
    seconds = {"ours": np.array([1.0, 2.0]), "copy": np.array([1.0, 1.0])}
    row = limits.share("k", "s", {"ours": 1e9, "copy": 4e9}, seconds, "GB/s", "")
    assert (row.low, row.high, row.peer) == (0.125, 0.25, 4.0)
    assert row.ours == 0.75


def test_own_times_name_what_takes_long() -> None:
    assert "sort" in limits.own_times(lambda: np.random.default_rng(0).random(10**5).sort())


def test_exponent_of_a_power_law_is_found() -> None:
    sizes = [10, 100, 1000]
    rng = np.random.default_rng(0)
    seconds = [3e-6 * n**1.5 * np.exp(0.05 * rng.standard_normal(4)) for n in sizes]
    row = growth.growth_row("w", "rows", sizes, seconds)
    assert row.low < 1.5 < row.high
    assert row.high - row.low < 0.1
    assert row.sizes == "10 to 1,000 rows"
    exact = growth.growth_row("w", "rows", sizes, [[n**2.0] for n in sizes])
    assert exact.ratio == pytest.approx(2)
    assert exact.note.startswith("2.00 between the two largest")


# Packing


@pytest.mark.parametrize("name", list(packed_networks.NETWORKS))
def test_an_ensemble_ends_where_its_seeds_do(name: str) -> None:
    alone = packing.one_after_another(name, 2, 2, "cpu").losses
    together = packing.ensemble(name, 2, 2, "cpu").losses
    assert alone[0] != alone[1]
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=0)


def test_processes_end_at_the_same_bits() -> None:
    name = "network of guidance and diffusion"
    with packing.pool() as processes:
        found = processes(name, 2, 2, "cpu").losses
    assert torch.equal(found, packing.one_after_another(name, 2, 2, "cpu").losses)


def test_hidden_states_without_checks_are_the_decoders_own() -> None:
    module, (tokens, _) = packed_networks.language_model(0)
    assert torch.equal(module.hidden(tokens), module.decoder(tokens))


# README


def test_readme_is_rewritten_between_its_markers_alone() -> None:
    text = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    assert readme.rewritten(text, "new") == text.replace("old", "new")
    for broken in ("nothing", text + readme.BEGIN, f"{readme.END} {readme.BEGIN}"):
        with pytest.raises(ValueError, match="must each stand once"):
            readme.rewritten(broken, "new")


def test_readme_of_the_project_can_be_rewritten(project: Path) -> None:
    assert "## Measured" in readme.rewritten((project / "README.md").read_text(), "new")


def test_block_holds_what_was_measured_and_says_what_was_not() -> None:
    entry = {
        "date": "2026-01-02",
        "machine": "a processor, 2 cores",
        "software": {"python": "3.11"},
        "seconds": 90,
        "left_out": ["dvc is not installed: left out"],
        "rows": [asdict(ROW)],
    }
    text = readme.block({"things": entry, "others": entry | {"rows": []}})
    assert "| a thing | n = 3 | 10 ms | 20 ms, b 1.0 | 2.0 (1.90 to 2.1) |  |" in text
    runs = "| `things`, `others` | 2026-01-02 | a processor, 2 cores | python 3.11 | 3.0 min |"
    assert runs in text
    assert text.count("dvc is not installed") == 1
    assert "No line is of a GPU" in text
    assert "Growth" not in text
    assert "No line is of a GPU" not in readme.block({f"limits{readme.CUDA}": entry})


def test_packing_has_a_line_a_way_and_a_column_a_number_of_seeds() -> None:
    def row(seeds: int, ours: float) -> measure.Row:
        return replace(ROW, kind="packing", what="net: way", sizes=f"S = {seeds}, cpu", ours=ours)

    heads, lines = readme.packing([row(16, 0.5), row(4, 0.25), replace(row(4, 1), what="x: way")])
    assert heads == ["network: way", "device", "S = 4", "S = 16"]
    assert lines == [
        ["net: way", "cpu", "2.0 (1.90 to 2.1); 250 ms", "2.0 (1.90 to 2.1); 500 ms"],
        ["x: way", "cpu", "2.0 (1.90 to 2.1); 1.00 s", ""],
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0123, "0.012"),
        (0.984, "0.98"),
        (1.0, "1.00"),
        (9.98, "10"),
        (244.0, "240"),
        (4611, "4,600"),
    ],
)
def test_numbers_have_the_digits_that_a_measurement_bears(value: float, said: str) -> None:
    assert readme.number(value) == said


def test_one_benchmark_runs_and_hands_its_rows_over(capsys: pytest.CaptureFixture[str]) -> None:
    entry = everything.measured(everything.Benchmark("smooth_calibration"), quick=True)
    assert entry is not None
    assert [row["sizes"] for row in entry["rows"]] == ["n = 300"]
    assert everything.measured(everything.Benchmark("smooth_calibration", ("--no",)), True) is None
    assert "smooth calibration error" in capsys.readouterr().out


def test_every_benchmark_has_its_script() -> None:
    known = everything.benchmarks("dvc")
    assert {b.script for b in known.values()} <= {path.stem for path in BENCHMARKS.glob("*.py")}
    assert [name for name, b in known.items() if b.gpu] == ["limits_cuda", "packing_cuda"]
