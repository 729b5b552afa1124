"""Benchmarks: both sides compute the same, and FLOPs and exponents are right.

No time and no ratio is asserted: those are what the benchmarks are there to find out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import crasp
import diffusion_sampling
import engines
import generation
import growth
import length_generalization as loops
import lidar
import limits
import multicalibrators
import numpy as np
import packed_networks
import packed_steps
import packing
import pytest
import smooth_calibration
import torch

from lemmata.calibration.smooth_calibration import smooth_calibration_error
from lemmata.length_generalization.crasp.evaluate import accepts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import ACCEPTORS
from lemmata.self_supervised.metrics.lidar import lidar as our_lidar

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


def test_a_run_is_told_by_tenths() -> None:
    made = [100 + k for k in range(1, 11)] + [110 + 2 * k for k in range(1, 11)]  # of 20 files
    found = engines.by_tenths(100.0, made[::-1], 131.0)
    assert found.tolist() == [1.0] * 5 + [2.0] * 4 + [2.5]


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
    again = packed_steps.on_one_batch(
        "decoder of length generalization", "cpu", "float32", graph=False
    )
    assert limits.counted_flops(lambda: again.train(2, 0)) == 2 * found


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


@pytest.mark.parametrize("name", list(packed_networks.NETWORKS))
def test_a_step_in_bfloat16_learns_what_one_in_float32_does(name: str) -> None:
    full, half = (
        packed_steps.Alone(*packed_steps.made(name, 0, "cpu"), "cpu", precision)
        for precision in ("float32", "bfloat16")
    )
    for _ in range(5):
        ours, other = full.step(), half.step()
        assert ours != other
        torch.testing.assert_close(other, ours, rtol=0.02, atol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", list(packed_networks.NETWORKS))
def test_a_replayed_step_is_the_step(name: str, precision: str) -> None:
    plain, own = (
        packed_steps.Alone(*packed_steps.made(name, 0, "cuda"), "cuda", precision) for _ in range(2)
    )
    wanted = [float(plain.step()) for _ in range(6)][packed_steps.WARM_UP :]
    graph, loss = packed_steps.captured(own)
    found = []
    for _ in wanted:
        graph.replay()
        found.append(float(loss))
    assert found == pytest.approx(wanted, rel=1e-2 if precision == "bfloat16" else 1e-4)


def test_processes_end_at_the_same_bits() -> None:
    name = "network of guidance and diffusion"
    with packing.pool() as processes:
        found = processes(name, 2, 2, "cpu").losses
    assert torch.equal(found, packing.one_after_another(name, 2, 2, "cpu").losses)


def test_hidden_states_without_checks_are_the_decoders_own() -> None:
    module, (tokens, _) = packed_networks.language_model(0)
    assert torch.equal(module.hidden(tokens), module.decoder(tokens))
