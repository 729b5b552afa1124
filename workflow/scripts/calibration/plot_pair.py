"""Binned and smooth reliability diagram of one predictor, with the truth where it is known."""

from lemmata.calibration.figures.diagrams import draw_binned_and_smooth
from lemmata.calibration.pair import pair_tables
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake, TRAINED) as j:
    seed = j.cfg["seed"]
    bins, truth = pair_tables(read_predictions(j.input.predictions), seed, j.cfg["bins"])
    tables = [read_table(path) for path in (j.input.curve, j.input.summary)]
    own = [(t["model"] == j.cfg["model"]) & (t["seed"] == seed) for t in tables]
    curve = tables[0][own[0]].reset_index(drop=True)
    row = tables[1][own[1]].iloc[0]
    figure = draw_binned_and_smooth(bins, curve, row, truth)
    write_table(curve, j.output.data, j.stamp)
    save_figure(figure, [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
