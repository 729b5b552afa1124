"""Trained encoders (arXiv 2312.04000, 2407.03475): methods, sweeps, probes, label-free metrics.

Out, below <results>/self_supervised/<images>/: for every bundle of runs and every seed the
encoders with their history, then their measures; studies with table, evidence and figures. A job
trains a bundle for one seed: a small encoder takes seconds, and a process two to start. So a new
seed trains that seed, and a new value of a sweep its bundle; where runs are long, `together` is
empty and each point of a sweep has a job of its own. Encoders are measured in jobs of their own, so
that metrics and probes can change without training again.
"""


include: "common_self_supervised_training.smk"


FIGURES["lidar"] = FIGURES["lidar"] + selection_figures()
FIGURES["noisy_features"] = FIGURES["noisy_features"] + bridge_figures()


wildcard_constraints:
    images="|".join(SSL_IMAGES),
    bundle="[a-z0-9_]+",


rule list_images:
    "Every image of the folder that the configuration names: class, split, size and sha256."
    output:
        listing="<results>/self_supervised/folder/listing.parquet",
        record="<results>/self_supervised/folder/listing.prov.json",
    log:
        "<logs>/self_supervised/folder/listing.log",
    resources:
        mem_mb=more(8000),
        runtime=more(240),
        mirror=lambda wc: TRAINED["folder"]["path"],
    params:
        cfg=listing_cfg,
        code=code_of("self_supervised/list_images.py"),
    script:
        "../scripts/self_supervised/list_images.py"


rule train_encoders:
    "Bundle {wildcards.bundle} of encoders on {wildcards.images}, seed {wildcards.seed}: resumable."
    input:
        table=ssl_table,
    output:
        models="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/models.safetensors",
        history="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/history.parquet",
        record="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/train.prov.json",
    log:
        "<logs>/self_supervised/{images}/{bundle}/seed{seed}_train.log",
    priority: lambda wc: LONG + len(ssl_runs(wc))
    threads: lambda wc: TRAINED["folder"]["threads"] if wc.images == FOLDER else 1
    resources:
        mem_mb=more(8000),
        runtime=more(1440),
        gpu=ssl_gpus,
        mirror=folder_of,
    params:
        cfg=ssl_cfg,
        code=code_of("self_supervised/train_encoders.py"),
    script:
        "../scripts/self_supervised/train_encoders.py"


rule measure_encoders:
    "Probes and label-free metrics of bundle {wildcards.bundle} on {wildcards.images}, seed {wildcards.seed}."
    input:
        table=ssl_table,
        models="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/models.safetensors",
        history="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/history.parquet",
    output:
        measures="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/measures.parquet",
        along="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/along.parquet",
        predictions="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/predictions.parquet",
        record="<results>/self_supervised/{images}/runs/{bundle}/seed{seed}/measure.prov.json",
    log:
        "<logs>/self_supervised/{images}/{bundle}/seed{seed}_measure.log",
    priority: LONG
    threads: lambda wc: TRAINED["folder"]["threads"] if wc.images == FOLDER else 1
    resources:
        mem_mb=more(8000),
        runtime=more(240),
        gpu=ssl_gpus,
        mirror=folder_of,
    params:
        cfg=measured_cfg,
        code=code_of("self_supervised/measure_encoders.py"),
    script:
        "../scripts/self_supervised/measure_encoders.py"


rule probe_predictions:
    "What the probes of every method on {wildcards.images} predict: one common table a method."
    input:
        predictions=probe_files,
    output:
        tables=[
            f"<results>/self_supervised/{{images}}/{method}_probe.parquet"
            for method in JUDGED_PROBES
        ],
        record="<results>/self_supervised/{images}/probes.prov.json",
    log:
        "<logs>/self_supervised/{images}/probes.log",
    resources:
        mem_mb=more(4000),
        runtime=more(30),
        slots=1,
    params:
        cfg=canonical({"methods": JUDGED_PROBES}),
        code=code_of("self_supervised/probe_predictions.py"),
    script:
        "../scripts/self_supervised/probe_predictions.py"


rule study_selection:
    "How metrics without labels rank the encoders of the sweeps on {wildcards.images}."
    input:
        measures=lambda wc: ssl_files(wc.images, "measures.parquet"),
    output:
        table="<results>/self_supervised/{images}/selection/table.parquet",
        evidence="<results>/self_supervised/{images}/selection/evidence.parquet",
        record="<results>/self_supervised/{images}/selection/study.prov.json",
    log:
        "<logs>/self_supervised/{images}/selection.log",
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        cfg=canonical(TRAINED["selection"]),
        code=code_of("self_supervised/studies/selection.py"),
    script:
        "../scripts/self_supervised/studies/selection.py"


rule study_along_training:
    "Label-free metrics and the probe along each method's training on {wildcards.images}."
    input:
        measures=along_files,
    output:
        table="<results>/self_supervised/{images}/along_training/table.parquet",
        evidence="<results>/self_supervised/{images}/along_training/evidence.parquet",
        record="<results>/self_supervised/{images}/along_training/study.prov.json",
    log:
        "<logs>/self_supervised/{images}/along_training.log",
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        cfg=canonical({"delta": TRAINED["selection"]["delta"]}),
        code=code_of("self_supervised/studies/along_training.py"),
    script:
        "../scripts/self_supervised/studies/along_training.py"


rule study_bridge:
    "What encoders keep of planted noise and of the images it is planted into."
    input:
        measures=lambda wc: ssl_files(PLANTED, "measures.parquet"),
    output:
        table=f"<results>/self_supervised/{PLANTED}/bridge/table.parquet",
        evidence=f"<results>/self_supervised/{PLANTED}/bridge/evidence.parquet",
        record=f"<results>/self_supervised/{PLANTED}/bridge/study.prov.json",
    log:
        f"<logs>/self_supervised/{PLANTED}/bridge.log",
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        cfg=bridge_cfg,
        code=code_of("self_supervised/studies/bridge.py"),
    script:
        "../scripts/self_supervised/studies/bridge.py"


rule plot_trained:
    "Figure {wildcards.figure} of trained encoders on {wildcards.images}."
    input:
        table="<results>/self_supervised/{images}/{study}/table.parquet",
    output:
        png=report(
            "<results>/self_supervised/{images}/{study}/figures/{figure}.png",
            caption="../report/self_supervised_training.rst",
            category="Self-supervised learning",
            labels={"figure": "{figure}, {images}"},
        ),
        svg="<results>/self_supervised/{images}/{study}/figures/{figure}.svg",
        data="<results>/self_supervised/{images}/{study}/figures/{figure}.parquet",
        record="<results>/self_supervised/{images}/{study}/figures/{figure}.prov.json",
    log:
        "<logs>/self_supervised/{images}/{study}_{figure}.log",
    wildcard_constraints:
        study="selection|along_training|bridge",
        figure="|".join([*SELECTION_FIGURES, "along_training", "planted_noise"]),
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"self_supervised/figures/{wc.figure}.py"),
    script:
        "../scripts/self_supervised/figures/{wildcards.figure}.py"
