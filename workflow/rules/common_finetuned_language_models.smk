"""What the rules of finetuned language models share: tasks, plans of runs, names of files."""

LANGUAGE = CONFIG["reinforcement_finetuning"]["language"]
LANGUAGE_DIR = "<results>/reinforcement_finetuning/language"
FIRST_SEED.setdefault("reinforcement_finetuning", LANGUAGE["seeds"][0])
METHODS = "methods"  # the plan whose runs are judged by their confidence as well
POLICIES = ("pretrained", "reinforce", "sft", "sft_reinforce")  # those of them


# Jobs -----------------------------------------------------------------------------------------


def pretraining_settings(task):
    """Settings of one task's model, what all share under its own; without its seed."""
    return LANGUAGE["common"] | lookup(LANGUAGE, f"tasks.{task}.pretraining")


def pretrain_cfg(wc):
    """The same for one seed, as a rule's slice."""
    return canonical(pretraining_settings(wc.task) | {"seed": int(wc.seed)})


def language_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if LANGUAGE["common"]["device"] == "cpu" else 1


def language_table(wc):
    """The prepared texts of a task on text; sequences are drawn."""
    text = pretraining_settings(wc.task)["text"]
    return {} if text is None else {"table": f"<results>/data/{text['data']}/table.parquet"}


def runs_of(task, plan):
    """Run -> its stages, each with the plan's common settings under its own."""
    common = LANGUAGE["stage"] | lookup(LANGUAGE, f"tasks.{task}.plans.{plan}.stage")
    runs = lookup(LANGUAGE, f"tasks.{task}.plans.{plan}.runs")
    return {name: [common | stage for stage in stages] for name, stages in runs.items()}


def finetune_cfg(wc):
    """The model's settings, from which it is built, and the runs that start from it."""
    runs, own = runs_of(wc.task, wc.plan), pretraining_settings(wc.task)
    seed = int(wc.seed)
    settings = {key: own[key] for key in ("device", "precision", "checkpoint_every")}
    plan = {
        "names": list(runs),
        "runs": list(runs.values()),
        "low_std": LANGUAGE["low_std"],
        "settings": settings | {"seed": seed},
    }
    return canonical({"pretraining": own | {"seed": seed}, "plan": plan})


# Predictions ----------------------------------------------------------------------------------

# Answers are predictions: how sure of the whole answer, and right or not.
ANSWERING = list(LANGUAGE["tasks"])
PREDICTIONS |= {
    ("reinforcement_finetuning", f"policies_{task}", run): [
        f"<results>/reinforcement_finetuning/policies_{task}/{run}.parquet"
    ]
    for task in ANSWERING
    for run in POLICIES
}


def policies_cfg(wc):
    """The policies in the order of the outputs."""
    return canonical({"runs": list(POLICIES)})


# Studies --------------------------------------------------------------------------------------

# Study -> (the plan whose tables it reads, which of them).
LANGUAGE_STUDIES = {
    "gain": (METHODS, "answers"),
    "curves": (METHODS, "history"),
    "remedies": ("remedies", "history"),
    "sft_first": ("sft_first", "history"),
    "mixtures": ("mixtures", "history"),
}


def studies_of(task):
    """The studies that a task's plans allow."""
    plans = LANGUAGE["tasks"][task]["plans"]
    return [study for study, (plan, _) in LANGUAGE_STUDIES.items() if plan in plans]


def plan_tables(task, plan, name):
    """A table of every seed of a plan."""
    return expand(f"{LANGUAGE_DIR}/{task}/{plan}/seed{{s}}/{name}.parquet", s=LANGUAGE["seeds"])


def language_inputs(wc):
    """What a study reads."""
    return plan_tables(wc.task, *LANGUAGE_STUDIES[wc.study])


def language_cfg(wc):
    """What a study is told of the runs: the share that SFT sees, methods, shares of low STD."""
    if wc.study not in ("sft_first", "mixtures"):
        return canonical({})
    runs = runs_of(wc.task, wc.study)
    if wc.study == "mixtures":
        methods = {name: stages[-1]["method"] for name, stages in runs.items()}
        low = {name: float(stages[-1]["low_share"]) for name, stages in runs.items()}
        return canonical({"methods": methods, "low_shares": low})
    supervised = {
        name: [s for s in stages if s["method"] == "sft"] for name, stages in runs.items()
    }
    shares = {name: float(s[0]["share"]) if s else 0.0 for name, s in supervised.items()}
    return canonical({"shares": shares})


def language_figures():
    """Figures of all tasks, and of the confidence of their policies."""
    folder = "<results>/reinforcement_finetuning"
    own = [
        f"{LANGUAGE_DIR}/{task}/figures/{study}.png"
        for task in LANGUAGE["tasks"]
        for study in studies_of(task)
    ]
    shared = expand(
        f"{folder}/policies_{{t}}/figures/{{f}}.png",
        t=ANSWERING,
        f=["reliability", "recalibration"],
    )
    return [*own, *shared, f"{LANGUAGE_DIR}/confidence/figures/confidence.png"]


# Models of one's own --------------------------------------------------------------------------

OWN_MODELS = CONFIG["reinforcement_finetuning"]["checkpoints"]
# A data set is studied where a folder of a model is named.
NAMED_MODELS = [name for name, own in OWN_MODELS["datasets"].items() if own["model"] is not None]
EXPERIMENTS["checkpoint_narrative_qa"] = "narrative_qa" in NAMED_MODELS


def checkpoint_files(wc):
    """Every file of a model's folder: which weights they are is part of what is measured."""
    folder = Path(OWN_MODELS["datasets"][wc.data]["model"])
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    if not files:
        key = f"reinforcement_finetuning.checkpoints.datasets.{wc.data}.model"
        raise SystemExit(f"lemmata: config: {key} = {str(folder)!r}: no such folder")
    return files


def checkpoint_cfg(wc):
    """How a model is sampled, measured and finetuned; model and data are inputs."""
    common = {key: value for key, value in OWN_MODELS.items() if key != "datasets"}
    own = OWN_MODELS["datasets"][wc.data]
    return canonical(common | {k: v for k, v in own.items() if k not in ("model", "data")})


def checkpoint_figures():
    """A figure of every model of one's own."""
    folder = "<results>/reinforcement_finetuning/checkpoints"
    return [f"{folder}/{name}/figures/std_and_mean.png" for name in NAMED_MODELS]
