"""The table of judged claims, as a page and as CSV."""

import json
from pathlib import Path

from lemmata.provenance.content import stamped_page
from lemmata.provenance.job import TRAINED, job
from lemmata.report.claims_table import claims_rows, claims_table_html

with job(snakemake, TRAINED) as j:
    judged = [json.loads(Path(path).read_text(encoding="utf-8")) for path in j.input.claims]
    page = claims_table_html(judged, j.cfg["scale"], j.cfg["records"])
    Path(j.output.html).write_text(stamped_page(page, j.stamp), encoding="utf-8")
    claims_rows(judged).to_csv(j.output.csv, index=False, lineterminator="\n")
