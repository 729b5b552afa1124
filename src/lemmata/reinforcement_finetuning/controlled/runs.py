"""One job of the controlled experiments: a policy, pretrained, and every finetuning of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import nn

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.controlled.answers import said
from lemmata.reinforcement_finetuning.controlled.experiment import (
    Finetuning,
    Pretraining,
    Session,
    finetune,
    pretrain,
)
from lemmata.reinforcement_finetuning.controlled.groups import PRETRAINED
from lemmata.reinforcement_finetuning.controlled.networks import NetworkSettings, new_network
from lemmata.reinforcement_finetuning.controlled.task import Task, TaskSettings, make_task
from lemmata.training.weights import load_weights

StartOf = Callable[[str], Session]
Models = dict[str, nn.Module]


@dataclass(frozen=True)
class Policy:
    """What one policy is before finetuning."""

    task: TaskSettings
    network: NetworkSettings
    pretraining: Pretraining
    seed: int


@dataclass(frozen=True)
class Trained:
    """Every policy by its variant, the pretrained one among them; histories, and what they say."""

    models: nn.ModuleDict
    history: pd.DataFrame
    said: pd.DataFrame


def train_all(
    values: Mapping[str, Any],
    table: pd.DataFrame,
    variants: Mapping[str, Mapping[str, Any]],
    session: StartOf,
) -> Trained:
    """Pretrain, then finetune by every variant.

    values: of a Policy; table: the prepared images; variants: name -> settings of finetuning;
    session: name of a run -> where it computes. A run that is done is not done again when the job
    resumes. Raises LemmataError naming the key of settings that do not fit.
    """
    policy = build(Policy, values, "policy")
    settings = {name: build(Finetuning, own, f"variants.{name}") for name, own in variants.items()}
    task = make_task(table, policy.task, policy.seed)
    start = session(PRETRAINED)
    model = untrained(policy, task).to(start.compute.device)
    history = pretrain(model, task, policy.pretraining, start)
    histories = [history.assign(variant=PRETRAINED, seed=policy.seed)]
    models: Models = {PRETRAINED: model}
    for name, own in settings.items():
        models[name], history = finetune(model, task, own, session(name))
        histories.append(history.assign(variant=name, seed=policy.seed))
    together = pd.concat(histories, ignore_index=True)
    return Trained(nn.ModuleDict(models), together, said(models, task, policy.seed))


def untrained(policy: Policy, task: Task) -> nn.Module:
    """The policy's network before pretraining."""
    return new_network(
        policy.network,
        task.inputs.shape[1],
        policy.task.channels,
        task.allowed.shape[1],
        policy.seed,
    )


def read_back(
    policies: Sequence[Mapping[str, Any]],
    variants: Sequence[str],
    variant: str,
    table: pd.DataFrame,
    paths: Sequence[str],
) -> Iterator[tuple[int, Task, Models]]:
    """(seed, task, models) of each policy: initial, pretrained, and finetuned by one variant.

    variants: all that the files, one a policy, hold beside the pretrained policy.
    """
    if variant not in variants:
        raise LemmataError(f"variants: {variant!r} is not among {', '.join(variants)}")
    for values, path in zip(policies, paths, strict=True):
        policy = build(Policy, values, "policy")
        task = make_task(table, policy.task, policy.seed)
        kept = nn.ModuleDict({name: untrained(policy, task) for name in (PRETRAINED, *variants)})
        load_weights(kept, path)
        chosen = {name: kept[name] for name in (PRETRAINED, variant)}
        yield policy.seed, task, {"initial": untrained(policy, task)} | chosen
