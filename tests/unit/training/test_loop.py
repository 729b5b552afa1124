"""The loop against closed forms, and resumed runs against undisturbed ones, byte for byte."""

import os
import signal
import threading

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from lemmata.errors import LemmataError
from lemmata.training import loop
from lemmata.training.batches import batch_indices, stream
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted, Run, train

# --- against closed forms ------------------------------------------------------------------------


class Quadratic:
    """|A w - b|^2 / 2n; gradient descent is at w* + (I - r_t H) ... (I - r_1 H) (w_0 - w*)."""

    def __init__(self):
        generator = stream(0, "least squares")
        self.A, self.b = generator.normal(size=(30, 4)), generator.normal(size=30)
        self.H = self.A.T @ self.A / 30
        self.solution = np.linalg.lstsq(self.A, self.b, rcond=None)[0]

    def train(self, steps, rate, **options):
        model = nn.Linear(4, 1, bias=False, dtype=torch.float64)
        nn.init.zeros_(model.weight)
        A, b = torch.from_numpy(self.A), torch.from_numpy(self.b)
        run = Run(model, torch.optim.SGD(model.parameters(), lr=rate))

        def loss(step):
            return {"loss": (model(A)[:, 0] - b).square().mean() / 2}

        losses = [
            float(metrics["loss"])
            for _, metrics in train(
                run, loss, steps=steps, seed=0, checkpoint_every=10**9, **options
            )
        ]
        return model.weight.detach().numpy()[0], losses

    def after(self, rates):
        distance = -self.solution
        for rate in rates:
            distance = distance - rate * self.H @ distance
        return self.solution + distance


def test_follows_gradient_descent_and_reaches_least_squares():
    problem = Quadratic()
    w, losses = problem.train(7, 0.3)
    assert w == pytest.approx(problem.after([0.3] * 7), rel=1e-12)
    before = [problem.after([0.3] * t) for t in range(7)]
    expected = [np.square(problem.A @ v - problem.b).mean() / 2 for v in before]
    assert losses == pytest.approx(expected, rel=1e-12)
    w, _ = problem.train(1500, 0.3)
    assert w == pytest.approx(problem.solution, rel=1e-10)


def test_schedule_scales_the_groups_own_rate_by_step():
    problem = Quadratic()
    w, _ = problem.train(5, 0.3, schedule=lambda step: 1.0 / step)
    assert w == pytest.approx(problem.after([0.3 / t for t in range(1, 6)]), rel=1e-12)


def test_gradient_norm_is_bounded():
    problem = Quadratic()
    gradient = -problem.A.T @ problem.b / 30
    bound = 0.01 * np.linalg.norm(gradient)
    w, _ = problem.train(1, 0.3, max_gradient_norm=bound)
    # torch divides by the norm plus 1e-6
    assert w == pytest.approx(-0.3 * 0.01 * gradient, rel=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_loss_that_is_not_finite_ends_the_run_before_the_update(value):
    model = nn.Linear(1, 1, bias=False)
    run = Run(model, torch.optim.SGD(model.parameters(), lr=0.1))
    seen = []

    def loss(step):
        seen.append(model.weight.item())
        return {"loss": model.weight.sum() + (value if step == 3 else 0.0)}

    with pytest.raises(LemmataError, match=rf"loss = {value} at step 3: "):
        for _ in train(run, loss, steps=9, seed=0, checkpoint_every=5):
            pass
    assert run.step == 2
    assert model.weight.item() == pytest.approx(seen[0] - 0.2)
    assert run.segments[-1]["reason"] == "failed: LemmataError"
    assert run.segments[-1]["last_step"] == 2


def test_losses_looked_at_in_blocks_name_the_first_bad_step():
    """What a GPU run does: the block is inspected later, the step named is the right one."""
    losses = loop._Losses()
    losses.waiting = [(t, torch.tensor(float("nan") if t >= 5 else 1.0)) for t in range(1, 9)]
    with pytest.raises(LemmataError, match="at step 5"):
        losses.check()


# --- resumed against undisturbed -----------------------------------------------------------------

STEPS = 12


class Problem:
    """All that a resumed run could get wrong: dropout, moments, schedule, moving averages."""

    def __init__(self, folder):
        generator = torch.Generator().manual_seed(1)
        self.model = nn.Sequential(
            nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 2)
        )
        self.model.register_buffer("average", torch.zeros(2))
        with torch.no_grad():
            for parameter in self.model.parameters():
                parameter.normal_(generator=generator)
        self.X = torch.randn(50, 6, generator=generator)
        self.y = torch.randint(0, 2, (50,), generator=generator)
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01, weight_decay=0.1)
        self.run = Run(self.model, optimizer, None if folder is None else Checkpoints(folder))

    def loss(self, step):
        rows = torch.from_numpy(batch_indices(7, step, 50, 8))
        logits = self.model(self.X[rows])
        return {
            "loss": nn.functional.cross_entropy(logits, self.y[rows]),
            "size": logits.abs().mean(),
        }

    def steps(self, **options):
        options = {
            "steps": STEPS,
            "seed": 7,
            "checkpoint_every": 4,
            "schedule": lambda t: 1 / t,
        } | options
        for step, metrics in train(self.run, self.loss, **options):
            # the caller's part: a moving average, a history
            self.model.average.lerp_(self.model[3].bias.detach(), 0.1)
            self.run.history.append({"step": step, **{k: float(v) for k, v in metrics.items()}})
            yield step

    def outcome(self):
        optimizer = self.run.optimizer.state_dict()
        tensors = [*self.model.state_dict().values()]
        tensors += [value for state in optimizer["state"].values() for value in state.values()]
        rates = [group["lr"] for group in optimizer["param_groups"]]
        return [t.numpy().tobytes() for t in tensors], rates, self.run.history, self.run.step


@pytest.fixture(scope="module")
def undisturbed():
    problem = Problem(None)
    assert list(problem.steps()) == list(range(1, STEPS + 1))
    return problem.outcome()


def signalled(problem, sign, at):
    for step in problem.steps(checkpoint_every=100):
        if step == at:
            os.kill(os.getpid(), sign)


def segments_of(problem):
    return [(s["first_step"], s["last_step"], s["reason"]) for s in problem.run.segments]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(deaths=st.lists(st.integers(1, STEPS), max_size=4), every=st.integers(1, STEPS + 3))
def test_deaths_at_any_steps_change_nothing(deaths, every, undisturbed, tmp_path_factory):
    """The process vanishes in the loop's body: only what was saved is left."""
    folder = tmp_path_factory.mktemp("run")
    for death in deaths:
        for step in Problem(folder).steps(checkpoint_every=every):
            if step == death:
                break
    problem = Problem(folder)
    list(problem.steps(checkpoint_every=every))
    assert problem.outcome() == undisturbed


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_signal_saves_at_the_end_of_the_step(at, sign, undisturbed, tmp_path):
    before = signal.getsignal(sign)
    problem = Problem(tmp_path)
    with pytest.raises(Interrupted, match=f"{sign.name}: saved at step {at}; rerun to resume"):
        signalled(problem, sign, at)
    assert signal.getsignal(sign) == before
    assert segments_of(problem) == [(1, at, sign.name)]
    resumed = Problem(tmp_path)
    assert list(resumed.steps()) == list(range(at + 1, STEPS + 1))
    assert resumed.outcome() == undisturbed
    later = [] if at == STEPS else [(at + 1, STEPS, "finished")]
    assert segments_of(resumed) == [(1, at, sign.name), *later]


def test_signal_during_a_save_is_told_by_the_next_step(undisturbed, tmp_path, monkeypatch):
    """What the newest checkpoint says of the end, and what the error says, must agree."""
    problem = Problem(tmp_path)
    save = Checkpoints.save

    def interrupted(self, step, state):
        if step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        save(self, step, state)

    monkeypatch.setattr(Checkpoints, "save", interrupted)
    with pytest.raises(Interrupted, match="SIGTERM: saved at step 5; rerun to resume"):
        list(problem.steps(checkpoint_every=4))
    resumed = Problem(tmp_path)
    list(resumed.steps())
    assert resumed.outcome() == undisturbed
    assert segments_of(resumed) == [(1, 5, "SIGTERM"), (6, STEPS, "finished")]


def test_time_limit_makes_one_step_a_run(undisturbed, tmp_path):
    for at in range(1, STEPS + 1):
        problem = Problem(tmp_path)
        with pytest.raises(Interrupted, match=f"time limit of 0 s: saved at step {at}"):
            list(problem.steps(stop_after_s=0.0))
    resumed = Problem(tmp_path)
    assert list(resumed.steps(stop_after_s=0.0)) == []
    assert resumed.outcome() == undisturbed
    assert len(resumed.run.segments) == STEPS


def test_checkpoints_by_the_clock(tmp_path):
    problem = Problem(tmp_path)
    for step in problem.steps(checkpoint_every=100, checkpoint_every_s=0.0):
        if step == 5:
            break
    resumed = Problem(tmp_path)
    resumed.run.resume()
    assert resumed.run.step == 4
    assert segments_of(resumed) == [(1, 4, "killed")]


def test_finished_run_is_not_trained_again(undisturbed, tmp_path):
    list(Problem(tmp_path).steps(checkpoint_every=100))
    again = Problem(tmp_path)
    assert list(again.steps()) == []
    assert again.outcome() == undisturbed
    assert segments_of(again) == [(1, STEPS, "finished")]
    with pytest.raises(LemmataError, match=f"step {STEPS} is beyond steps = 5"):
        list(Problem(tmp_path).steps(steps=5))


@pytest.mark.parametrize("damage", [lambda c: c[:-100], lambda c: c[:99] + b"?" + c[100:]])
def test_damaged_checkpoint_costs_steps_and_changes_nothing(damage, undisturbed, tmp_path, caplog):
    list(Problem(tmp_path).steps())
    newest = max(tmp_path.iterdir())
    newest.write_bytes(damage(newest.read_bytes()))
    resumed = Problem(tmp_path)
    assert list(resumed.steps()) == [9, 10, 11, 12]
    assert resumed.outcome() == undisturbed
    assert "checkpoint of step 12 refused" in caplog.text


def test_without_a_folder_a_signal_still_stops():
    with pytest.raises(Interrupted, match="stopped at step 3; nothing saved"):
        signalled(Problem(None), signal.SIGTERM, 3)


def test_runs_outside_the_main_thread(undisturbed):
    problem = Problem(None)
    thread = threading.Thread(target=lambda: list(problem.steps()))
    thread.start()
    thread.join()
    assert problem.outcome() == undisturbed


def test_another_seed_gives_another_result(undisturbed):
    problem = Problem(None)
    list(problem.steps(seed=8))  # the same batches; only dropout differs
    assert problem.outcome() != undisturbed
