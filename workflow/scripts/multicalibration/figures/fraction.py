"""Figure fraction of the multicalibration study on one data set."""

import pandas as pd

from lemmata.calibration.figures.multicalibration.fraction import draw
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    tables = zip(j.cfg["models"], j.input.selected, strict=True)
    data = pd.concat([read_table(path).assign(model=m) for m, path in tables], ignore_index=True)
    write_table(data, j.output.data, j.stamp)
    save_figure(draw(data), [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
