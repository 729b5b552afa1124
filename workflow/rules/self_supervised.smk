"""Self-supervised learning (arXiv 2407.03475, 2312.04000): deep linear networks, metrics.

Out, below <results>/self_supervised/: studies of linear JEPA and MAE, and of metrics of
representations where the truth is known; each with table, evidence and figures.
"""


include: "common_self_supervised.smk"


FIGURES["noisy_features"] = self_supervised_figures(NOISY_FEATURES)
FIGURES["lidar"] = self_supervised_figures(LIDAR)


rule study_self_supervised:
    "Study {wildcards.study} of self-supervised learning: the numbers, the evidence for its claims."
    output:
        table="<results>/self_supervised/studies/{study}/table.parquet",
        evidence="<results>/self_supervised/studies/{study}/evidence.parquet",
        record="<results>/self_supervised/studies/{study}/study.prov.json",
    log:
        "<logs>/self_supervised/studies/{study}.log",
    wildcard_constraints:
        study="|".join(EXACT_STUDIES),
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
        gpu=self_supervised_gpus,
    params:
        cfg=self_supervised_cfg,
        code=lambda wc: code_of(f"self_supervised/studies/{wc.study}.py"),
    script:
        "../scripts/self_supervised/studies/{wildcards.study}.py"


rule plot_self_supervised:
    "Figure {wildcards.figure} of self-supervised learning."
    input:
        table=self_supervised_table,
    output:
        png=report(
            "<results>/self_supervised/figures/{figure}.png",
            caption="../report/self_supervised.rst",
            category="Self-supervised learning",
            labels={"figure": "{figure}"},
        ),
        svg="<results>/self_supervised/figures/{figure}.svg",
        data="<results>/self_supervised/figures/{figure}.parquet",
        record="<results>/self_supervised/figures/{figure}.prov.json",
    log:
        "<logs>/self_supervised/figures/{figure}.log",
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"self_supervised/figures/{wc.figure}.py"),
    script:
        "../scripts/self_supervised/figures/{wildcards.figure}.py"
