"""The scripts that make predictions, run as jobs: what they write, and what a stop changes."""

import os
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier

from lemmata.provenance.embed import read_stamp
from lemmata.provenance.record import read_record
from lemmata.tables import read_predictions, read_table, write_table
from tests import standin

NETWORK = {
    "dataset": "digits",
    "model": "mlp",
    "widths": [32],
    "dropout": 0.1,
    "steps": 3000,
    "batch_size": 32,
    "learning_rate": 0.001,
    "weight_decay": 0.01,
    "seed": 3,
    "device": "cpu",
    "precision": "float32",
    "log_every": 1000,
    "checkpoint_every": 50,
}
OUTPUTS = {
    "model": "results/model.safetensors",
    "history": "results/history.parquet",
    "predictions": "results/predictions.parquet",
    "record": "results/train.prov.json",
}


def prepared(data, path):
    """A prepared data table: every fifth row is for validation, every fifth for the test."""
    names = [f"x_{d}" for d in range(data.data.shape[1])]
    table = pd.DataFrame(data.data, columns=names)
    part = np.arange(len(table)) % 5
    table.insert(0, "row", np.arange(len(table)))
    table.insert(1, "split", np.select([part == 3, part == 4], ["validation", "test"], "train"))
    table.insert(2, "y", data.target)
    table["g_early"] = table["row"] < 100
    path.parent.mkdir(parents=True)
    write_table(table, path)
    return table


def test_fit_classical(project, tmp_path):
    table = prepared(load_wine(), tmp_path / "results" / "table.parquet")
    done = standin.run(
        project / "workflow/scripts/calibration/fit_classical.py",
        tmp_path,
        input={"table": "results/table.parquet"},
        output={"predictions": OUTPUTS["predictions"], "record": "results/fit.prov.json"},
        cfg={
            "model": "random_forest",
            "dataset": "wine",
            "hyper_parameters": {"n_estimators": 5},
            "seeds": [2, 7],
        },
    )
    assert done.returncode == 0, done.stderr
    found = read_predictions([tmp_path / OUTPUTS["predictions"]])
    X = table.filter(like="x_").to_numpy()
    train, kept = table["split"] == "train", table["split"] != "train"
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    for seed in (2, 7):
        forest = RandomForestClassifier(5, random_state=seed).fit(X[train], table["y"][train])
        rows = found[found["seed"] == seed]
        expected = forest.predict_proba(X[kept])
        assert rows[["p_0", "p_1", "p_2"]].to_numpy() == pytest.approx(expected, abs=1e-12)
        for name in ("row", "split", "y", "g_early"):
            assert rows[name].tolist() == table.loc[kept, name].tolist()
    assert len(found) == 2 * kept.sum()


def test_train_network_stopped_and_run_again(project, tmp_path):
    """SIGTERM ends the job with status 1; run again, it ends with the files of a quiet run."""
    script = project / "workflow/scripts/calibration/train_network.py"
    job = {"input": {"table": "results/table.parquet"}, "output": OUTPUTS, "cfg": NETWORK}
    quiet, stopped = tmp_path / "quiet", tmp_path / "stopped"
    for folder in (quiet, stopped):
        prepared(load_digits(), folder / "results" / "table.parquet")
    done = standin.run(script, quiet, **job)
    assert done.returncode == 0, done.stderr

    errors = terminated(standin.command(script, **job), stopped)
    assert "SIGTERM: saved at step" in errors
    assert not (stopped / OUTPUTS["model"]).exists()
    assert standin.run(script, stopped, **job).returncode == 0
    for name in ("model", "history", "predictions"):
        path = OUTPUTS[name]
        assert (stopped / path).read_bytes() == (quiet / path).read_bytes()
        assert read_stamp(stopped / path)["rule"] == "some_rule"
    first, second = read_record(stopped / OUTPUTS["record"])["segments"]
    assert (first["reason"], second["reason"]) == ("SIGTERM", "finished")
    assert (second["first_step"], second["last_step"]) == (first["last_step"] + 1, 3000)
    assert list((stopped / "results" / ".checkpoints").iterdir()) == []

    assert read_table(quiet / OUTPUTS["history"])["step"].tolist() == [1000, 2000, 3000]
    predictions = read_predictions([quiet / OUTPUTS["predictions"]])
    classes = predictions[[f"p_{k}" for k in range(10)]].to_numpy().argmax(axis=1)
    assert (classes == predictions["y"]).mean() > 0.9
    assert "mlp digits seed 3" in (quiet / "logs" / "job.log").read_text()


def terminated(command, folder):
    """Start a job, send SIGTERM once it has a checkpoint, return what it says on stderr."""
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(folder.glob("results/.checkpoints/*/step-*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    return errors
