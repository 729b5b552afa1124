"""Judge one claim by its evidence tables."""

from pathlib import Path

from lemmata.claims import claim_from, judge, to_json
from lemmata.evidence import read_evidence
from lemmata.provenance.job import TRAINED, job

with job(snakemake, TRAINED) as j:
    tables = zip(j.cfg["tables"], j.input.evidence, strict=True)
    evidence = {table: read_evidence(path) for table, path in tables}
    judged = judge(claim_from(j.cfg["claim"]), evidence, j.cfg["scale"])
    Path(j.output.claim).write_text(to_json(judged), encoding="utf-8")
