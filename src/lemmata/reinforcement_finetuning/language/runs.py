"""Runs that start from one pretrained decoder: before and after each, every question's answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lemmata.predictions import predictions_frame
from lemmata.reinforcement_finetuning.language.exact_match import PRETRAINED, std_of
from lemmata.reinforcement_finetuning.language.finetuning import Settings, Stage, finetune
from lemmata.reinforcement_finetuning.language.measures import answered
from lemmata.reinforcement_finetuning.language.questions import Questions
from lemmata.training.decoder import Decoder
from lemmata.training.device import select


@dataclass(frozen=True)
class Plan:
    """Runs by name, each a list of stages; low_std: up to which STD counts as low."""

    names: tuple[str, ...]
    runs: tuple[tuple[Stage, ...], ...]
    low_std: float
    settings: Settings


class Outcome(NamedTuple):
    """answers: seed, run, kind, low, std and what `measures.answered` says, std being that before
    finetuning and the run `pretrained` what was there before; history: seed, run, stage, step and
    what `measures.measured` says.
    """

    answers: pd.DataFrame
    history: pd.DataFrame


def run_plan(
    model: Decoder,
    questions: Questions,
    plan: Plan,
    *,
    threads: int,
    folder: Path | None = None,
    segments: list[dict[str, Any]] | None = None,
    stop_after_s: float | None = None,
    gpus: int = 0,
) -> Outcome:
    """Every run of the plan; resumable run by run. Raises LemmataError as `finetune` does."""
    own = plan.settings
    compute = select(own.device, own.precision, threads, gpus)
    model = model.to(compute.device)
    before = answered(model, questions, compute)
    p = before["p_target"].to_numpy()
    std = std_of(p)
    low = std <= plan.low_std
    known = {"kind": questions.kind, "low": low, "std": std}
    answers = [before.assign(run=PRETRAINED, **known)]
    histories = []
    for name, stages in zip(plan.names, plan.runs, strict=True):
        policy, history = finetune(
            model,
            questions,
            low,
            stages,
            own,
            threads=threads,
            before=p,
            folder=None if folder is None else folder / name,
            segments=segments,
            stop_after_s=stop_after_s,
            gpus=gpus,
        )
        answers.append(answered(policy, questions, compute).assign(run=name, **known))
        histories.append(history.assign(run=name))
    return Outcome(
        pd.concat(answers, ignore_index=True).assign(seed=own.seed),
        pd.concat(histories, ignore_index=True).assign(seed=own.seed),
    )


def predictions_of(answers: pd.DataFrame, run: str) -> pd.DataFrame:
    """The answers of one run, all seeds, as predictions: is the greedy answer right, how sure.

    Rows are those of all seeds, one seed's after the other's (`rows_of`), and are cut in turn into
    validation and test.
    """
    frames = []
    for seed, part in answers[answers["run"] == run].groupby("seed"):
        split = np.where(np.arange(len(part)) % 2, "test", "validation")
        table = pd.DataFrame({"row": rows_of(part), "y": part["y"], "split": split})
        p = part["p"].to_numpy()
        frames.append(predictions_frame(table, np.column_stack([1.0 - p, p]), int(str(seed))))
    return pd.concat(frames, ignore_index=True)


def std_groups(answers: pd.DataFrame) -> pd.DataFrame:
    """row, g_low_std, g_high_std: questions by their STD before finetuning."""
    before = answers[answers["run"] == PRETRAINED]
    low = before["low"].to_numpy()
    groups = {"row": rows_of(before), "g_low_std": low, "g_high_std": ~low}
    return pd.DataFrame(groups)


def rows_of(answers: pd.DataFrame) -> pd.Series[int]:
    """A number for each question of each seed: the pretrained model, and so the STD, is another."""
    return answers["row"] + answers["seed"] * (int(answers["row"].max()) + 1)
