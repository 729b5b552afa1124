"""One SYNTHETIC edition's responses, in the form's own format."""

import json
from pathlib import Path

from lemmata.config import build
from lemmata.provenance.job import FLOAT64, job
from lemmata.survey.simulate import simulated_responses
from lemmata.survey.simulated import Design

with job(snakemake, FLOAT64) as j:
    responses = simulated_responses(build(Design, j.cfg["design"]), j.cfg["number"])
    text = json.dumps(responses, sort_keys=True)
    Path(j.output.responses).write_text(text, encoding="utf-8")
