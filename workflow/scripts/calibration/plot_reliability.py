"""Smooth reliability diagrams of all models on one data set, one seed."""

from lemmata.calibration.figures.diagrams import draw_models
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    tables = (read_table(path) for path in (j.input.curve, j.input.summary))
    curves, summaries = (table[table["seed"] == j.cfg["seed"]] for table in tables)
    write_table(curves.reset_index(drop=True), j.output.data, j.stamp)
    parts = (dict(iter(table.groupby("model", sort=False))) for table in (curves, summaries))
    save_figure(
        draw_models(*parts), [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data
    )
