"""Figure accuracy of the multicalibration study on one data set."""

import pandas as pd

from lemmata.calibration.figures.multicalibration.accuracy import draw, setting_means
from lemmata.calibration.multicalibration.selection import settings_on_test
from lemmata.plotting import save_figure
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    models = j.cfg["models"]
    metrics = dict(zip(models, j.input.metrics, strict=True))
    data = setting_means({m: settings_on_test(read_table(path)) for m, path in metrics.items()})
    tables = zip(models, j.input.selected, strict=True)
    selected = pd.concat([read_table(path).assign(model=m) for m, path in tables])
    write_table(data, j.output.data, j.stamp)
    figure = draw(data, selected)
    save_figure(figure, [j.output.png, j.output.svg], j.stamp, j.cfg["dpi"], j.output.data)
