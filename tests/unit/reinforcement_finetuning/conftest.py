"""The task of the controlled experiments on small images."""

from __future__ import annotations

import pytest

from lemmata.reinforcement_finetuning.controlled.task import Task, make_task
from tests.unit.reinforcement_finetuning.controlled_settings import SETTINGS, table


@pytest.fixture(scope="module")
def task() -> Task:
    return make_task(table(), SETTINGS, 0)
