"""The settings of a job, built from its slice of the configuration; policies read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import pandas as pd
from torch import nn

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.controlled.experiment import (
    Finetuning,
    Pretraining,
    Session,
    finetune,
    pretrain,
)
from lemmata.reinforcement_finetuning.controlled.judged import PRETRAINED, said
from lemmata.reinforcement_finetuning.controlled.networks import NetworkSettings, new_network
from lemmata.reinforcement_finetuning.controlled.task import Task, TaskSettings, make_task
from lemmata.training.weights import load_weights

StartOf = Callable[[str], Session]


@dataclass(frozen=True)
class Policy:
    """One pretrained policy: its task, network and pretraining."""

    task: TaskSettings
    network: NetworkSettings
    pretraining: Pretraining
    seed: int


def policy_from(values: Mapping[str, Any]) -> Policy:
    """From plain values; raises LemmataError naming the key."""
    return build(Policy, values, "policy")


def task_of(policy: Policy, table: pd.DataFrame) -> Task:
    """The task of a policy on the prepared table of its data set."""
    return make_task(table, policy.task, policy.seed)


def untrained(policy: Policy, task: Task) -> nn.Module:
    """The policy's network before pretraining."""
    return new_network(
        policy.network,
        task.inputs.shape[1],
        policy.task.channels,
        task.allowed.shape[1],
        policy.seed,
    )


def pretrained(policy: Policy, task: Task, path: str | PathLike[str]) -> nn.Module:
    """The policy as a file keeps it."""
    model = untrained(policy, task)
    load_weights(model, path)
    return model


def train_pretrained(
    policy: Policy, task: Task, session: Session
) -> tuple[nn.Module, pd.DataFrame]:
    """The pretrained network and its history."""
    model = untrained(policy, task).to(session.compute.device)
    history = pretrain(model, task, policy.pretraining, session)
    return model, history.assign(seed=policy.seed)


def train_variants(
    model: nn.Module,
    task: Task,
    variants: Mapping[str, Mapping[str, Any]],
    seed: int,
    session: StartOf,
) -> tuple[nn.ModuleDict, pd.DataFrame, pd.DataFrame]:
    """Finetune by every variant: models, histories (variant, seed, ...), what they say on inputs.

    variants: name -> settings of finetuning; session: name -> where its run computes. A variant
    that is done is not trained again when the job resumes.
    """
    models, histories = nn.ModuleDict(), []
    for name, values in variants.items():
        settings = build(Finetuning, values, f"variants.{name}")
        own = session(name)
        models[name], history = finetune(model.to(own.compute.device), task, settings, own)
        histories.append(history.assign(variant=name, seed=seed))
    table = said({PRETRAINED: model} | dict(models.items()), task, seed)
    return models, pd.concat(histories, ignore_index=True), table


def read_back(
    policies: list[Mapping[str, Any]],
    variants: list[str],
    variant: str,
    table: pd.DataFrame,
    first: list[str],
    last: list[str],
) -> Iterator[tuple[int, Task, dict[str, nn.Module]]]:
    """(seed, task, models) of each policy: initial, pretrained, and finetuned by one variant.

    first, last: weights of the pretrained policies and of all variants, in the order of policies.
    """
    if variant not in variants:
        raise LemmataError(f"variants: {variant!r} is not among {', '.join(variants)}")
    for values, before, after in zip(policies, first, last, strict=True):
        policy = policy_from(values)
        task = task_of(policy, table)
        tuned = nn.ModuleDict({name: untrained(policy, task) for name in variants})
        load_weights(tuned, after)
        yield (
            policy.seed,
            task,
            {
                "initial": untrained(policy, task),
                PRETRAINED: pretrained(policy, task, before),
                variant: tuned[variant],
            },
        )
