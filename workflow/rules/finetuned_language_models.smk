"""Language models finetuned by rewards (arXiv 2310.20703): a task of graded STD, and real text.

Out, below <results>/reinforcement_finetuning/language/: for every task one pretrained model a seed;
for every plan of runs the answers before and after, and histories; studies with table, evidence and
figure. Answers are predictions too (policies_<task>): they get all that calibration.smk does.
"""


include: "common_finetuned_language_models.smk"


FIGURES.setdefault("vanishing_gradients", []).extend(language_figures() + checkpoint_figures())


wildcard_constraints:
    plan="methods|remedies|sft_first|mixtures",


rule pretrain_language:
    "Language model of {wildcards.task}, seed {wildcards.seed}: resumable."
    input:
        unpack(language_table),
    output:
        model="<results>/reinforcement_finetuning/language/{task}/pretrained/seed{seed}/model.safetensors",
        history="<results>/reinforcement_finetuning/language/{task}/pretrained/seed{seed}/history.parquet",
        record="<results>/reinforcement_finetuning/language/{task}/pretrained/seed{seed}/train.prov.json",
    log:
        "<logs>/reinforcement_finetuning/language/{task}/pretrained/seed{seed}.log",
    priority: LONG + 1
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(120),
        gpu=language_gpus,
    params:
        cfg=pretrain_cfg,
        code=code_of("reinforcement_finetuning/language/pretrain.py"),
    script:
        "../scripts/reinforcement_finetuning/language/pretrain.py"


rule finetune_language:
    "Runs of the plan {wildcards.plan} on {wildcards.task}, seed {wildcards.seed}: resumable."
    input:
        unpack(language_table),
        model="<results>/reinforcement_finetuning/language/{task}/pretrained/seed{seed}/model.safetensors",
    output:
        answers="<results>/reinforcement_finetuning/language/{task}/{plan}/seed{seed}/answers.parquet",
        history="<results>/reinforcement_finetuning/language/{task}/{plan}/seed{seed}/history.parquet",
        record="<results>/reinforcement_finetuning/language/{task}/{plan}/seed{seed}/finetune.prov.json",
    log:
        "<logs>/reinforcement_finetuning/language/{task}/{plan}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
        gpu=language_gpus,
    params:
        cfg=finetune_cfg,
        code=code_of("reinforcement_finetuning/language/finetune.py"),
    script:
        "../scripts/reinforcement_finetuning/language/finetune.py"


rule predict_language:
    "Predictions of the policies of {wildcards.task}, and their groups by STD before finetuning."
    input:
        answers=lambda wc: plan_tables(wc.task, METHODS, "answers"),
    output:
        predictions=[
            f"<results>/reinforcement_finetuning/policies_{{task}}/{run}.parquet"
            for run in POLICIES
        ],
        groups="<results>/reinforcement_finetuning/policies_{task}/groups.parquet",
        record="<results>/reinforcement_finetuning/policies_{task}/groups.prov.json",
    log:
        "<logs>/reinforcement_finetuning/policies_{task}/predict.log",
    wildcard_constraints:
        task="|".join(LANGUAGE["tasks"]),
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=policies_cfg,
        code=code_of("reinforcement_finetuning/language/predict.py"),
    script:
        "../scripts/reinforcement_finetuning/language/predict.py"


rule study_language:
    "Study {wildcards.study} of {wildcards.task}: the numbers, and the evidence for its claims."
    input:
        tables=language_inputs,
    output:
        table="<results>/reinforcement_finetuning/language/{task}/studies/{study}/table.parquet",
        evidence="<results>/reinforcement_finetuning/language/{task}/studies/{study}/evidence.parquet",
        record="<results>/reinforcement_finetuning/language/{task}/studies/{study}/study.prov.json",
    log:
        "<logs>/reinforcement_finetuning/language/{task}/studies/{study}.log",
    wildcard_constraints:
        study="|".join(LANGUAGE_STUDIES),
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=language_cfg,
        code=lambda wc: code_of(f"reinforcement_finetuning/language/studies/{wc.study}.py"),
    script:
        "../scripts/reinforcement_finetuning/language/studies/{wildcards.study}.py"


rule study_policy_confidence:
    "Study of how sure the policies of all tasks are, and how right."
    input:
        tables=expand(
            "<results>/reinforcement_finetuning/policies_{t}/recalibrated/metrics.parquet",
            t=ANSWERING,
        ),
    output:
        table="<results>/reinforcement_finetuning/language/confidence/table.parquet",
        evidence="<results>/reinforcement_finetuning/language/confidence/evidence.parquet",
        record="<results>/reinforcement_finetuning/language/confidence/study.prov.json",
    log:
        "<logs>/reinforcement_finetuning/language/confidence/study.log",
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=canonical({"tasks": ANSWERING}),
        code=code_of("reinforcement_finetuning/language/studies/confidence.py"),
    script:
        "../scripts/reinforcement_finetuning/language/studies/confidence.py"


rule plot_language:
    "Figure {wildcards.study} of {wildcards.task}."
    input:
        table="<results>/reinforcement_finetuning/language/{task}/studies/{study}/table.parquet",
    output:
        png=report(
            "<results>/reinforcement_finetuning/language/{task}/figures/{study}.png",
            caption="../report/finetuned_language_models.rst",
            category="Reinforcement finetuning",
            labels={"figure": "{study}, {task}"},
        ),
        svg="<results>/reinforcement_finetuning/language/{task}/figures/{study}.svg",
        data="<results>/reinforcement_finetuning/language/{task}/figures/{study}.parquet",
        record="<results>/reinforcement_finetuning/language/{task}/figures/{study}.prov.json",
    log:
        "<logs>/reinforcement_finetuning/language/{task}/figures/{study}.log",
    wildcard_constraints:
        study="|".join(LANGUAGE_STUDIES),
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"reinforcement_finetuning/language/figures/{wc.study}.py"),
    script:
        "../scripts/reinforcement_finetuning/language/figures/{wildcards.study}.py"


rule plot_policy_confidence:
    "Confidence and accuracy of the policies of all tasks."
    input:
        table="<results>/reinforcement_finetuning/language/confidence/table.parquet",
    output:
        png=report(
            "<results>/reinforcement_finetuning/language/confidence/figures/confidence.png",
            caption="../report/policy_confidence.rst",
            category="Reinforcement finetuning",
            labels={"figure": "confidence"},
        ),
        svg="<results>/reinforcement_finetuning/language/confidence/figures/confidence.svg",
        data="<results>/reinforcement_finetuning/language/confidence/figures/confidence.parquet",
        record="<results>/reinforcement_finetuning/language/confidence/figures/confidence.prov.json",
    log:
        "<logs>/reinforcement_finetuning/language/confidence/plot.log",
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=code_of("reinforcement_finetuning/language/figures/confidence.py"),
    script:
        "../scripts/reinforcement_finetuning/language/figures/confidence.py"


rule study_checkpoint:
    "A model of one's own on {wildcards.data}: reward STD, and what RFT and SFT gain."
    input:
        checkpoint=checkpoint_files,
        data=lambda wc: OWN_MODELS["datasets"][wc.data]["data"],
    output:
        table="<results>/reinforcement_finetuning/checkpoints/{data}/table.parquet",
        evidence="<results>/reinforcement_finetuning/checkpoints/{data}/evidence.parquet",
        record="<results>/reinforcement_finetuning/checkpoints/{data}/study.prov.json",
    log:
        "<logs>/reinforcement_finetuning/checkpoints/{data}/study.log",
    threads: 4
    resources:
        mem_mb=more(32000),
        runtime=more(1440),
        gpu=lambda wc: 0 if OWN_MODELS["device"] == "cpu" else 1,
    params:
        cfg=checkpoint_cfg,
        code=lambda wc: code_of("reinforcement_finetuning/checkpoints/study.py"),
    script:
        "../scripts/reinforcement_finetuning/checkpoints/study.py"


rule plot_checkpoint:
    "Mean and STD of the reward of every prompt of {wildcards.data}."
    input:
        table="<results>/reinforcement_finetuning/checkpoints/{data}/table.parquet",
    output:
        png=report(
            "<results>/reinforcement_finetuning/checkpoints/{data}/figures/std_and_mean.png",
            caption="../report/checkpoint.rst",
            category="Reinforcement finetuning",
            labels={"figure": "checkpoint, {data}"},
        ),
        svg="<results>/reinforcement_finetuning/checkpoints/{data}/figures/std_and_mean.svg",
        data="<results>/reinforcement_finetuning/checkpoints/{data}/figures/std_and_mean.parquet",
        record="<results>/reinforcement_finetuning/checkpoints/{data}/figures/std_and_mean.prov.json",
    log:
        "<logs>/reinforcement_finetuning/checkpoints/{data}/plot.log",
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=code_of("reinforcement_finetuning/checkpoints/plot.py"),
    script:
        "../scripts/reinforcement_finetuning/checkpoints/plot.py"
