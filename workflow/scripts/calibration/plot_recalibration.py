"""Calibration of all models on one data set, before and after recalibration."""

from lemmata.calibration.figures.multicalibration.recalibration import draw
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    data = read_table(j.input.summary)
    write_table(data, j.output.data, j.stamp)
    save_figure(draw(data), [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
