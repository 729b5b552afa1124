"""Base predictions of an MLP on one data set for one seed, every fraction: resumable."""

from lemmata.calibration.multicalibration.base_models import base_predictions, design_of
from lemmata.calibration.multicalibration.base_networks import BaseNetworkSettings, network_fit
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    fit = network_fit(
        build(BaseNetworkSettings, j.cfg["settings"]),
        threads=j.threads,
        gpus=j.gpus,
        checkpoints=j.checkpoints,
        segments=j.segments,
        stop_after_s=j.stop_after_s,
        name=f"{j.cfg['model']} {j.cfg['dataset']}",
    )
    design, seeds = design_of(j.cfg["design"]), j.cfg["seeds"]
    predictions = base_predictions(
        read_table(j.input.table), fit, design, seeds, only=j.cfg["seed"]
    )
    write_table(predictions, j.output.predictions, j.stamp)
