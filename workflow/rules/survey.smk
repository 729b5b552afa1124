"""The periodic survey of opinions (arXiv 2312.09323): editions that add up, and what moved.

In: config/survey/questions.yaml and one folder an edition. Out, below <results>/survey/: each
edition checked (answers, shares, measures) with its page; the branches real and synthetic, all
editions of each beside each other, with figures; studies, the evidence for the claims.
"""


include: "common_survey.smk"


FIGURES["opinion_survey"] = survey_figures()


wildcard_constraints:
    branch="|".join(BRANCHES),
    edition="|".join(BRANCH_OF),


rule simulate_edition:
    "SYNTHETIC responses of {wildcards.edition}."
    output:
        responses="<results>/survey/simulated/{edition}.json",
        record="<results>/survey/simulated/{edition}.prov.json",
    log:
        "<logs>/survey/simulated/{edition}.log",
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
        slots=1,
    params:
        cfg=simulated_cfg,
        code=code_of("survey/simulate.py"),
    script:
        "../scripts/survey/simulate.py"


rule ingest_edition:
    "Edition {wildcards.edition}: checked, and what its questions come to."
    input:
        files=edition_files,
    output:
        answers="<results>/survey/{edition}/answers.parquet",
        shares="<results>/survey/{edition}/shares.parquet",
        measures="<results>/survey/{edition}/measures.parquet",
        codes="<results>/survey/{edition}/codes.parquet",
        record="<results>/survey/{edition}/ingest.prov.json",
    log:
        "<logs>/survey/{edition}/ingest.log",
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
        slots=1,
    params:
        cfg=edition_cfg,
        code=code_of("survey/ingest.py"),
    script:
        "../scripts/survey/ingest.py"


rule compare_editions:
    "All {wildcards.branch} editions beside each other."
    input:
        answers=of_branch("answers"),
        shares=of_branch("shares"),
        measures=of_branch("measures"),
    output:
        **{
            name: f"<results>/survey/{{branch}}/{name}.parquet"
            for name in ("moved", "turnover", "shares", STATEMENTS, *COMPARED)
        },
        record="<results>/survey/{branch}/compare.prov.json",
    log:
        "<logs>/survey/{branch}/compare.log",
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(15),
        slots=1,
    params:
        cfg=branch_cfg,
        code=code_of("survey/compare.py"),
    script:
        "../scripts/survey/compare.py"


rule study_published:
    "What the published aggregates show at the pipeline's end."
    input:
        aggregates=published_files,
        shares="<results>/survey/real/shares.parquet",
        predicted="<results>/survey/real/predicted.parquet",
        moved="<results>/survey/real/moved.parquet",
    output:
        table="<results>/survey/studies/published/table.parquet",
        evidence="<results>/survey/studies/published/evidence.parquet",
        record="<results>/survey/studies/published/study.prov.json",
    log:
        "<logs>/survey/studies/published.log",
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
        slots=1,
    params:
        cfg=canonical({"level": SURVEY["level"]}),
        code=code_of("survey/studies/published.py"),
    script:
        "../scripts/survey/studies/published.py"


rule study_survey:
    "Study {wildcards.study} of the survey's own procedures."
    output:
        table="<results>/survey/studies/{study}/table.parquet",
        evidence="<results>/survey/studies/{study}/evidence.parquet",
        record="<results>/survey/studies/{study}/study.prov.json",
    log:
        "<logs>/survey/studies/{study}.log",
    wildcard_constraints:
        study="procedures|instrument",
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(30),
        slots=1,
    params:
        cfg=lambda wc: procedures_cfg(wc) if wc.study == "procedures" else instrument_cfg(wc),
        code=lambda wc: code_of(f"survey/studies/{wc.study}.py"),
    script:
        "../scripts/survey/studies/{wildcards.study}.py"


rule plot_survey:
    "Figure {wildcards.figure} of {wildcards.branch} editions."
    input:
        table=lambda wc: (
            "<results>/survey/studies/procedures/table.parquet"
            if wc.figure == "procedures"
            else f"<results>/survey/{wc.branch}/{wc.figure}.parquet"
        ),
    output:
        png=report(
            "<results>/survey/{branch}/figures/{figure}.png",
            caption="../report/survey.rst",
            category="Survey",
            labels={"figure": "{figure}, {branch}"},
        ),
        svg="<results>/survey/{branch}/figures/{figure}.svg",
        data="<results>/survey/{branch}/figures/{figure}.parquet",
        record="<results>/survey/{branch}/figures/{figure}.prov.json",
    log:
        "<logs>/survey/{branch}/{figure}.log",
    wildcard_constraints:
        branch="real|synthetic|procedures",
        figure="|".join((*COMPARED, STATEMENTS, "procedures")),
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"survey/figures/{wc.figure}.py"),
    script:
        "../scripts/survey/figures/{wildcards.figure}.py"


rule edition_page:
    "The page of edition {wildcards.edition}, an issue of its series."
    input:
        **{kind: of_issues(kind) for kind in INGESTED},
    output:
        html=report(
            "<results>/survey/{edition}/page.html",
            caption="../report/survey_page.rst",
            category="Survey editions",
            labels={"edition": "{edition}"},
        ),
        record="<results>/survey/{edition}/page.prov.json",
    log:
        "<logs>/survey/{edition}/page.log",
    localrule: True
    params:
        cfg=page_cfg,
        code=code_of("survey/page.py"),
    script:
        "../scripts/survey/page.py"
