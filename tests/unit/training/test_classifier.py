"""Networks learn real digits, and the experiment around them keeps its promises."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.training.batches import stream
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.classifier import ClassifierSettings, train_classifier
from lemmata.training.loop import Interrupted

SETTINGS = ClassifierSettings(
    model="mlp",
    widths=(64,),
    dropout=0.1,
    steps=300,
    batch_size=64,
    learning_rate=3e-3,
    weight_decay=1e-2,
    seed=0,
    device="cpu",
    precision="float32",
    log_every=50,
    checkpoint_every=100,
)


@pytest.fixture(scope="module")
def digits():
    """1797 images of 8x8 pixels, cut 60 : 20 : 20."""
    data = load_digits()
    order = stream(0, "digits").permutation(len(data.target))
    split = np.empty(len(order), dtype="<U10")
    split[order[:1078]], split[order[1078:1437]], split[order[1437:]] = (
        "train",
        "validation",
        "test",
    )
    pixels = data.data / 16.0
    return (pixels - pixels.mean()) / pixels.std(), data.target, split


def accuracy(probabilities, y, rows):
    return float((probabilities.argmax(axis=1) == y)[rows].mean())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"precision": "bfloat16", "seed": 1},
        {"model": "convnet", "widths": (8, 16), "steps": 400},
    ],
    ids=["mlp", "mlp-bfloat16", "convnet"],
)
def test_digits_are_learned(digits, changes):
    X, y, split = digits
    trained = train_classifier(replace(SETTINGS, **changes), X, y, split, threads=1)
    assert accuracy(trained.probabilities, y, split == "test") > 0.93
    assert trained.probabilities.shape == (len(y), 10)
    assert trained.probabilities.dtype == np.float64
    assert np.abs(trained.probabilities.sum(axis=1) - 1).max() < 1e-12
    # the history's last row is about the model that is returned
    last = trained.history.iloc[-1]
    rows = split == "validation"
    assert last["validation_accuracy"] == pytest.approx(accuracy(trained.probabilities, y, rows))
    log_loss = -np.log(trained.probabilities[rows, y[rows]]).mean()
    assert last["validation_loss"] == pytest.approx(log_loss, rel=1e-5)
    assert trained.history["step"].tolist() == [*range(50, last["step"].astype(int) + 1, 50)]
    assert trained.history["train_loss"].iloc[-1] < trained.history["train_loss"].iloc[0]


def test_no_hidden_layer_is_logistic_regression(digits):
    """Without hidden layers the problem is convex: scikit-learn's optimum is ours as well."""
    X, y, split = digits
    rows, two = split == "train", y < 2
    X, y, split = X[two], y[two], split[two]
    rows = split == "train"
    noisy = y ^ (stream(0, "noise").random(len(y)) < 0.2)  # a finite optimum
    X = X[:, [20, 28, 36]]
    n = int(rows.sum())
    changes = {"widths": (), "dropout": 0.0, "weight_decay": 0.0, "steps": 1500, "batch_size": n}
    settings = replace(SETTINGS, **changes, learning_rate=0.05)
    found = train_classifier(settings, X, noisy, split, threads=1).probabilities[:, 1]
    exact = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X[rows], noisy[rows])
    assert found == pytest.approx(exact.predict_proba(X)[:, 1], abs=2e-5)


def test_same_seed_same_bytes_and_other_seed_other(digits):
    X, y, split = digits
    short = replace(SETTINGS, steps=20, log_every=7)
    one, two = (train_classifier(short, X, y, split, threads=1) for _ in range(2))
    assert one.probabilities.tobytes() == two.probabilities.tobytes()
    pd.testing.assert_frame_equal(one.history, two.history, check_exact=True)
    assert one.history["step"].tolist() == [7, 14, 20]
    other = train_classifier(replace(short, seed=1), X, y, split, threads=1)
    assert other.probabilities.tobytes() != one.probabilities.tobytes()


def test_interrupted_run_tells_its_segments(digits, tmp_path):
    X, y, split = digits
    short = replace(SETTINGS, steps=5, log_every=2)
    segments = []
    with pytest.raises(Interrupted, match="saved at step 1"):
        train_classifier(
            short,
            X,
            y,
            split,
            threads=1,
            checkpoints=Checkpoints(tmp_path),
            segments=segments,
            stop_after_s=0.0,
        )
    assert [s["last_step"] for s in segments] == [1]
    segments = []
    resumed = train_classifier(
        short, X, y, split, threads=1, checkpoints=Checkpoints(tmp_path), segments=segments
    )
    assert [(s["first_step"], s["last_step"]) for s in segments] == [(1, 1), (2, 5)]
    whole = train_classifier(short, X, y, split, threads=1)
    assert resumed.probabilities.tobytes() == whole.probabilities.tobytes()
    pd.testing.assert_frame_equal(resumed.history, whole.history, check_exact=True)


def test_validation_rows_do_not_touch_the_weights(digits):
    X, y, split = digits
    short = replace(SETTINGS, steps=20)
    spoiled = X.copy()
    spoiled[split != "train"] = 0.0
    one = train_classifier(short, X, y, split, threads=1).model.state_dict()
    two = train_classifier(short, spoiled, y, split, threads=1).model.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_looking_does_not_touch_the_weights(digits):
    """Dropout is off while the validation rows are judged, and on again afterwards."""
    X, y, split = digits
    short = replace(SETTINGS, steps=20, dropout=0.5)
    seldom, often = (
        train_classifier(replace(short, log_every=every), X, y, split, threads=1)
        for every in (20, 1)
    )
    assert seldom.probabilities.tobytes() == often.probabilities.tobytes()
    assert (len(seldom.history), len(often.history)) == (1, 20)


def test_progress_is_shown_when_named(digits, capsys):
    X, y, split = digits
    train_classifier(replace(SETTINGS, steps=3), X, y, split, threads=1, label="mlp digits")
    assert "mlp digits" in capsys.readouterr().err


def test_settings_come_from_plain_values():
    values = asdict(SETTINGS) | {"widths": [64]}
    assert build(ClassifierSettings, values) == SETTINGS
    for key, value in [("model", "transformer"), ("device", "tpu"), ("precision", "int8")]:
        with pytest.raises(LemmataError, match=key):
            build(ClassifierSettings, values | {key: value})


def test_data_that_cannot_be_used_is_refused(digits):
    X, y, split = digits
    spoiled = X.copy()
    spoiled[3, 3] = np.nan
    cases = [
        ((X[:-1], y, split), "differ in length"),
        ((X, y, np.full(len(y), "test")), "no row is in train"),
        ((X, y - 1, split), "class numbers"),
        ((X, y.astype(float), split), "class numbers"),
        ((spoiled, y, split), "not finite"),
    ]
    for arguments, message in cases:
        with pytest.raises(LemmataError, match=message):
            train_classifier(SETTINGS, *arguments, threads=1)
    with pytest.raises(LemmataError, match="63 features make no square image"):
        train_classifier(replace(SETTINGS, model="convnet"), X[:, 1:], y, split, threads=1)
