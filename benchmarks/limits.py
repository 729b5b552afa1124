"""How near to what the machine can: FLOP/s of training, bytes/s of kernels that mostly read.

    OMP_NUM_THREADS=1 python benchmarks/limits.py [--steps 300] [--device cpu|cuda]

Ceilings are measured in the same run, by turns with what is held against them: one large matrix
product of the same precision, one copy of memory larger than the caches (bytes read and written).
FLOPs of a training step are those of its matrix products, forward and backward, as torch counts
them (attention without its causal half spared); its time is that of a training less that of one of
a single step, so that no set-up is in it. The notes say by torch's profiler where the time of
a step goes, by Python's where that of a kernel goes, and so what bounds it. On a GPU float32 means
IEEE float32; TF32 and bfloat16 have lines of their own. There a network's step on one batch is
also captured in a CUDA graph, and stands beside the same step without one.
"""

from __future__ import annotations

import cProfile
import pstats
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from families import Family, families
from measure import Report, Row, one_thread, options, summary, turns
from numpy.typing import NDArray
from packed_networks import NETWORKS
from packed_steps import on_one_batch
from torch.autograd import DeviceType
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.smooth_ece import bin_predictions
from lemmata.length_generalization.crasp.evaluate import accepts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import ACCEPTORS
from lemmata.self_supervised.metrics.lidar import scatter

PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::_scaled_dot_product")
GRID = 2**14
START = "a single step"


def product_flops(side: int) -> float:
    """FLOPs of a product of two square matrices."""
    return 2.0 * side**3


def counted_flops(work: Callable[[], object]) -> float:
    """FLOPs of the matrix products within some work; attention is taken apart to be counted."""
    counter = FlopCounterMode(display=False)
    with sdpa_kernel(SDPBackend.MATH), counter:
        work()
    return float(counter.get_total_flops())


def product(side: int, device: str, dtype: torch.dtype) -> Callable[[], object]:
    """The ceiling: one large product, waited for."""
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(a)
    return waited(lambda: torch.mm(a, b, out=out), device)


def copy(size: int, device: str = "cpu") -> Callable[[], object]:
    """The ceiling of memory: `size` bytes read and as many written."""
    source = torch.ones(size // 8, dtype=torch.float64, device=device)
    target = torch.empty_like(source)
    return waited(lambda: target.copy_(source), device)


def waited(work: Callable[[], object], device: str) -> Callable[[], object]:
    """Some work, and on a GPU the wait until it is done."""
    if device == "cpu":
        return work

    def until_done() -> None:
        work()
        torch.cuda.synchronize()

    return until_done


def share(
    what: str,
    sizes: str,
    amounts: Mapping[str, float],
    seconds: Mapping[str, NDArray[np.float64]],
    unit: str,
    note: str,
) -> Row:
    """The row of work against its ceiling: amounts (FLOPs or bytes) over seconds by round."""
    (ours, peer) = (amounts[name] / seconds[name] / 1e9 for name in amounts)
    return Row(
        kind="limit",
        what=what,
        sizes=sizes,
        **summary(ours / peer, ours, peer),
        unit=unit,
        against=list(amounts)[1],
        note=note,
    )


def where_time_goes(family: Family, steps: int, device: str, step_s: float) -> str:
    """Shares of the operators' own time, products first, then the three largest others.

    On a GPU the kernels' share of a step that takes step_s when nobody looks on.
    """
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device == "cuda")
    with profile(activities=kinds) as found:
        waited(lambda: family.train(steps, 0), device)()
    events = found.key_averages()
    if device == "cuda":
        kernels = [e for e in events if e.device_type == DeviceType.CUDA]
        busy = sum(e.self_device_time_total for e in kernels) / 1e6 / steps / step_s
        bound = "kernels" if busy >= 0.5 else "launches"
        return f"bounded by {bound}: kernels run {busy:.0%} of the time"
    times = {e.key: e.self_cpu_time_total for e in events if e.key.startswith("aten::")}
    total = sum(times.values())
    products = sum(v for key, v in times.items() if key.startswith(PRODUCTS))
    others = sorted((k for k in times if not k.startswith(PRODUCTS)), key=lambda k: -times[k])[:3]
    rest = ", ".join(f"{k.removeprefix('aten::')} {times[k] / total:.0%}" for k in others)
    bound = "products" if 2 * products >= total else "what stands between products"
    part = f"products take {products / total:.0%} of the operators' time"
    return f"bounded by {bound}: {part}; then {rest}"


def trainings(
    report: Report,
    made: Sequence[Family],
    counted: Sequence[Family],
    how: str,
    side: int,
    dtype: torch.dtype,
    steps: int,
    rounds: int,
    device: str,
) -> None:
    """Each family's training against a product of its precision; how: further words for it.

    counted: the same families on the CPU, nothing compiled or captured: where FLOPs are counted.
    """
    few = max(steps // 10, 2)
    flops = {f.name: counted_flops(lambda f=f: f.train(few, 0)) / few for f in counted}
    precision = str(dtype).removeprefix("torch.")
    for family in made:
        ceiling = f"product of {side:,}, {precision}"
        works = {
            "ours": waited(lambda f=family: f.train(steps, 0), device),
            START: waited(lambda f=family: f.train(1, 0), device),
            ceiling: product(side, device, dtype),
        }
        amounts = {"ours": flops[family.name] * (steps - 1), ceiling: product_flops(side)}
        where = f", {device}, {precision}" * (device != "cpu")
        title = f"training step, {family.name}{where}{how}"
        clock = time.process_time if device == "cpu" else time.perf_counter
        seconds = turns(works, rounds, clock)
        seconds["ours"] -= seconds.pop(START)
        step_s = float(np.median(seconds["ours"])) / (steps - 1)
        note = f"{1e3 * step_s:.3g} ms a step; {where_time_goes(family, few, device, step_s)}"
        report.add(share(title, family.sizes, amounts, seconds, "GFLOP/s", note))


def readers(n: int) -> list[tuple[str, str, float, Callable[[], object]]]:
    """What mostly reads: name, sizes, bytes that must move at least, and the kernel."""
    rng = np.random.Generator(np.random.Philox(0))
    p, y = rng.random(n), (rng.random(n) < 0.5).astype(np.float64)
    few = max(n // 10, 1000)
    flags = rng.random((few, 20)) < 0.3
    words = rng.integers(0, 2, (few, 100))
    program, symbols = parse(ACCEPTORS["tomita_4"], "tomita_4"), {"0": 0, "1": 1}

    def grouped() -> None:
        group_smooth_ece(p[:few], y[:few], flags, 1024, 1e-4)

    return [
        ("SmoothECE, binning", f"n = {n:,}", 16.0 * n, lambda: bin_predictions(p, y, GRID)),
        ("SmoothECE by group", f"{few:,} rows, 20 groups", 36.0 * few, grouped),
        ("C-RASP tomita_4", f"{few:,} words of 100 letters", 801.0 * few,
         lambda: accepts(program, words, symbols)),
    ]  # fmt: skip


def own_times(kernel: Callable[[], object]) -> str:
    """The three functions with the most time of their own, by Python's profiler.

    What NumPy does for an operator, as in a * b, counts as the function that the operator is in.
    """
    profiler = cProfile.Profile()
    profiler.runcall(kernel)
    own = {name: times[2] for (_, _, name), times in pstats.Stats(profiler).stats.items()}  # type: ignore[attr-defined]
    total = sum(own.values())
    most = sorted(own, key=lambda name: -own[name])[:3]
    return "own time: " + ", ".join(f"{_called(name)} {own[name] / total:.0%}" for name in most)


def _called(name: str) -> str:
    """A function's name without what it is a method of."""
    found = re.search(r"'(\w+)'|\.(\w+)>", name)
    return next(filter(None, found.groups())) if found else name


def memory(report: Report, n: int, size: int, rounds: int) -> None:
    """Kernels that mostly read, against a copy."""
    ceiling = f"copy of {size // 2**20:,} MiB"
    for what, sizes, moved, kernel in readers(n):
        seconds = turns({"ours": kernel, ceiling: copy(size)}, rounds)
        amounts = {"ours": moved, ceiling: 2.0 * size}
        row = share(what, sizes, amounts, seconds, "GB/s", "")
        bound = "memory" if row.ratio >= 0.5 else "work on each byte, not memory"
        report.add(replace(row, note=f"bounded by {bound}; {own_times(kernel)}"))


def lidar_scatter(report: Report, shape: tuple[int, int, int], side: int, rounds: int) -> None:
    """LiDAR's scatter is a product in float64, p / 4 FLOPs for each byte that it reads."""
    e = torch.randn(*shape, dtype=torch.float64)
    n, q, p = shape
    ceiling = f"product of {side:,}, float64"
    works = {"ours": lambda: scatter(e), ceiling: product(side, "cpu", torch.float64)}
    amounts = {"ours": 2.0 * n * q * p**2, ceiling: product_flops(side)}
    row = share("LiDAR, scatter", f"{n:,} samples, {q} views, {p} dimensions", amounts,
                turns(works, rounds), "GFLOP/s", "")  # fmt: skip
    bound = "the product" if row.ratio >= 0.5 else "what stands around the product"
    note = f"bounded by {bound}: {p / 4:.0f} FLOPs for each byte read"
    report.add(replace(row, note=note))


def on_gpu(report: Report, steps: int, rounds: int, side: int) -> None:
    """The trainings on a GPU, float32 and bfloat16: as they are, compiled, in CUDA graphs.

    TF32 as a ceiling alone.
    """
    ieee, tf32 = "float32", "TF32"
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    works = {tf32: product(side, "cuda", torch.float32), "copy": copy(2**30, "cuda")}
    seconds = turns(works, rounds, time.perf_counter)
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    works = {ieee: product(side, "cuda", torch.float32)}
    seconds |= turns(works, rounds, time.perf_counter)
    amounts = {ieee: product_flops(side), tf32: product_flops(side)}
    copied = 2.0 * 2**30 / float(np.median(seconds["copy"])) / 1e9
    note = f"a copy of 1 GiB moves {copied:,.0f} GB/s"
    sizes = f"{side:,} x {side:,}"
    report.add(share("product, cuda, float32", sizes, amounts, seconds, "GFLOP/s", note))
    plain = families()
    on_cpu = [on_one_batch(name, "cpu", "float32", graph=False) for name in NETWORKS]
    for dtype in (torch.float32, torch.bfloat16):
        of_precision = partial(
            trainings, report, side=side, dtype=dtype, steps=steps, rounds=rounds, device="cuda"
        )
        precision = str(dtype).removeprefix("torch.")
        of_precision(families("cuda", precision), plain, "")
        known = [f for f in families("cuda", precision, compiled=True) if f.compiles]
        of_precision(known, plain, ", compiled")
        for graph, how in ((False, ", one batch"), (True, ", one batch in a CUDA graph")):
            own = [on_one_batch(name, "cuda", precision, graph) for name in NETWORKS]
            of_precision(own, on_cpu, how)


def main() -> None:
    """The CPU's lines, or the GPU's."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--steps", type=int, default=300, help="of each training")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    args = parser.parse_args()
    one_thread()
    report = Report(args.rows)
    steps = 2 if args.quick else args.steps
    if args.device == "cuda":
        on_gpu(report, steps, args.rounds, 256 if args.quick else 8192)
        return
    side = 128 if args.quick else 2048
    ours = families()
    trainings(report, ours, ours, "", side, torch.float32, steps, args.rounds, "cpu")
    memory(report, 2000 if args.quick else 10**7, 2**20 if args.quick else 2**29, args.rounds)
    lidar_scatter(report, (20, 4, 16) if args.quick else (1000, 50, 512), side, args.rounds)
    there = torch.cuda.is_available()
    why = "asks for --device cuda" if there else "no GPU here"
    print(f"the GPU part was not run: {why}")


if __name__ == "__main__":
    main()
