"""What the rules of reinforcement finetuning share: policies, variants, lists of inputs."""

FINETUNING = CONFIG["reinforcement_finetuning"]
FINETUNING_DIR = "<results>/reinforcement_finetuning"

# Exact study ----------------------------------------------------------------------------------

# A figure -> the study whose table it draws.
EXACT_FIGURES = {
    "bounds": "bounds",
    "slopes": "surrogates",
    "time_separation": "time_separation",
}


def exact_gradients_cfg(wc):
    """The settings of one exact study."""
    return canonical(lookup(FINETUNING, f"exact.{wc.study}"))


def exact_gradients_table(wc):
    """The table that a figure of the exact studies draws."""
    return f"{FINETUNING_DIR}/studies/{EXACT_FIGURES[wc.figure]}/table.parquet"


# Controlled experiments -----------------------------------------------------------------------

CONTROLLED = FINETUNING["controlled"]
CONTROLLED_DATA = list(CONTROLLED["datasets"])
POLICY_SEEDS = CONTROLLED["seeds"]
FIRST_SEED["reinforcement_finetuning"] = POLICY_SEEDS[0]
CONTROLLED_STUDIES = ("methods", "remedies", "sft_first", "checkpoints", "confidence")
CONTROLLED_FIGURES = {
    "curves": "methods",
    "gradients": "methods",
    "remedies": "remedies",
    "sft_first": "sft_first",
    "checkpoints": "checkpoints",
    "confidence": "confidence",
}
# Policies that are judged as predictors, on inputs that they were tuned on and on others.
JUDGED_POLICIES = [
    model + inputs for model in ("pretrained", "rft", "grpo", "sft") for inputs in ("", "_held_out")
]
for dataset in CONTROLLED_DATA:
    PREDICTIONS |= {
        ("reinforcement_finetuning", f"policies_{dataset}", model): [
            f"{FINETUNING_DIR}/policies_{dataset}/{model}.parquet"
        ]
        for model in JUDGED_POLICIES
    }


def policy_cfg(dataset, experiment, seed):
    """One policy: task, network and pretraining."""
    own, study = CONTROLLED["data"][dataset], CONTROLLED["experiments"][experiment]
    task = {key: own[key] for key in ("train_rows", "held_out_rows", "channels")}
    task |= {key: study[key] for key in ("modified", "relabelled_classes")}
    return {
        "task": task | {"label_set": CONTROLLED["label_set"]},
        "network": {key: own[key] for key in ("architecture", "widths")},
        "pretraining": study["pretraining"],
        "seed": seed,
    }


def variants_of(experiment):
    """The settings of every variant of an experiment, each laid over the common ones."""
    own = CONTROLLED["experiments"][experiment]["variants"]
    return {name: CONTROLLED["finetuning"] | changes for name, changes in own.items()}


def finetuning_cfg(wc):
    """The policy and the variants of one experiment for one seed."""
    own = {key: CONTROLLED[key] for key in ("device", "precision")}
    own["policy"] = policy_cfg(wc.dataset, wc.experiment, int(wc.seed))
    return canonical(own | {"variants": variants_of(wc.experiment)})


def finetuning_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if CONTROLLED["device"] == "cpu" else 1


def policy_files(dataset, experiment, name):
    """A file of every seed of an experiment."""
    return expand(f"{FINETUNING_DIR}/{dataset}/{experiment}/seed{{s}}/{name}", s=POLICY_SEEDS)


def controlled_inputs(wc):
    """What a study of the controlled experiments reads."""
    data = wc.dataset
    if wc.study == "confidence":
        return {"metrics": f"{FINETUNING_DIR}/policies_{data}/recalibrated/metrics.parquet"}
    if wc.study == "checkpoints":
        return {
            "table": f"<results>/data/{data}/table.parquet",
            "models": policy_files(data, "methods", "models.safetensors"),
        }
    histories = {"histories": policy_files(data, wc.study, "history.parquet")}
    if wc.study == "remedies":
        histories["methods"] = policy_files(data, "methods", "history.parquet")
    return histories


def controlled_cfg(wc):
    """What a study is told beside its inputs."""
    if wc.study == "checkpoints":
        return canonical(
            {
                "policies": [policy_cfg(wc.dataset, "methods", seed) for seed in POLICY_SEEDS],
                "variants": list(variants_of("methods")),
                "variant": "rft",
                "each": CONTROLLED["inputs_of_checkpoints"],
            }
        )
    return canonical({})


def controlled_table(wc):
    """The table that a figure of the controlled experiments draws."""
    study = CONTROLLED_FIGURES[wc.figure]
    return f"{FINETUNING_DIR}/{wc.dataset}/studies/{study}/table.parquet"


def finetuning_figures():
    """Figures of the exact study, of the controlled experiments and of their predictions."""
    return [
        *expand(f"{FINETUNING_DIR}/figures/{{f}}.png", f=EXACT_FIGURES),
        *expand(
            f"{FINETUNING_DIR}/{{d}}/figures/{{f}}.png", d=CONTROLLED_DATA, f=CONTROLLED_FIGURES
        ),
        *expand(
            f"{FINETUNING_DIR}/policies_{{d}}/figures/{{f}}.png",
            d=CONTROLLED_DATA,
            f=["reliability", "recalibration"],
        ),
    ]
