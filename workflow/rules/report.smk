"""Claims judged by their evidence, and the table of all claims.

In: evidence tables of the analyses (statistic, value, lower, upper, n) and config/claims.yaml.
Out: <results>/claims/<claim>.json, and the table as HTML and CSV in <results>/report/.
"""

from lemmata.lineage.report_directives import register

# The captions' directives `provenance` and `overview`: they read the records of this scale.
register(f"results/{CONFIG['scale']}", [ALL_CLAIMS[name] for name in CLAIMS])


report: "../report/workflow.rst"


rule judge:
    "Verdict on claim {wildcards.claim}."
    input:
        evidence=evidence_of,
    output:
        claim="<results>/claims/{claim}.json",
        record="<results>/claims/{claim}.prov.json",
    log:
        "<logs>/claims/{claim}.log",
    wildcard_constraints:
        claim=r"[a-z0-9_]+\.[a-z0-9_]+",
    localrule: True
    params:
        cfg=claim_cfg,
        code=code_of("report/judge.py"),
    script:
        "../scripts/report/judge.py"


rule claims_table:
    "Every claim with its verdict, criterion, figure and evidence."
    input:
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        html=report(
            "<results>/report/claims.html",
            caption="../report/claims.rst",
            category="Claims",
            labels={"table": "all claims"},
        ),
        csv="<results>/report/claims.csv",
        record="<results>/report/claims.prov.json",
    log:
        "<logs>/report/claims.log",
    localrule: True
    params:
        cfg=claims_table_cfg,
        code=code_of("report/claims_table.py"),
    script:
        "../scripts/report/claims_table.py"
