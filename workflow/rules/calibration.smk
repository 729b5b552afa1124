"""SmoothECE (arXiv 2309.12236) and the stage of post-processing that all families share.

In: prepared tables of the data sets. Out, below <results>/calibration/: a table of predictions for
each data set and model; the studies that test the paper's claims, each with its table, evidence and
figure. And for every table of predictions that PREDICTIONS (common.smk) lists, of whatever family:
SmoothECE, reliability curve and diagram; recalibration, and calibration by group before and after.
"""


include: "common_calibration.smk"


FIGURES["smooth_ece"] = smooth_ece_figures()


rule fit_classical:
    "Predictions of {wildcards.model} on {wildcards.dataset}, all seeds: each fit takes moments."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        predictions="<results>/calibration/{dataset}/{model}/predictions.parquet",
        record="<results>/calibration/{dataset}/{model}/predictions.prov.json",
    log:
        "<logs>/calibration/{dataset}/{model}/fit.log",
    resources:
        mem_mb=more(3000),
        runtime=more(30),
        slots=1,
    params:
        cfg=classical_cfg,
        code=code_of("calibration/fit_classical.py"),
    script:
        "../scripts/calibration/fit_classical.py"


rule train_network:
    "{wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}: resumable, on one thread."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        model="<results>/calibration/{dataset}/{model}/seed{seed}/model.safetensors",
        history="<results>/calibration/{dataset}/{model}/seed{seed}/history.parquet",
        predictions="<results>/calibration/{dataset}/{model}/seed{seed}/predictions.parquet",
        record="<results>/calibration/{dataset}/{model}/seed{seed}/train.prov.json",
    log:
        "<logs>/calibration/{dataset}/{model}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(60),
        gpu=network_gpus,
    params:
        cfg=network_cfg,
        code=code_of("calibration/train_network.py"),
    script:
        "../scripts/calibration/train_network.py"


rule smooth_ece:
    "SmoothECE, binned ECE and reliability curves of every model on {wildcards.dataset}."
    input:
        predictions=predictions_of_all,
    output:
        summary="<results>/{family}/{dataset}/smooth_ece.parquet",
        curve="<results>/{family}/{dataset}/reliability.parquet",
        record="<results>/{family}/{dataset}/smooth_ece.prov.json",
    log:
        "<logs>/{family}/{dataset}/smooth_ece.log",
    priority: LONG - 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
        slots=1,
    params:
        cfg=smooth_ece_cfg,
        code=code_of("calibration/smooth_ece.py"),
    script:
        "../scripts/calibration/smooth_ece.py"


rule plot_reliability:
    "Smooth reliability diagrams of every model on {wildcards.dataset}."
    input:
        curve="<results>/{family}/{dataset}/reliability.parquet",
        summary="<results>/{family}/{dataset}/smooth_ece.parquet",
    output:
        png=report(
            "<results>/{family}/{dataset}/figures/reliability.png",
            caption="../report/reliability.rst",
            category="Reliability diagrams",
            labels={"family": "{family}", "data set": "{dataset}"},
        ),
        svg="<results>/{family}/{dataset}/figures/reliability.svg",
        data="<results>/{family}/{dataset}/figures/reliability.parquet",
        record="<results>/{family}/{dataset}/figures/reliability.prov.json",
    log:
        "<logs>/{family}/{dataset}/reliability.log",
    localrule: True
    params:
        cfg=reliability_cfg,
        code=code_of("calibration/plot_reliability.py"),
    script:
        "../scripts/calibration/plot_reliability.py"


rule plot_pair:
    "Binned and smooth reliability diagram of one predictor, side by side."
    input:
        predictions=predictions_of,
        curve="<results>/{family}/{dataset}/reliability.parquet",
        summary="<results>/{family}/{dataset}/smooth_ece.parquet",
    output:
        png=report(
            "<results>/{family}/{dataset}/{model}/figures/binned_and_smooth.png",
            caption="../report/pair.rst",
            category="Binned and smooth",
            labels={"family": "{family}", "data set": "{dataset}", "model": "{model}"},
        ),
        svg="<results>/{family}/{dataset}/{model}/figures/binned_and_smooth.svg",
        data="<results>/{family}/{dataset}/{model}/figures/binned_and_smooth.parquet",
        record="<results>/{family}/{dataset}/{model}/figures/binned_and_smooth.prov.json",
    log:
        "<logs>/{family}/{dataset}/{model}/binned_and_smooth.log",
    localrule: True
    params:
        cfg=pair_cfg,
        code=code_of("calibration/plot_pair.py"),
    script:
        "../scripts/calibration/plot_pair.py"


rule recalibrate:
    "Recalibration of every model on {wildcards.dataset}, measured by group before and after."
    input:
        predictions=predictions_of_all,
        groups=groups_of,
    output:
        predictions="<results>/{family}/{dataset}/recalibrated/predictions.parquet",
        metrics="<results>/{family}/{dataset}/recalibrated/metrics.parquet",
        summary="<results>/{family}/{dataset}/recalibrated/summary.parquet",
        record="<results>/{family}/{dataset}/recalibrated/recalibrate.prov.json",
    log:
        "<logs>/{family}/{dataset}/recalibrate.log",
    priority: LONG - 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
    params:
        cfg=recalibrate_cfg,
        code=code_of("calibration/recalibrate.py"),
    script:
        "../scripts/calibration/recalibrate.py"


rule plot_recalibration:
    "Calibration of every model on {wildcards.dataset} before and after post-processing."
    input:
        summary="<results>/{family}/{dataset}/recalibrated/summary.parquet",
    output:
        png=report(
            "<results>/{family}/{dataset}/figures/recalibration.png",
            caption="../report/recalibration.rst",
            category="Recalibration",
            labels={"family": "{family}", "data set": "{dataset}"},
        ),
        svg="<results>/{family}/{dataset}/figures/recalibration.svg",
        data="<results>/{family}/{dataset}/figures/recalibration.parquet",
        record="<results>/{family}/{dataset}/figures/recalibration.prov.json",
    log:
        "<logs>/{family}/{dataset}/recalibration.log",
    localrule: True
    params:
        cfg=slice_of(dpi="figures.dpi"),
        code=code_of("calibration/plot_recalibration.py"),
    script:
        "../scripts/calibration/plot_recalibration.py"


rule study:
    "Study {wildcards.study} of SmoothECE: the numbers, and the evidence for its claim."
    input:
        predictions=study_predictions,
    output:
        table="<results>/calibration/studies/{study}/table.parquet",
        evidence="<results>/calibration/studies/{study}/evidence.parquet",
        record="<results>/calibration/studies/{study}/study.prov.json",
    log:
        "<logs>/calibration/studies/{study}/study.log",
    resources:
        mem_mb=more(4000),
        runtime=more(30),
    params:
        cfg=study_cfg,
        code=lambda wc: code_of(f"calibration/studies/{wc.study}.py"),
    script:
        "../scripts/calibration/studies/{wildcards.study}.py"


rule plot_study:
    "Figure of the study {wildcards.study}."
    input:
        table="<results>/calibration/studies/{study}/table.parquet",
    output:
        png=report(
            "<results>/calibration/studies/{study}/figures/{study}.png",
            caption="../report/study.rst",
            category="SmoothECE",
            labels={"study": "{study}"},
        ),
        svg="<results>/calibration/studies/{study}/figures/{study}.svg",
        data="<results>/calibration/studies/{study}/figures/{study}.parquet",
        record="<results>/calibration/studies/{study}/figures/{study}.prov.json",
    log:
        "<logs>/calibration/studies/{study}/plot.log",
    localrule: True
    params:
        cfg=slice_of(dpi="figures.dpi"),
        code=lambda wc: code_of(f"calibration/figures/{wc.study}.py"),
    script:
        "../scripts/calibration/figures/{wildcards.study}.py"
