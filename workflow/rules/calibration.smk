"""SmoothECE (arXiv 2309.12236): models, their predictions, their calibration, and the studies.

In: prepared tables of the data sets. Out, below <results>/calibration/: a table of predictions for
each data set and model; SmoothECE, reliability curve and diagram of each; the studies that test the
paper's claims, each with its table, evidence and figure.
"""


rule fit_classical:
    "Predictions of {wildcards.model} on {wildcards.dataset}, all seeds: each fit takes moments."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        predictions="<results>/calibration/{dataset}/{model}/predictions.parquet",
        record="<results>/calibration/{dataset}/{model}/predictions.prov.json",
    log:
        "<logs>/calibration/{dataset}/{model}/fit.log",
    params:
        cfg=slice_of(
            "model",
            "dataset",
            hyper_parameters="calibration.classical.{model}",
            seeds="calibration.seeds",
        ),
        code=code_of("calibration/fit_classical.py"),
    resources:
        mem_mb=3000,
        runtime=30,
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
    params:
        cfg=network_cfg,
        code=code_of("calibration/train_network.py"),
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    script:
        "../scripts/calibration/train_network.py"


rule smooth_ece:
    "SmoothECE, binned ECE and the reliability curve of one model's predictions."
    input:
        predictions=predictions_of,
    output:
        summary="<results>/{family}/{dataset}/{model}/smooth_ece.parquet",
        curve="<results>/{family}/{dataset}/{model}/reliability.parquet",
        record="<results>/{family}/{dataset}/{model}/smooth_ece.prov.json",
    log:
        "<logs>/{family}/{dataset}/{model}/smooth_ece.log",
    params:
        cfg=slice_of(settings="calibration.smooth_ece"),
        code=code_of("calibration/smooth_ece.py"),
    resources:
        mem_mb=3000,
        runtime=20,
    script:
        "../scripts/calibration/smooth_ece.py"
