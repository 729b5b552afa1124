"""lemmata: ten papers, from data to figure. Loads the configuration, includes the rules."""

import atexit
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

from lemmata.cluster.engine import spare_looks
from lemmata.cluster.failures import watch
from lemmata.cluster.zygote import fork_jobs
from lemmata.config import load_config
from lemmata.errors import LemmataError
from lemmata.provenance import known_code
from lemmata.provenance.environment import tell_command

min_version("9.27")


container: "envs/lemmata.sif"  # built by envs/lemmata.def; used with --sdm apptainer only


configfile: "config/config.yaml"


ROOT = Path(str(workflow.current_basedir))
try:
    CONFIG = load_config(config, ROOT)
except LemmataError as error:
    raise SystemExit(f"lemmata: {error}")


pathvars:
    results=f"results/{CONFIG['scale']}",
    logs=f"logs/{CONFIG['scale']}",


known_code.look_up()


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/calibration.smk"
include: "workflow/rules/multicalibration.smk"
include: "workflow/rules/length_generalization.smk"
include: "workflow/rules/diffusion.smk"
include: "workflow/rules/survey.smk"
include: "workflow/rules/reinforcement_finetuning.smk"
include: "workflow/rules/self_supervised.smk"
include: "workflow/rules/finetuned_language_models.smk"
include: "workflow/rules/self_supervised_training.smk"
include: "workflow/rules/report.smk"


tell_command()
FAILURES = watch(logger)
atexit.register(known_code.keep)  # also after a dry run


onstart:
    known_code.keep()
    spare_looks(workflow)
    fork_jobs(workflow)


onerror:
    logger.error(FAILURES.text())


rule all:
    "Every figure and claim of the papers that the configuration selects."
    default_target: True
    input:
        figures_of_papers(),
        rules.claims_table.output.html,
