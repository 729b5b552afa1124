"""Three finished jobs in a row: raw file, table, figure."""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib as mpl
import pytest

from tests import standin

RAW = """
from pathlib import Path
from lemmata.provenance.job import job
with job(snakemake) as j:
    Path(j.output.file).write_text("x,y\\n1,2\\n")
"""
TABLE = """
import pandas as pd
from lemmata.provenance.job import job
from lemmata.tables import write_table
with job(snakemake) as j:
    write_table(pd.read_csv(j.input.raw), j.output.table, j.stamp)
"""
FIGURE = """
import matplotlib.pyplot as plt
from lemmata.plotting import save_figure
from lemmata.provenance.job import job
from lemmata.tables import read_table, write_table
with job(snakemake) as j:
    fig, ax = plt.subplots()
    ax.plot(read_table(j.input.table)["x"])
    write_table(read_table(j.input.table), j.output.data, j.stamp)
    save_figure(fig, [j.output.png, j.output.svg], j.stamp, table=j.output.data)
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three jobs in a row: raw file, table, figure."""
    folder = tmp_path_factory.mktemp("lineage")
    (folder / "scripts").mkdir()
    (folder / "results" / "figures").mkdir(parents=True)
    (folder / "resources").mkdir()
    mpl.use("Agg")
    steps = [
        ("raw", RAW, {}, {"file": "resources/raw.csv", "record": "resources/raw.csv.prov.json"}),
        (
            "table",
            TABLE,
            {"raw": "resources/raw.csv"},
            {"table": "results/t.parquet", "record": "results/t.prov.json"},
        ),
        (
            "figure",
            FIGURE,
            {"table": "results/t.parquet"},
            {
                "png": "results/figures/f.png",
                "svg": "results/figures/f.svg",
                "data": "results/figures/f.parquet",
                "record": "results/figures/f.prov.json",
            },
        ),
    ]
    for rule, text, inputs, outputs in steps:
        script = folder / "scripts" / f"{rule}.py"
        script.write_text(text)
        done = standin.run(script, folder, rule=rule, input=inputs, output=outputs)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def tree(finished: Path, tmp_path: Path) -> Path:
    """A copy to spoil; elsewhere than where it was made, on purpose."""
    return Path(shutil.copytree(finished, tmp_path / "moved"))
