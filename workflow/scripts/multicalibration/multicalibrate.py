"""Every post-processor on the base predictions of one model, and what validation rows choose."""

from lemmata.calibration.multicalibration.evaluate import Measures, evaluate
from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.selection import select
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake, TRAINED) as j:
    base, groups = read_predictions(j.input.predictions), read_table(j.input.groups)
    settings = settings_of(j.cfg["post_processors"])
    measures = build(Measures, j.cfg["measures"])
    sizes, reuse = j.cfg["sizes"], j.cfg["reuse"]
    metrics, predictions = evaluate(base, groups, settings, measures, sizes, reuse, tell=print)
    selected = select(base, groups, metrics, predictions, measures, sizes, tell=print)
    write_table(metrics, j.output.metrics, j.stamp)
    write_table(selected, j.output.selected, j.stamp)
