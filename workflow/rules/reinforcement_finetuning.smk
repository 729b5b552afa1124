"""Reinforcement finetuning (arXiv 2310.20703): gradients that vanish with the reward's spread.

Out, below <results>/reinforcement_finetuning/: exact studies; of every data set policies, what
finetuning makes of them, studies of that; table, evidence and figure of each study.
"""


include: "common_reinforcement_finetuning.smk"


FIGURES["vanishing_gradients"] = finetuning_figures()


wildcard_constraints:
    experiment="methods|remedies|sft_first",


rule finetune_policies:
    "A policy and all variants of {wildcards.experiment} on {wildcards.dataset}, seed {wildcards.seed}: resumable."
    input:
        table="<results>/data/{dataset}/table.parquet",
    output:
        models="<results>/reinforcement_finetuning/{dataset}/{experiment}/seed{seed}/models.safetensors",
        history="<results>/reinforcement_finetuning/{dataset}/{experiment}/seed{seed}/history.parquet",
        said="<results>/reinforcement_finetuning/{dataset}/{experiment}/seed{seed}/said.parquet",
        record="<results>/reinforcement_finetuning/{dataset}/{experiment}/seed{seed}/train.prov.json",
    log:
        "<logs>/reinforcement_finetuning/{dataset}/{experiment}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(480),
        gpu=finetuning_gpus,
    params:
        cfg=finetuning_cfg,
        code=code_of("reinforcement_finetuning/finetune_policies.py"),
    script:
        "../scripts/reinforcement_finetuning/finetune_policies.py"


rule judge_policies:
    "Predictions of policies on {wildcards.dataset}, on inputs that they were tuned on and others."
    input:
        said=lambda wc: policy_files(wc.dataset, "methods", "said.parquet"),
    output:
        predictions=[
            f"<results>/reinforcement_finetuning/policies_{{dataset}}/{model}.parquet"
            for model in JUDGED_POLICIES
        ],
        groups="<results>/reinforcement_finetuning/policies_{dataset}/groups.parquet",
        record="<results>/reinforcement_finetuning/policies_{dataset}/judge.prov.json",
    log:
        "<logs>/reinforcement_finetuning/policies_{dataset}/judge.log",
    wildcard_constraints:
        dataset="|".join(CONTROLLED["data"]),
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=canonical({"models": JUDGED_POLICIES}),
        code=code_of("reinforcement_finetuning/judge_policies.py"),
    script:
        "../scripts/reinforcement_finetuning/judge_policies.py"


rule study_exact_gradients:
    "Study {wildcards.study} of exact gradients: the numbers, and the evidence for its claims."
    output:
        table="<results>/reinforcement_finetuning/studies/{study}/table.parquet",
        evidence="<results>/reinforcement_finetuning/studies/{study}/evidence.parquet",
        record="<results>/reinforcement_finetuning/studies/{study}/study.prov.json",
    log:
        "<logs>/reinforcement_finetuning/studies/{study}.log",
    wildcard_constraints:
        study="|".join(FINETUNING["exact"]),
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        cfg=exact_gradients_cfg,
        code=lambda wc: code_of(f"reinforcement_finetuning/studies/{wc.study}.py"),
    script:
        "../scripts/reinforcement_finetuning/studies/{wildcards.study}.py"


rule study_policies:
    "Study {wildcards.study} of the controlled experiments on {wildcards.dataset}."
    input:
        unpack(controlled_inputs),
    output:
        table="<results>/reinforcement_finetuning/{dataset}/studies/{study}/table.parquet",
        evidence="<results>/reinforcement_finetuning/{dataset}/studies/{study}/evidence.parquet",
        record="<results>/reinforcement_finetuning/{dataset}/studies/{study}/study.prov.json",
    log:
        "<logs>/reinforcement_finetuning/{dataset}/studies/{study}.log",
    wildcard_constraints:
        study="|".join(CONTROLLED_STUDIES),
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(60),
    params:
        cfg=controlled_cfg,
        code=lambda wc: code_of(f"reinforcement_finetuning/studies/{wc.study}.py"),
    script:
        "../scripts/reinforcement_finetuning/studies/{wildcards.study}.py"


rule plot_exact_gradients:
    "Figure {wildcards.figure} of exact gradients."
    input:
        table=exact_gradients_table,
    output:
        png=report(
            "<results>/reinforcement_finetuning/figures/{figure}.png",
            caption="../report/exact_gradients.rst",
            category="Reinforcement finetuning",
            labels={"figure": "{figure}"},
        ),
        svg="<results>/reinforcement_finetuning/figures/{figure}.svg",
        data="<results>/reinforcement_finetuning/figures/{figure}.parquet",
        record="<results>/reinforcement_finetuning/figures/{figure}.prov.json",
    log:
        "<logs>/reinforcement_finetuning/figures/{figure}.log",
    wildcard_constraints:
        figure="|".join(EXACT_FIGURES),
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"reinforcement_finetuning/figures/{wc.figure}.py"),
    script:
        "../scripts/reinforcement_finetuning/figures/{wildcards.figure}.py"


rule plot_policies:
    "Figure {wildcards.figure} of the controlled experiments on {wildcards.dataset}."
    input:
        table=controlled_table,
    output:
        png=report(
            "<results>/reinforcement_finetuning/{dataset}/figures/{figure}.png",
            caption="../report/controlled.rst",
            category="Reinforcement finetuning",
            labels={"figure": "{figure}, {dataset}"},
        ),
        svg="<results>/reinforcement_finetuning/{dataset}/figures/{figure}.svg",
        data="<results>/reinforcement_finetuning/{dataset}/figures/{figure}.parquet",
        record="<results>/reinforcement_finetuning/{dataset}/figures/{figure}.prov.json",
    log:
        "<logs>/reinforcement_finetuning/{dataset}/{figure}.log",
    wildcard_constraints:
        figure="|".join(CONTROLLED_FIGURES),
    localrule: True
    params:
        cfg=canonical({"dpi": CONFIG["figures"]["dpi"]}),
        code=lambda wc: code_of(f"reinforcement_finetuning/figures/{wc.figure}.py"),
    script:
        "../scripts/reinforcement_finetuning/figures/{wildcards.figure}.py"
