"""Multicalibration post-processing (arXiv 2406.06487): base models, post-processors, studies.

In: prepared tables and the groups of their rows. Out, below <results>/multicalibration/: base
predictions of each data set and model, which no post-processor changes; measures by group of every
post-processor on them, with what validation rows choose; figures, studies and evidence.
"""


include: "common_multicalibration.smk"


FIGURES["multicalibration"] = [
    *expand("<results>/multicalibration/{d}/figures/{f}.png", d=REAL, f=STUDY_FIGURES),
    *expand("<results>/multicalibration/studies/{s}/figures/{s}.png", s=ANALYSES),
    "<results>/multicalibration/studies/real_data/figures/data_size.png",
]


rule fit_base:
    "Base predictions of {wildcards.model} on {wildcards.dataset}, every seed and fraction."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        predictions="<results>/multicalibration/{dataset}/{model}/predictions.parquet",
        record="<results>/multicalibration/{dataset}/{model}/predictions.prov.json",
    log:
        "<logs>/multicalibration/{dataset}/{model}/fit.log",
    resources:
        mem_mb=more(4000),
        runtime=more(60),
    params:
        cfg=base_cfg,
        code=code_of("multicalibration/fit_base.py"),
    script:
        "../scripts/multicalibration/fit_base.py"


rule train_base:
    "Base predictions of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}: resumable."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        predictions="<results>/multicalibration/{dataset}/{model}/seed{seed}/predictions.parquet",
        record="<results>/multicalibration/{dataset}/{model}/seed{seed}/predictions.prov.json",
    log:
        "<logs>/multicalibration/{dataset}/{model}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(60),
        gpu=base_gpus,
    params:
        cfg=base_network_cfg,
        code=code_of("multicalibration/train_base.py"),
    script:
        "../scripts/multicalibration/train_base.py"


rule multicalibrate:
    "Every post-processor on {wildcards.model} of {wildcards.dataset}, by group; what is chosen."
    input:
        predictions=base_predictions,
        groups="<results>/data/{dataset}/groups.parquet",
    output:
        metrics="<results>/multicalibration/{dataset}/{model}/metrics.parquet",
        selected="<results>/multicalibration/{dataset}/{model}/selected.parquet",
        record="<results>/multicalibration/{dataset}/{model}/multicalibrate.prov.json",
    log:
        "<logs>/multicalibration/{dataset}/{model}/multicalibrate.log",
    priority: LONG
    resources:
        mem_mb=more(4000),
        runtime=more(120),
    params:
        cfg=multicalibrate_cfg,
        code=code_of("multicalibration/multicalibrate.py"),
    script:
        "../scripts/multicalibration/multicalibrate.py"


rule plot_multicalibration:
    "Figure {wildcards.figure} of the study on {wildcards.dataset}."
    input:
        metrics=study_tables("metrics"),
        selected=study_tables("selected"),
    output:
        png=report(
            "<results>/multicalibration/{dataset}/figures/{figure}.png",
            caption="../report/multicalibration.rst",
            category="Multicalibration",
            labels={"data set": "{dataset}", "figure": "{figure}"},
        ),
        svg="<results>/multicalibration/{dataset}/figures/{figure}.svg",
        data="<results>/multicalibration/{dataset}/figures/{figure}.parquet",
        record="<results>/multicalibration/{dataset}/figures/{figure}.prov.json",
    log:
        "<logs>/multicalibration/{dataset}/{figure}.log",
    localrule: True
    params:
        cfg=multicalibration_figure_cfg,
        code=lambda wc: code_of(f"multicalibration/figures/{wc.figure}.py"),
    script:
        "../scripts/multicalibration/figures/{wildcards.figure}.py"


rule analyse:
    "Study {wildcards.study} of multicalibration: the numbers, and the evidence for its claims."
    input:
        unpack(analysis_inputs),
    output:
        table="<results>/multicalibration/studies/{study}/table.parquet",
        evidence="<results>/multicalibration/studies/{study}/evidence.parquet",
        record="<results>/multicalibration/studies/{study}/study.prov.json",
    log:
        "<logs>/multicalibration/studies/{study}/study.log",
    resources:
        mem_mb=more(4000),
        runtime=more(60),
    params:
        cfg=analysis_cfg,
        code=lambda wc: code_of(f"multicalibration/studies/{wc.study}.py"),
    script:
        "../scripts/multicalibration/studies/{wildcards.study}.py"


rule plot_analysis:
    "Figure of the study {wildcards.study} of multicalibration."
    input:
        table="<results>/multicalibration/studies/{study}/table.parquet",
    output:
        png=report(
            "<results>/multicalibration/studies/{study}/figures/{study}.png",
            caption="../report/analysis.rst",
            category="Multicalibration",
            labels={"study": "{study}"},
        ),
        svg="<results>/multicalibration/studies/{study}/figures/{study}.svg",
        data="<results>/multicalibration/studies/{study}/figures/{study}.parquet",
        record="<results>/multicalibration/studies/{study}/figures/{study}.prov.json",
    log:
        "<logs>/multicalibration/studies/{study}/plot.log",
    localrule: True
    params:
        cfg=slice_of(dpi="figures.dpi"),
        code=lambda wc: code_of(f"multicalibration/figures/{wc.study}.py"),
    script:
        "../scripts/multicalibration/figures/{wildcards.study}.py"


rule plot_data_size:
    "Size of the data sets against the worst group's SmoothECE."
    input:
        table="<results>/multicalibration/studies/real_data/table.parquet",
    output:
        png=report(
            "<results>/multicalibration/studies/real_data/figures/data_size.png",
            caption="../report/data_size.rst",
            category="Multicalibration",
            labels={"study": "data_size"},
        ),
        svg="<results>/multicalibration/studies/real_data/figures/data_size.svg",
        data="<results>/multicalibration/studies/real_data/figures/data_size.parquet",
        record="<results>/multicalibration/studies/real_data/figures/data_size.prov.json",
    log:
        "<logs>/multicalibration/studies/real_data/data_size.log",
    localrule: True
    params:
        cfg=slice_of(dpi="figures.dpi"),
        code=code_of("multicalibration/figures/data_size.py"),
    script:
        "../scripts/multicalibration/figures/data_size.py"
