"""Figure groups of the multicalibration study on one data set."""

from lemmata.calibration.figures.multicalibration.groups import draw
from lemmata.calibration.multicalibration.selection import group_rows
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    metrics, selected = (
        {model: read_table(path) for model, path in zip(j.cfg["models"], paths, strict=True)}
        for paths in (j.input.metrics, j.input.selected)
    )
    data = group_rows(metrics, selected)
    write_table(data, j.output.data, j.stamp)
    save_figure(draw(data), [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
