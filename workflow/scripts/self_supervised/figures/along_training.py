"""Figure along_training of self-supervised training."""

from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.self_supervised.figures.along_training import draw
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    data = read_table(j.input.table)
    write_table(data, j.output.data, j.stamp)
    fig = draw(data)
    save_figure(fig, [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
