"""Prompts with their references, from a file of JSON lines or CSV.

One line of each::

    {"prompt": "summarize: ...", "reference": "a summary"}
    {"prompt": "question: ...", "reference": ["an answer", "another that is as good"]}
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.training.batches import stream


@dataclass(frozen=True)
class Prompt:
    """row: its place in the file, from 0; references: one or more answers that are right."""

    row: int
    text: str
    references: tuple[str, ...]


def read_prompts(path: str | PathLike[str], most: int, seed: int) -> list[Prompt]:
    """At most `most` prompts of a .jsonl or .csv file, drawn once by the seed, in file order.

    Raises LemmataError naming file and line for what is not such a file, and for an empty prompt or
    a row without reference.
    """
    file = Path(path)
    readers = {".jsonl": _json_lines, ".csv": _csv_rows}
    if file.suffix not in readers:
        raise LemmataError(f"{file}: unknown format {file.suffix!r}; allowed: .csv, .jsonl")
    try:
        found = [
            _prompt(file, row, line, values)
            for row, (line, values) in enumerate(readers[file.suffix](file))
        ]
    except (OSError, UnicodeDecodeError) as error:
        raise LemmataError(f"{file}: cannot be read ({error})") from error
    if not found:
        raise LemmataError(f"{file}: no prompts")
    chosen = sorted(stream(seed, "prompts").permutation(len(found))[:most].tolist())
    return [found[place] for place in chosen]


def _json_lines(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, text in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except ValueError as error:
            raise LemmataError(f"{file}: line {line}: not JSON ({error})") from error
        if not isinstance(values, dict):
            raise LemmataError(f"{file}: line {line}: must be an object with prompt and reference")
        yield line, values


def _csv_rows(file: Path) -> list[tuple[int, Mapping[str, Any]]]:
    # All at once: a generator that is left at a bad row would keep the file open.
    with file.open(newline="", encoding="utf-8") as stream_:
        reader = csv.DictReader(stream_)
        return [(reader.line_num, values) for values in reader]


def _prompt(file: Path, row: int, line: int, values: Mapping[str, Any]) -> Prompt:
    for name in ("prompt", "reference"):
        if name not in values:
            raise LemmataError(f"{file}: line {line}: {name!r} is missing; needs prompt, reference")
    text, reference = values["prompt"], values["reference"]
    if not isinstance(text, str) or not text.strip():
        raise LemmataError(f"{file}: line {line}: the prompt is empty")
    references = reference if isinstance(reference, list) else [reference]
    if not references or not all(isinstance(r, str) and r.strip() for r in references):
        raise LemmataError(f"{file}: line {line}: the reference is empty")
    return Prompt(row, text, tuple(references))
