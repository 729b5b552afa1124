"""Progress of long work: a bar on a terminal, a line every ten seconds in a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TextIO, TypeVar

Metrics = TypeVar("Metrics", bound=Mapping[str, object])

WIDTH = 30
TERMINAL_S, FILE_S = 0.2, 10.0  # seconds between two updates


def progress(
    iterable: Iterable[tuple[int, Metrics]],
    steps: int,
    label: str,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[int, Metrics]]:
    """Pass on (step, metrics) of `iterable`, telling `stream` (default stderr) how far it is.

    steps: the last step. The first and the last step are always told; metrics are turned into
    numbers only when a line is due, as that waits for a GPU.
    """
    out = stream or sys.stderr
    on_terminal = out.isatty()
    began, told, first = clock(), float("-inf"), 0
    for step, metrics in iterable:
        yield step, metrics
        now = clock()
        first = first or step  # a resumed run starts in the middle
        if step < steps and now - told < (TERMINAL_S if on_terminal else FILE_S):
            continue
        told = now
        left = _left(step - first, steps - step, now - began)
        line = f"{label} {_bar(step, steps)}{step}/{steps}{left}"
        numbers = "".join(f"  {name} {float(value):.4g}" for name, value in metrics.items())  # type: ignore[arg-type]
        end = "" if on_terminal and step < steps else "\n"
        out.write(f"\r\x1b[K{line}{numbers}{end}" if on_terminal else f"{line}{numbers}\n")
        out.flush()


def _bar(step: int, steps: int) -> str:
    full = WIDTH * step // steps
    return f"[{'#' * full}{'.' * (WIDTH - full)}] "


def _left(done: int, to_do: int, elapsed: float) -> str:
    """Time to go at the pace so far, once there is one."""
    if done == 0 or to_do == 0:
        return ""
    seconds = round(elapsed / done * to_do)
    return f"  {seconds // 60}:{seconds % 60:02d} left"
