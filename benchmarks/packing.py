"""Many seeds of a small network on one device: what sharing it gains.

    OMP_NUM_THREADS=1 python benchmarks/packing.py [--seeds 1 4 16 64] [--device cpu|cuda]

Against S seeds one after another in one process stand

- ensemble: all weights with a leading axis (torch.func.stack_module_state), one vmapped step and
  one optimizer for all; on a GPU also with the step captured in a CUDA graph;
- processes: at most one a core, each with its share of the seeds, as a group of jobs in one
  allocation has them; on a GPU with NVIDIA's MPS too where nvidia-cuda-mps-control is installed.
  Their start is not counted.

Networks are those of the families at laptop settings, with fixed batches of their shapes. All ways
must end at the same losses. Wall clock.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np
import torch
from measure import Report, one_thread, options, row_of
from packed_networks import NETWORKS, Batch
from packed_steps import WARM_UP, Alone, Ensemble, captured, made, settled
from torch import Tensor, nn

PLAIN = "one after another"
AGREE = 1e-3
"""Relative: rounding differs between one kernel for all seeds and one for each."""


class Found(NamedTuple):
    """Seconds of all steps of all seeds, and the loss (S,) of each seed at the last step."""

    seconds: float
    losses: Tensor


Way = Callable[[str, int, int, str], Found]
"""(network, seeds, steps, device) -> what was found."""


def trained(module: nn.Module, batch: Batch, steps: int, device: str) -> Tensor:
    """One seed; its loss at the last step."""
    own = Alone(module, batch, device)
    for _ in range(steps):
        loss = own.step()
    return loss


def one_after_another(name: str, seeds: int, steps: int, device: str) -> Found:
    """What all else is compared with."""
    runs = [made(name, seed, device) for seed in range(seeds)]
    began = settled(device)
    losses = [trained(*run, steps, device) for run in runs]
    return Found(settled(device) - began, torch.stack(losses).cpu())


def ensemble(name: str, seeds: int, steps: int, device: str) -> Found:
    """One kernel for all seeds."""
    all_seeds = Ensemble(name, seeds, device)
    began = settled(device)
    for _ in range(steps):
        losses = all_seeds.step()
    return Found(settled(device) - began, losses.cpu())


def graphed(name: str, seeds: int, steps: int, device: str) -> Found:
    """The same, the step captured once and replayed; `steps` are done with those that warm up."""
    warm_up = min(WARM_UP, steps - 1)
    graph, losses = captured(Ensemble(name, seeds, device), warm_up)
    replays = steps - warm_up
    began = settled(device)
    for _ in range(replays):
        graph.replay()
    return Found((settled(device) - began) * steps / replays, losses.cpu())


class Pool:
    """Processes that wait for work; told at once, they begin at once.

    As many as the machine has cores: a network so small is bound by the core that drives it.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes, self.workers = [], []
        for _ in range(os.cpu_count() or 1):
            ours, theirs = context.Pipe()
            worker = context.Process(target=_worker, args=(theirs,), daemon=True)
            worker.start()
            theirs.close()
            self.pipes.append(ours)
            self.workers.append(worker)

    def close(self) -> None:
        """No more work."""
        for pipe, worker in zip(self.pipes, self.workers, strict=True):
            pipe.close()
            worker.join()

    def __call__(self, name: str, seeds: int, steps: int, device: str) -> Found:
        """Seeds shared out; a way as the others are."""
        busy = self.pipes[:seeds]
        for first, pipe in enumerate(busy):
            pipe.send((name, range(first, seeds, len(busy)), steps, device))
        for pipe in busy:
            pipe.recv()
        began = time.perf_counter()
        for pipe in busy:
            pipe.send(None)
        losses = dict(pair for pipe in busy for pair in pipe.recv())
        seconds = time.perf_counter() - began
        return Found(seconds, torch.tensor([losses[seed] for seed in range(seeds)]))


def _worker(pipe: Connection) -> None:
    """Its seeds one after another, when it is told; its first calls of the device before that."""
    one_thread()
    while True:
        try:
            name, seeds, steps, device = pipe.recv()
        except EOFError:
            return
        runs = [made(name, seed, device) for seed in seeds]
        trained(*made(name, 0, device), 2, device)
        settled(device)
        pipe.send("ready")
        pipe.recv()
        losses = [trained(*run, steps, device) for run in runs]
        settled(device)
        pipe.send([(seed, float(loss)) for seed, loss in zip(seeds, losses, strict=True)])


@contextlib.contextmanager
def mps() -> Iterator[None]:
    """NVIDIA's daemon by which processes share a GPU, for those that are started within."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")
        os.environ.update(dict.fromkeys(names, folder))
        subprocess.run(["nvidia-cuda-mps-control", "-d"], check=True)  # noqa: S607
        try:
            yield
        finally:
            subprocess.run(["nvidia-cuda-mps-control"], input=b"quit\n", check=True)  # noqa: S607
            for key in names:
                del os.environ[key]


@contextlib.contextmanager
def pool() -> Iterator[Pool]:
    """A pool, closed at the end."""
    made = Pool()
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def ways(device: str) -> Iterator[dict[str, Way]]:
    """Name -> way, as far as this device can go it."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Way] = {"ensemble": ensemble, "processes": stack.enter_context(pool())}
        if device == "cuda":
            found["ensemble in a CUDA graph"] = graphed
            settled(device)  # this process has met the GPU before the daemon is named to others
            if shutil.which("nvidia-cuda-mps-control"):
                stack.enter_context(mps())
                found["processes by MPS"] = stack.enter_context(pool())
            else:
                print("processes by MPS: not run, nvidia-cuda-mps-control is not installed")
        yield found


def compared(
    report: Report,
    others: Mapping[str, Way],
    name: str,
    seeds: int,
    steps: int,
    device: str,
    rounds: int,
) -> None:
    """All ways in turns; a row for each."""
    known = {PLAIN: one_after_another, **others}
    seconds: dict[str, list[float]] = {way: [] for way in known}
    for warm in (one_after_another, ensemble):
        warm(name, seeds, 2, device)
    wanted = torch.empty(0)
    for _ in range(rounds):
        for way, go in known.items():
            found = go(name, seeds, steps, device)
            wanted = found.losses if way == PLAIN else wanted
            gap = float(((found.losses - wanted) / wanted).abs().max())
            assert gap < AGREE, f"{name}, {way}, S = {seeds}: losses differ by {gap:.1e}"
            seconds[way].append(found.seconds / steps)
    for way in list(known)[1:]:
        both = {"ours": np.array(seconds[way]), PLAIN: np.array(seconds[PLAIN])}
        sizes = f"S = {seeds}, {device}"
        report.add(row_of(f"{name}: {way}", sizes, both, kind="packing"))


def main() -> None:
    """Every network, every S."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    args = parser.parse_args()
    one_thread()
    report = Report(args.rows)
    steps, sizes = (3, [2]) if args.quick else (args.steps, args.seeds)
    with ways(args.device) as others:
        for name in NETWORKS:
            for seeds in sizes:
                compared(report, others, name, seeds, steps, args.device, args.rounds)
    if args.device == "cpu":
        why = "asks for --device cuda" if torch.cuda.is_available() else "no GPU here"
        print(f"the GPU part was not run: {why}")


if __name__ == "__main__":
    main()
