"""What ``lemmata reward-std`` does: measure a checkpoint; on request finetune, measure again."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import pandas as pd

from lemmata.reinforcement_finetuning.checkpoints.estimate import estimate
from lemmata.reinforcement_finetuning.checkpoints.finetune import reinforce, supervise
from lemmata.reinforcement_finetuning.checkpoints.loading import load_checkpoint
from lemmata.reinforcement_finetuning.checkpoints.prompts import read_prompts
from lemmata.reinforcement_finetuning.checkpoints.rewards import reward_named
from lemmata.reinforcement_finetuning.checkpoints.study import Settings
from lemmata.training.device import select


def measure_and_finetune(
    folder: str | PathLike[str],
    data: str | PathLike[str],
    settings: Settings,
    threads: int,
    finetuned: Path | None = None,
) -> pd.DataFrame:
    """when, row and what `estimate` says: pretrained, and with a folder also sft and sft_rft.

    finetuned: the folder that the model is written to after SFT and RFT. Raises LemmataError as
    the parts do.
    """
    reward = reward_named(settings.reward)
    prompts = read_prompts(data, settings.prompts, settings.seed)
    compute = select(settings.device, settings.precision, threads)
    checkpoint = load_checkpoint(folder, compute)

    def measured(when: str) -> pd.DataFrame:
        with compute.autocast():
            found = estimate(checkpoint, prompts, settings.samples, settings.sampling, reward)
        return found.assign(when=when)

    tables = [measured("pretrained")]
    if finetuned is not None:
        supervise(checkpoint, prompts, settings.sft, compute, settings.seed, label="SFT")
        tables.append(measured("sft"))
        own = (checkpoint, prompts, settings.rft, settings.sampling, reward, compute)
        reinforce(*own, label="RFT")
        tables.append(measured("sft_rft"))
        checkpoint.model.save_pretrained(finetuned)
        checkpoint.tokenizer.save_pretrained(finetuned)
    return pd.concat(tables, ignore_index=True)
