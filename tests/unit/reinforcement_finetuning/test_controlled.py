"""The controlled experiments: the task, its objectives against finite differences, resumption."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.controlled import judged, runs
from lemmata.reinforcement_finetuning.controlled.answers import SEEDS_APART, said
from lemmata.reinforcement_finetuning.controlled.experiment import (
    Finetuning,
    Pretraining,
    Session,
    few,
    finetune,
    pretrain,
)
from lemmata.reinforcement_finetuning.controlled.measures import measured
from lemmata.reinforcement_finetuning.controlled.networks import (
    NetworkSettings,
    ResNet,
    initialise_as_torch,
    new_network,
)
from lemmata.reinforcement_finetuning.controlled.objective import (
    finetuning_loss,
    pretraining_loss,
    sampled,
)
from lemmata.reinforcement_finetuning.controlled.task import (
    TaskSettings,
    label_sets,
    make_task,
    reward_of,
)
from lemmata.reinforcement_finetuning.objectives import GROUP_FLOOR, entropy
from lemmata.tables import check_predictions
from lemmata.training.batches import stream
from lemmata.training.device import select
from lemmata.training.loop import Interrupted
from lemmata.training.weights import save_weights

DOUBLE = torch.float64
CLASSES = 4
SETTINGS = TaskSettings(
    train_rows=80,
    held_out_rows=40,
    channels=1,
    label_set=2,
    modified=0.1,
    relabelled_classes=0,
)
FINETUNING = Finetuning(
    method="rft",
    optimizer="adam",
    learning_rate=3e-3,
    epochs=10,
    batch_size=32,
    samples=4,
    temperature=1.0,
    entropy=0.0,
    entropy_epochs=0,
    wrong_on_modified=-1.0,
    first_examples=0,
    first_steps=0,
    first_learning_rate=3e-3,
    log_every=5,
    checkpoint_every=4,
    most=50,
)
PRETRAINING = Pretraining(epochs=100, batch_size=32, learning_rate=3e-3, checkpoint_every=50)


def table(rows=200):
    """Images of 3 x 3 pixels whose class is the place of the brightest of four corners."""
    rng = np.random.default_rng(0)
    y = np.arange(rows) % CLASSES
    pixels = rng.random((rows, 9))
    pixels[np.arange(rows), np.array([0, 2, 6, 8])[y]] += 2.0
    split = np.where(np.arange(rows) % 5 < 3, "train", "test")
    frame = pd.DataFrame({"row": np.arange(rows), "split": split, "y": y})
    return frame.join(pd.DataFrame({f"x_{i}": pixels[:, i] for i in range(9)}))


def network(seed=0):
    return new_network(NetworkSettings("mlp", (16,)), 9, 1, CLASSES, seed)


def session(seed=0, **more):
    return Session(select("cpu", "float32", 1), seed, **more)


@pytest.fixture(scope="module")
def task():
    return make_task(table(), SETTINGS, 0)


@pytest.fixture(scope="module")
def pretrained(task):
    model = network()
    pretrain(model, task, PRETRAINING, session())
    return model


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


# --- runs ----------------------------------------------------------------------------------------


def test_pretraining_makes_the_labels_of_the_set_equally_likely(task, pretrained):
    p = torch.softmax(pretrained(task.inputs[task.tuned]), dim=1).detach()
    inside = p[task.allowed[task.tuned]].view(-1, 2)
    assert (inside - 0.5).abs().mean() < 0.1
    low, high = measured(pretrained, task, -1.0, 100)
    assert low["group"] == "low_std"
    assert low["std"] < 0.5 < high["std"]
    assert low["rft_gradient"] < high["rft_gradient"]


def test_measures_are_those_of_a_loop_over_inputs(task, pretrained):
    (low, _) = measured(pretrained, task, 0.5, 5)
    own = task.part(task.tuned & task.modified)
    values, gradients = [], []
    model = network()
    model.load_state_dict(pretrained.state_dict())
    model.double()
    for x, label in zip(own.inputs[:5].double(), own.labels[:5], strict=True):
        p = torch.softmax(model(x[None])[0], dim=0)
        reward = torch.full((CLASSES,), 0.5, dtype=DOUBLE)
        reward[label] = 1.0
        value = (p * reward).sum()
        grads = torch.autograd.grad(value, list(model.parameters()))
        values.append(value.item())
        gradients.append(torch.cat([g.flatten() for g in grads]))
    assert low["n"] == 5
    assert low["inputs"] == 8
    assert low["reward"] == pytest.approx(np.mean(values))
    norm = torch.stack(gradients).mean(dim=0).norm().item()
    assert low["rft_gradient"] == pytest.approx(norm, rel=1e-9)


def test_sft_fits_both_groups_where_rft_leaves_one(task, pretrained):
    ends = {}
    for method in ("rft", "sft"):
        settings = dataclasses.replace(FINETUNING, method=method, epochs=150, log_every=150)
        _, history = finetune(pretrained, task, settings, session())
        ends[method] = history[history["epoch"] == 150].set_index("group")["reward"]
    assert ends["rft"]["high_std"] > 0.9
    assert ends["sft"]["low_std"] > ends["rft"]["low_std"] + 0.3


def test_finetuning_leaves_the_pretrained_policy_as_it_was(task, pretrained):
    before = [p.clone() for p in pretrained.parameters()]
    finetune(pretrained, task, FINETUNING, session())
    for old, new in zip(before, pretrained.parameters(), strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize("method", ["reinforce", "grpo", "rft"])
def test_an_interrupted_run_ends_with_the_same_bytes(task, pretrained, tmp_path, method):
    settings = dataclasses.replace(FINETUNING, method=method, first_examples=4, first_steps=6)
    whole, history = finetune(pretrained, task, settings, session())
    again = None
    for _ in range(200):
        try:
            again = finetune(pretrained, task, settings, session(folder=tmp_path, stop_after_s=0.0))
            break
        except Interrupted:
            continue
    assert again is not None
    for old, new in zip(whole.parameters(), again[0].parameters(), strict=True):
        assert torch.equal(old, new)
    pd.testing.assert_frame_equal(again[1], history)


def test_entropy_bonus_ends_when_it_should(task, pretrained):
    short = dataclasses.replace(FINETUNING, epochs=2, entropy=0.5, entropy_epochs=2)
    lasting = dataclasses.replace(short, entropy_epochs=0)
    dropped = dataclasses.replace(short, entropy_epochs=1)
    ends = [
        torch.cat([p.flatten() for p in finetune(pretrained, task, s, session())[0].parameters()])
        for s in (short, lasting, dropped)
    ]
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def test_a_few_inputs_are_of_as_many_classes_as_there_are(task):
    known = task.part(task.tuned)
    chosen = few(known, CLASSES, seed=0)
    assert sorted(known.classes[chosen.numpy()]) == list(range(CLASSES))
    assert len(few(known, 0, seed=0)) == 80
    with pytest.raises(LemmataError, match="first_examples = 81: there are 80"):
        few(known, 81, seed=0)


def test_a_reward_that_is_not_a_number_stops_before_training(task, pretrained):
    settings = dataclasses.replace(FINETUNING, wrong_on_modified=float("nan"))
    with pytest.raises(LemmataError, match=r"^reward: 24 of 320 values are not finite, first nan"):
        finetune(pretrained, task, settings, session())


# --- the job -------------------------------------------------------------------------------------


def _job():
    values = {
        "task": dataclasses.asdict(SETTINGS),
        "network": {"architecture": "mlp", "widths": [8]},
        "pretraining": {**dataclasses.asdict(PRETRAINING), "epochs": 2},
        "seed": 3,
    }
    short = {**dataclasses.asdict(FINETUNING), "epochs": 2}
    variants = {"rft": short, "sft": {**short, "method": "sft"}}
    made = runs.train_all(values, table(), variants, lambda _: session(3))
    return values, variants, made


def test_a_job_trains_every_variant_and_is_read_back(tmp_path):
    values, variants, made = _job()
    assert set(made.history["variant"]) == {"pretrained", "rft", "sft"}
    assert set(made.history["phase"]) == {"pretraining", "main"}
    save_weights(made.models, tmp_path / "models.safetensors")
    ((seed, task, models),) = runs.read_back(
        [values], list(variants), "rft", table(), [str(tmp_path / "models.safetensors")]
    )
    assert seed == 3
    assert list(models) == ["initial", "pretrained", "rft"]
    for old, new in zip(made.models["rft"].parameters(), models["rft"].parameters(), strict=True):
        assert torch.equal(old, new)
    again = said({"rft": models["rft"]}, task, 3)
    expected = made.said[made.said["variant"] == "rft"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, expected)
    with pytest.raises(LemmataError, match="'grpo' is not among rft, sft"):
        next(runs.read_back([values], ["rft", "sft"], "grpo", table(), ["nowhere"]))


def test_what_policies_say_becomes_common_tables_with_groups():
    _, _, made = _job()
    frame = judged.predictions(made.said, "rft")
    held_out = judged.predictions(made.said, "rft_held_out")
    for part, rows in ((frame, 80), (held_out, 40)):
        check_predictions(part, "test")
        assert len(part) == rows
        assert set(part["split"]) == {"validation", "test"}
        assert (part["row"] // SEEDS_APART == 3).all()
    groups = judged.std_groups(made.said).set_index("row")
    assert (groups["g_low_std"] ^ groups["g_high_std"]).all()
    assert groups.loc[frame["row"], "g_low_std"].sum() == 8


def test_settings_of_a_variant_are_checked():
    with pytest.raises(LemmataError, match=r"variants.rft.learning_rat: unknown key"):
        build(Finetuning, {"learning_rat": 1.0}, "variants.rft")
