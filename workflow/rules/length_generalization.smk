"""Length generalization (arXiv 2310.16028, 2410.02140): programs, decoders, what they do on long strings.

Out, below <results>/length_generalization/: for every task and model one decoder a seed, with its
history and its answers to the test strings; a sweep's choice; the AND example; positional products;
studies with table, evidence and figure. The answers are predictions too: how sure the decoder was of
its whole answer, and whether it was right; they get all that calibration.smk does.
"""


include: "common_length_generalization.smk"


FIGURES["length_generalization"] = [
    *expand("<results>/length_generalization/figures/{f}.png", f=LENGTH_FIGURES),
    *expand("<results>/length_generalization/{d}/figures/reliability.png", d=ANSWERED),
    *expand("<results>/length_generalization/{d}/figures/recalibration.png", d=ANSWERED),
]


wildcard_constraints:
    task="[a-z0-9_]+",
    positions="ape|nope|rope",
    zeros="one|many",


rule train_decoder:
    "{wildcards.model} on {wildcards.task}, seed {wildcards.seed}: resumable, then tested on long strings."
    output:
        model="<results>/length_generalization/{task}/{model}/seed{seed}/model.safetensors",
        history="<results>/length_generalization/{task}/{model}/seed{seed}/history.parquet",
        answers="<results>/length_generalization/{task}/{model}/seed{seed}/answers.parquet",
        predictions="<results>/length_generalization/{task}/{model}/seed{seed}/predictions.parquet",
        record="<results>/length_generalization/{task}/{model}/seed{seed}/train.prov.json",
    log:
        "<logs>/length_generalization/{task}/{model}/seed{seed}.log",
    wildcard_constraints:
        model="(?!(ape|nope|rope)_selected(/|$))[a-z0-9_]+",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(240),
        gpu=decoder_gpus,
    params:
        cfg=decoder_cfg,
        code=code_of("length_generalization/train_decoder.py"),
    script:
        "../scripts/length_generalization/train_decoder.py"


rule train_selected:
    "What the sweep chose on {wildcards.task} with {wildcards.positions}, seed {wildcards.seed}."
    input:
        unpack(sweep_runs),
        selection="<results>/length_generalization/{task}/{positions}_selection.parquet",
    output:
        model="<results>/length_generalization/{task}/{positions}_selected/seed{seed}/model.safetensors",
        history="<results>/length_generalization/{task}/{positions}_selected/seed{seed}/history.parquet",
        answers="<results>/length_generalization/{task}/{positions}_selected/seed{seed}/answers.parquet",
        predictions="<results>/length_generalization/{task}/{positions}_selected/seed{seed}/predictions.parquet",
        record="<results>/length_generalization/{task}/{positions}_selected/seed{seed}/train.prov.json",
    log:
        "<logs>/length_generalization/{task}/{positions}_selected/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(8000),
        runtime=more(480),
        gpu=decoder_gpus,
    params:
        cfg=selected_cfg,
        code=code_of("length_generalization/train_decoder.py"),
    script:
        "../scripts/length_generalization/train_decoder.py"


rule select_decoder:
    "The configuration of {wildcards.task} with {wildcards.positions} that fits and goes farthest."
    input:
        answers=sweep_answers,
    output:
        table="<results>/length_generalization/{task}/{positions}_selection.parquet",
        record="<results>/length_generalization/{task}/{positions}_selection.prov.json",
    log:
        "<logs>/length_generalization/{task}/{positions}_selection.log",
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=select_cfg,
        code=code_of("length_generalization/select_decoder.py"),
    script:
        "../scripts/length_generalization/select_decoder.py"


rule test_strings:
    "Bin and split of every test string of the tasks in {wildcards.dataset}."
    output:
        groups="<results>/length_generalization/{dataset}/groups.parquet",
        record="<results>/length_generalization/{dataset}/groups.prov.json",
    log:
        "<logs>/length_generalization/{dataset}/groups.log",
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        cfg=strings_cfg,
        code=code_of("length_generalization/test_strings.py"),
    script:
        "../scripts/length_generalization/test_strings.py"


rule train_conjunction:
    "AND of bits, {wildcards.positions}, {wildcards.zeros} zeros, seed {wildcards.seed}."
    output:
        table="<results>/length_generalization/conjunction/{positions}_{zeros}/seed{seed}.parquet",
        record="<results>/length_generalization/conjunction/{positions}_{zeros}/seed{seed}.prov.json",
    log:
        "<logs>/length_generalization/conjunction/{positions}_{zeros}/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
        slots=1,
    params:
        cfg=conjunction_cfg,
        code=code_of("length_generalization/train_conjunction.py"),
    script:
        "../scripts/length_generalization/train_conjunction.py"


rule train_products:
    "Products of positional vectors for every relation and penalty, seed {wildcards.seed}."
    output:
        table="<results>/length_generalization/positional_product/seed{seed}.parquet",
        record="<results>/length_generalization/positional_product/seed{seed}.prov.json",
    log:
        "<logs>/length_generalization/positional_product/seed{seed}.log",
    priority: LONG
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        cfg=products_cfg,
        code=code_of("length_generalization/train_products.py"),
    script:
        "../scripts/length_generalization/train_products.py"


rule study_length:
    "Study {wildcards.study} of length generalization: the numbers, and the evidence for its claims."
    input:
        tables=length_inputs,
    output:
        table="<results>/length_generalization/studies/{study}/table.parquet",
        evidence="<results>/length_generalization/studies/{study}/evidence.parquet",
        record="<results>/length_generalization/studies/{study}/study.prov.json",
    log:
        "<logs>/length_generalization/studies/{study}.log",
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        cfg=length_cfg,
        code=lambda wc: code_of(f"length_generalization/studies/{wc.study}.py"),
    script:
        "../scripts/length_generalization/studies/{wildcards.study}.py"


rule plot_length:
    "Figure {wildcards.figure} of length generalization."
    input:
        table=length_table,
    output:
        png=report(
            "<results>/length_generalization/figures/{figure}.png",
            caption="../report/length_generalization.rst",
            category="Length generalization",
            labels={"figure": "{figure}"},
        ),
        svg="<results>/length_generalization/figures/{figure}.svg",
        data="<results>/length_generalization/figures/{figure}.parquet",
        record="<results>/length_generalization/figures/{figure}.prov.json",
    log:
        "<logs>/length_generalization/figures/{figure}.log",
    localrule: True
    params:
        cfg=length_figure_cfg,
        code=lambda wc: code_of(f"length_generalization/figures/{wc.figure}.py"),
    script:
        "../scripts/length_generalization/figures/{wildcards.figure}.py"
