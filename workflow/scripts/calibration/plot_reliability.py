"""Smooth reliability diagrams of all models on one data set, first seed."""

import pandas as pd

from lemmata.calibration.figures.diagrams import draw_models
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    first = {"seed": j.cfg["seed"]}
    tables = [
        {
            model: read_table(path).query("seed == @first['seed']")
            for model, path in zip(j.cfg["models"], paths, strict=True)
        }
        for paths in (j.input.curves, j.input.summaries)
    ]
    data = pd.concat([t.assign(model=model) for model, t in tables[0].items()], ignore_index=True)
    write_table(data, j.output.data, j.stamp)
    figure = draw_models(*tables)
    save_figure(figure, [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
