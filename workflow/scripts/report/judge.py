"""Judge one claim by its evidence tables."""

from pathlib import Path

from lemmata.claims import claim_from, judge, to_json
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table

with job(snakemake, TRAINED) as j:
    tables = zip(j.cfg["tables"], j.input.evidence, strict=True)
    evidence = {table: read_table(path).to_dict("records") for table, path in tables}
    judged = judge(claim_from(j.cfg["claim"]), evidence, j.cfg["scale"])
    Path(j.output.claim).write_text(to_json(judged), encoding="utf-8")
