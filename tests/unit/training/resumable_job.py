"""A small training job for test_resume.py: run to the end, or cut off where the arguments say.

python resumable_job.py DEVICE FOLDER [SIGNAL STEP | save STEP]
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from lemmata.errors import LemmataError
from lemmata.tables import write_table
from lemmata.training import checkpoint, classifier
from lemmata.training.batches import stream
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.classifier import ClassifierSettings, train_classifier
from lemmata.training.weights import save_weights

STEPS = 60
OUTPUTS = ("model.safetensors", "history.parquet")
SETTINGS = ClassifierSettings(
    model="mlp",
    widths=(16, 16),
    dropout=0.2,
    steps=STEPS,
    batch_size=16,
    learning_rate=0.01,
    weight_decay=0.01,
    seed=5,
    device="cpu",
    precision="float32",
    log_every=7,
    checkpoint_every=4,
)


def work(device: str, folder: Path) -> None:
    """Train on random labels and write weights and history into `folder`."""
    generator = stream(0, "rows")
    X, y = generator.normal(size=(100, 9)), generator.integers(0, 3, 100)
    split = generator.choice(["train", "validation"], 100)
    saved = Checkpoints(folder / "checkpoints")
    settings = replace(SETTINGS, device=device)
    trained = train_classifier(settings, X, y, split, threads=1, checkpoints=saved)
    save_weights(trained.model, folder / OUTPUTS[0], {"rule": "test"})
    write_table(trained.history, folder / OUTPUTS[1])


def cut_at_step(name: str, at: int) -> None:
    """Send ourselves a signal in the middle of step `at`."""
    draw = classifier.batch_indices

    def batch_indices(seed, step, n, batch_size):
        if step == at:
            os.kill(os.getpid(), getattr(signal, name))
        return draw(seed, step, n, batch_size)

    classifier.batch_indices = batch_indices


def cut_in_save(at: int) -> None:
    """Die after the checkpoint of step `at` is written and before it has its name."""
    finish = checkpoint.publish

    def publish(temporary, final):
        if final.name.startswith(f"step-{at:08d}"):
            os.kill(os.getpid(), signal.SIGKILL)
        finish(temporary, final)

    checkpoint.publish = publish


if __name__ == "__main__":
    device, folder, *cut = sys.argv[1:]
    if cut and cut[0] == "save":
        cut_in_save(int(cut[1]))
    elif cut:
        cut_at_step(cut[0], int(cut[1]))
    try:
        work(device, Path(folder))
    except LemmataError as error:
        sys.exit(str(error))
