"""Diffusion (arXiv 2408.09000, 2406.08929): guidance as predictor-corrector, the tutorial's facts.

Out, below <results>/diffusion/: studies with exact scores; networks, one a seed, with what they
sample, and the studies of that; each study with table, evidence and figure.
"""


include: "common_diffusion.smk"


FIGURES["guidance"] = diffusion_figures(GUIDANCE) + image_figures()
FIGURES["step_by_step"] = diffusion_figures(STEP_BY_STEP)


wildcard_constraints:
    network="|".join(sorted(LEARNED["networks"])),


rule train_diffusion:
    "Network {wildcards.network}, seed {wildcards.seed}: resumable."
    input:
        unpack(guided_table),
    output:
        model="<results>/diffusion/learned/{network}/seed{seed}/model.safetensors",
        history="<results>/diffusion/learned/{network}/seed{seed}/history.parquet",
        record="<results>/diffusion/learned/{network}/seed{seed}/train.prov.json",
    log:
        "<logs>/diffusion/learned/{network}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(120),
        gpu=guided_gpus,
    params:
        cfg=guided_cfg,
        code=code_of("diffusion/train_network.py"),
    script:
        "../scripts/diffusion/train_network.py"


rule study_learned:
    "Study {wildcards.study} of learned scores: what the networks sample, evidence for its claims."
    input:
        models=study_models_of,
    output:
        table="<results>/diffusion/studies/{study}/table.parquet",
        evidence="<results>/diffusion/studies/{study}/evidence.parquet",
        record="<results>/diffusion/studies/{study}/study.prov.json",
    log:
        "<logs>/diffusion/studies/{study}.log",
    wildcard_constraints:
        study="|".join(LEARNED_STUDIES),
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
    params:
        cfg=learned_cfg,
        code=lambda wc: code_of(f"diffusion/studies/{wc.study}.py"),
    script:
        "../scripts/diffusion/studies/{wildcards.study}.py"


rule sample_images:
    "Guided {wildcards.network}, and its flow twin, by sampler, weight and steps, seed {wildcards.seed}."
    input:
        unpack(guided_table),
        models=image_models,
    output:
        measures="<results>/diffusion/images/{network}/seed{seed}/measures.parquet",
        paths="<results>/diffusion/images/{network}/seed{seed}/paths.parquet",
        samples="<results>/diffusion/images/{network}/seed{seed}/samples.parquet",
        shown="<results>/diffusion/images/{network}/seed{seed}/shown.parquet",
        predictions=[
            f"<results>/diffusion/images/{{network}}/seed{{seed}}/{model}.parquet"
            for model in JUDGED
        ],
        record="<results>/diffusion/images/{network}/seed{seed}/sample.prov.json",
    log:
        "<logs>/diffusion/images/{network}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(8000),
        runtime=more(60),
        gpu=guided_gpus,
    params:
        cfg=images_cfg,
        code=code_of("diffusion/sample_images.py"),
    script:
        "../scripts/diffusion/sample_images.py"


rule group_images:
    "Groups by ink of all that the networks of {wildcards.network} generate."
    input:
        samples=image_files("samples.parquet"),
    output:
        groups="<results>/diffusion/generated_{network}/groups.parquet",
        record="<results>/diffusion/generated_{network}/groups.prov.json",
    log:
        "<logs>/diffusion/generated_{network}/groups.log",
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=canonical({}),
        code=code_of("diffusion/group_images.py"),
    script:
        "../scripts/diffusion/group_images.py"


rule study_images:
    "Study of guided {wildcards.network}."
    input:
        measures=image_files("measures.parquet"),
        paths=image_files("paths.parquet"),
    output:
        table="<results>/diffusion/images/{network}/study/table.parquet",
        evidence="<results>/diffusion/images/{network}/study/evidence.parquet",
        record="<results>/diffusion/images/{network}/study/study.prov.json",
    log:
        "<logs>/diffusion/images/{network}/study.log",
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=canonical({}),
        code=code_of("diffusion/studies/images.py"),
    script:
        "../scripts/diffusion/studies/images.py"


rule study_diffusion:
    "Study {wildcards.study} of diffusion: the numbers, and the evidence for its claims."
    output:
        table="<results>/diffusion/studies/{study}/table.parquet",
        evidence="<results>/diffusion/studies/{study}/evidence.parquet",
        record="<results>/diffusion/studies/{study}/study.prov.json",
    log:
        "<logs>/diffusion/studies/{study}.log",
    wildcard_constraints:
        study="|".join(DIFFUSION["exact"]),
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        cfg=exact_cfg,
        code=lambda wc: code_of(f"diffusion/studies/{wc.study}.py"),
    script:
        "../scripts/diffusion/studies/{wildcards.study}.py"


rule study_sdxl:
    "Images of a Stable Diffusion XL checkpoint by every sampler, under the same noise."
    input:
        checkpoint=sdxl_checkpoint,
    output:
        table="<results>/diffusion/studies/sdxl/table.parquet",
        evidence="<results>/diffusion/studies/sdxl/evidence.parquet",
        record="<results>/diffusion/studies/sdxl/study.prov.json",
    log:
        "<logs>/diffusion/studies/sdxl.log",
    threads: 4
    resources:
        mem_mb=more(32000),
        runtime=more(240),
        gpu=lambda wc: 0 if SDXL["device"] == "cpu" else 1,
    params:
        cfg=sdxl_cfg,
        code=lambda wc: code_of("diffusion/studies/sdxl.py"),
    script:
        "../scripts/diffusion/studies/sdxl.py"


rule plot_diffusion:
    "Figure {wildcards.figure} of diffusion."
    input:
        table=diffusion_table,
    output:
        png=report(
            "<results>/diffusion/figures/{figure}.png",
            caption="../report/diffusion.rst",
            category="Diffusion",
            labels={"figure": "{figure}"},
        ),
        svg="<results>/diffusion/figures/{figure}.svg",
        data="<results>/diffusion/figures/{figure}.parquet",
        record="<results>/diffusion/figures/{figure}.prov.json",
    log:
        "<logs>/diffusion/figures/{figure}.log",
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"diffusion/figures/{wc.figure}.py"),
    script:
        "../scripts/diffusion/figures/{wildcards.figure}.py"


rule plot_images:
    "Figure {wildcards.figure} of guided {wildcards.network}."
    input:
        table=image_table,
    output:
        png=report(
            "<results>/diffusion/images/{network}/figures/{figure}.png",
            caption="../report/images.rst",
            category="Diffusion",
            labels={"figure": "{figure}, {network}"},
        ),
        svg="<results>/diffusion/images/{network}/figures/{figure}.svg",
        data="<results>/diffusion/images/{network}/figures/{figure}.parquet",
        record="<results>/diffusion/images/{network}/figures/{figure}.prov.json",
    log:
        "<logs>/diffusion/images/{network}/{figure}.log",
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"diffusion/figures/{wc.figure}.py"),
    script:
        "../scripts/diffusion/figures/{wildcards.figure}.py"
