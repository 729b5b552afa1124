"""A checkpoint before finetuning, after RFT and after SFT (Figure 1, Table 1 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import pandas as pd
from scipy import stats

from lemmata.reinforcement_finetuning.checkpoints.answers import Sampling
from lemmata.reinforcement_finetuning.checkpoints.estimate import estimate, vanishing_share
from lemmata.reinforcement_finetuning.checkpoints.finetune import (
    Reinforced,
    Supervised,
    reinforce,
    supervise,
)
from lemmata.reinforcement_finetuning.checkpoints.loading import Checkpoint, load_checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import Prompt, read_prompts
from lemmata.reinforcement_finetuning.checkpoints.rewards import reward_named
from lemmata.stats import Interval, Study, evidence_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.device import Device, Precision, select

WHEN = ("pretrained", "rft", "sft")


@dataclass(frozen=True)
class Settings:
    """prompts: of the data at most; samples: answers to a prompt, from which its STD is estimated;
    vanishing: the largest bound on an expected gradient that counts as vanishing. The rest is as in
    `answers.Sampling`, `finetune.Supervised` and `finetune.Reinforced`.
    """

    reward: str
    prompts: int
    samples: int
    vanishing: float
    answer: int
    shortest: int
    top_k: int
    temperature: float
    batch_size: int
    sft: Supervised
    rft: Reinforced
    seed: int
    device: Device
    precision: Precision

    @property
    def sampling(self) -> Sampling:
        """How answers are sampled."""
        return Sampling(
            self.answer,
            self.shortest,
            self.top_k,
            self.temperature,
            self.batch_size,
            self.seed,
        )


def study(
    folder: str | PathLike[str],
    data: str | PathLike[str],
    settings: Settings,
    *,
    threads: int,
    gpus: int = 0,
    checkpoints: Path | None = None,
) -> Study:
    """Table: when, row, and what `estimate` says, of the model as it is, after RFT, after SFT.

    Evidence: Pearson's correlation over prompts of the STD before and the change of the mean reward
    (Fisher's interval), the share of prompts whose gradient vanishes, mean rewards. Raises
    LemmataError for a folder, data or reward that will not do.
    """
    compute = select(settings.device, settings.precision, threads, gpus)
    reward = reward_named(settings.reward)
    prompts = read_prompts(data, settings.prompts, settings.seed)

    def measured(checkpoint: Checkpoint) -> pd.DataFrame:
        with compute.autocast():
            return estimate(checkpoint, prompts, settings.samples, settings.sampling, reward)

    tables = [measured(load_checkpoint(folder, compute))]
    reinforced = load_checkpoint(folder, compute)
    reinforce(
        reinforced,
        prompts,
        settings.rft,
        settings.sampling,
        reward,
        compute,
        _place(checkpoints, "rft"),
        "RFT",
    )
    tables.append(measured(reinforced))
    supervised = load_checkpoint(folder, compute)
    supervise(
        supervised,
        prompts,
        settings.sft,
        compute,
        settings.seed,
        _place(checkpoints, "sft"),
        "SFT",
    )
    tables.append(measured(supervised))
    table = pd.concat(
        [part.assign(when=when) for when, part in zip(WHEN, tables, strict=True)],
        ignore_index=True,
    )
    return Study(table, evidence_table(_evidence(tables, settings.vanishing, prompts)))


def _place(folder: Path | None, name: str) -> Checkpoints | None:
    return None if folder is None else Checkpoints(folder / name)


def _evidence(
    tables: Sequence[pd.DataFrame], vanishing: float, prompts: Sequence[Prompt]
) -> dict[str, Interval]:
    before = tables[0]
    found = {
        f"vanishing_{bound}": vanishing_share(before, bound, vanishing)
        for bound in ("theorem", "sharper")
    }
    for when, after in zip(WHEN[1:], tables[1:], strict=True):
        gain = after["mean"] - before["mean"]
        if before["std"].nunique() > 1 and gain.nunique() > 1 and len(prompts) > 3:
            result = stats.pearsonr(before["std"], gain)
            limits = result.confidence_interval()
            value = float(result.statistic)
            found[f"pearson_{when}"] = Interval(
                value, float(limits.low), float(limits.high), len(gain)
            )
    return found
