"""Figure of the study official_options of multicalibration."""

from lemmata.calibration.figures.multicalibration.official_options import draw
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    table = read_table(j.input.table)
    write_table(table, j.output.data, j.stamp)
    save_figure(draw(table), [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
