"""Controlled experiments: the task, its objectives against finite differences, the networks."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.controlled.networks import ResNet, initialise_as_torch
from lemmata.reinforcement_finetuning.controlled.objective import (
    finetuning_loss,
    pretraining_loss,
    sampled,
)
from lemmata.reinforcement_finetuning.controlled.task import label_sets, make_task, reward_of
from lemmata.reinforcement_finetuning.objectives import GROUP_FLOOR, entropy
from lemmata.training.batches import stream
from tests.unit.reinforcement_finetuning.controlled_settings import (
    CLASSES,
    DOUBLE,
    SETTINGS,
    network,
    table,
)

# --- the task ------------------------------------------------------------------------------------


def test_label_sets_hold_their_class_and_as_many_labels_as_asked():
    sets = label_sets(10, 5, stream(0, "test"))
    assert sets.diagonal().all()
    assert (sets.sum(axis=1) == 5).all()
    assert (sets != label_sets(10, 5, stream(1, "test"))).any()


def test_modified_inputs_have_labels_outside_their_set_and_others_their_class(task):
    labels, modified = task.labels.numpy(), task.modified.numpy()
    inside = task.allowed.numpy()[np.arange(len(labels)), labels]
    assert (inside == ~modified).all()
    assert (labels[~modified] == task.classes[~modified]).all()
    for part, share in ((task.tuned, 8), (~task.tuned, 4)):
        assert task.modified[part].sum() == share
    assert task.tuned.sum() == 80
    known = task.inputs[task.tuned]
    assert known.mean().item() == pytest.approx(0.0, abs=1e-5)
    assert known.std().item() == pytest.approx(1.0, abs=1e-5)


def test_tasks_of_one_seed_are_one_and_pretraining_knows_nothing_of_labels(task):
    again = make_task(table(), SETTINGS, 0)
    assert torch.equal(task.labels, again.labels)
    other = make_task(table(), dataclasses.replace(SETTINGS, modified=0.3), 0)
    assert torch.equal(task.allowed, other.allowed)
    assert torch.equal(task.inputs, other.inputs)


def test_relabelled_classes_get_one_new_label_each():
    settings = dataclasses.replace(SETTINGS, modified=0.0, relabelled_classes=2)
    found = make_task(table(), settings, 0)
    changed = np.unique(found.classes[found.modified.numpy()])
    assert len(changed) == 2
    for c in range(CLASSES):
        own = np.unique(found.labels.numpy()[found.classes == c])
        assert len(own) == 1
        assert (own[0] != c) == (c in changed)
        assert found.allowed.numpy()[found.classes == c][0, own[0]] == (c not in changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_rows": 1000}, r"^task.train_rows = 1000: there are 120 rows$"),
        ({"label_set": 4}, r"^task.label_set = 4: must be 1 to 3$"),
        ({"relabelled_classes": 2}, r"^task.modified: must be 0 where classes are relabelled$"),
        ({"relabelled_classes": 5}, r"^task.relabelled_classes = 5: there are 4 classes$"),
    ],
)
def test_settings_that_do_not_fit_are_told_in_one_line(change, message):
    with pytest.raises(LemmataError, match=message):
        make_task(table(), dataclasses.replace(SETTINGS, **change), 0)


def test_rewards_by_hand():
    reward = reward_of(torch.tensor([2, 0]), torch.tensor([True, False]), 3, 0.5)
    assert reward.tolist() == [[0.5, 0.5, 1.0], [1.0, -1.0, -1.0]]


# --- objectives ----------------------------------------------------------------------------------


def _batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, CLASSES, dtype=DOUBLE, generator=generator)
    labels = torch.tensor([0, 3, 1])
    return logits, reward_of(labels, torch.tensor([True, False, False]), CLASSES, 0.5), labels


def _slopes(value, logits, step=1e-6):
    found = torch.zeros_like(logits)
    for place in itertools.product(*map(range, logits.shape)):
        move = torch.zeros_like(logits)
        move[place] = step
        found[place] = (value(logits + move) - value(logits - move)) / (2 * step)
    return found


@pytest.mark.parametrize("method", ["rft", "normalised", "sft"])
@pytest.mark.parametrize("bonus", [0.0, 0.3])
def test_gradients_of_exact_objectives_match_finite_differences(method, bonus):
    logits, reward, labels = _batch()
    reward = reward.double()
    fixed = torch.softmax(logits, dim=1)
    mean = (fixed * reward).sum(dim=1)
    std = (fixed * (reward - mean[:, None]) ** 2).sum(dim=1).sqrt() + GROUP_FLOOR

    def value(z):
        p = torch.softmax(z, dim=1)
        own = {
            "rft": -(p * reward).sum(dim=1).mean(),
            "normalised": -((p * reward).sum(dim=1) / std).mean(),
            "sft": -p.log().gather(1, labels[:, None]).mean(),
        }
        return own[method] - bonus * entropy(p.log()).mean()

    z = logits.clone().requires_grad_()
    loss = finetuning_loss(method, z, reward, labels, bonus, samples=4)
    (found,) = torch.autograd.grad(loss, z)
    torch.testing.assert_close(found, _slopes(value, logits), atol=1e-8, rtol=0)


def test_sampled_gradient_is_the_exact_one_on_average():
    logits, reward, labels = _batch()
    reward = reward.double()
    z = logits.clone().requires_grad_()
    many = 4000
    torch.manual_seed(0)
    wide = z.repeat(many, 1)
    loss = finetuning_loss(
        "reinforce", wide, reward.repeat(many, 1), labels.repeat(many), 0.0, samples=1
    )
    (found,) = torch.autograd.grad(loss, z)
    (exact,) = torch.autograd.grad(finetuning_loss("rft", z, reward, labels, 0.0, 1), z)
    torch.testing.assert_close(found, exact, atol=0.02, rtol=0)


def test_samples_follow_the_policy():
    log_p = torch.tensor([[0.7, 0.25, 0.05, 0.0], [0.25, 0.25, 0.25, 0.25]], dtype=DOUBLE).log()
    torch.manual_seed(0)
    drawn = sampled(log_p, 40_000)
    shares = torch.stack([(drawn == k).double().mean(dim=1) for k in range(4)], dim=1)
    torch.testing.assert_close(shares, log_p.exp(), atol=0.01, rtol=0)
    assert (drawn[0] != 3).all()


def test_groups_without_spread_have_no_gradient():
    z = torch.randn(5, CLASSES, dtype=DOUBLE).requires_grad_()
    same = torch.full((5, CLASSES), -1.0, dtype=DOUBLE)
    loss = finetuning_loss("grpo", z, same, torch.zeros(5, dtype=torch.int64), 0.0, samples=8)
    (found,) = torch.autograd.grad(loss, z)
    assert (found == 0).all()


def test_pretraining_loss_is_cross_entropy_to_the_uniform_law_on_the_set():
    logits = torch.randn(2, CLASSES, dtype=DOUBLE)
    allowed = torch.tensor([[True, True, False, False], [False, True, True, True]])
    target = allowed.double() / allowed.sum(dim=1, keepdim=True)
    expected = nn.functional.cross_entropy(logits, target)
    torch.testing.assert_close(pretraining_loss(logits, allowed), expected)


# --- networks ------------------------------------------------------------------------------------


def test_residual_network_treats_each_image_alone_and_halves_its_maps():
    model = ResNet(3 * 8 * 8, 3, (8, 16), 10)
    initialise_as_torch(model, torch.Generator().manual_seed(0))
    x = torch.randn(4, 3 * 8 * 8, generator=torch.Generator().manual_seed(1))
    together = model(x)
    assert together.shape == (4, 10)
    torch.testing.assert_close(model(x[:1]), together[:1], atol=1e-5, rtol=1e-5)
    maps = model.blocks(model.stem(x.view(4, 3, 8, 8)))
    assert maps.shape == (4, 16, 4, 4)
    with pytest.raises(LemmataError, match="make no square image"):
        ResNet(10, 3, (8,), 10)


def test_initial_weights_follow_torchs_own_law_and_the_seed():
    one, same, other = (network(seed) for seed in (0, 0, 1))
    first = next(one.parameters())
    assert torch.equal(first, next(same.parameters()))
    assert not torch.equal(first, next(other.parameters()))
    wide = nn.Linear(400, 300)
    initialise_as_torch(wide, torch.Generator().manual_seed(0))
    reference = nn.Linear(400, 300)
    assert wide.weight.abs().max() <= 1 / 20
    assert wide.weight.std().item() == pytest.approx(reference.weight.std().item(), rel=0.02)
    assert wide.bias.abs().max() <= 1 / 20
