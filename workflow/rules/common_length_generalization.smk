"""What the rules of length generalization share: names of runs, settings, lists of inputs."""

from itertools import product

LENGTHS = CONFIG["length_generalization"]
LENGTHS_DIR = "<results>/length_generalization"
SWEEP, PRODUCTS = LENGTHS["sweep"], LENGTHS["positional_product"]
CHOSEN = "selected"  # the model that a sweep chooses is <positions>_selected
FIRST_SEED["length_generalization"] = LENGTHS["seeds"][0]


def sweep_name(positions, layers, heads, width, rate):
    """A configuration's name: its learning rate in units of 1e-5."""
    return f"{positions}_l{layers}h{heads}d{width}lr{round(1e5 * rate)}"


def sweep_models(positions):
    """Name -> settings of every configuration of the sweep."""
    keys = ("layers", "heads", "width", "learning_rate")
    grids = (SWEEP["layers"], SWEEP["heads"], SWEEP["widths"], SWEEP["learning_rates"])
    return {
        sweep_name(positions, *values): dict(zip(keys, values)) | {"steps": SWEEP["steps"]}
        for values in product(*grids)
        if values[2] % values[1] == 0  # the heads share the width
    }


SWEPT = {name: own for p in SWEEP["positions"] for name, own in sweep_models(p).items()}


def task_settings(task):
    """The decoder's settings with the task's own laid over them."""
    own = {key: value for key, value in LENGTHS["tasks"][task].items() if key != "models"}
    return LENGTHS["decoder"] | own


def run_settings(task, model):
    """Settings of one run, configured or of the sweep."""
    known = lookup(LENGTHS, f"tasks.{task}.models") | SWEPT
    own = lookup(known, model)
    return task_settings(task) | own | {"positions": model.partition("_")[0], "task": task}


def decoder_cfg(wc):
    """Settings of one run for one seed."""
    return canonical(run_settings(wc.task, wc.model) | {"seed": int(wc.seed)})


def selected_cfg(wc):
    """Settings of the run of a sweep's choice; what was chosen comes from its table."""
    own = {"positions": wc.positions, "task": wc.task, "seed": int(wc.seed)}
    return canonical(task_settings(wc.task) | own)


def decoder_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if task_settings(wc.task)["device"] == "cpu" else 1


def answers_of(task, model, seeds=None):
    """The answer tables of one model, a seed each."""
    seeds = LENGTHS["seeds"] if seeds is None else seeds
    return [f"{LENGTHS_DIR}/{task}/{model}/seed{seed}/answers.parquet" for seed in seeds]


def model_of(task, positions):
    """The model that stands for a task with these positions; None where none is run."""
    if positions in LENGTHS["tasks"][task]["models"]:
        return positions
    swept = task in SWEEP["tasks"] and positions in SWEEP["positions"]
    return f"{positions}_{CHOSEN}" if swept else None


RUNS = {  # (task, positions) -> model, of all that are compared
    (task, positions): model
    for task in LENGTHS["tasks"]
    for positions in ("ape", "nope", "rope")
    if (model := model_of(task, positions))
}
for positions in ("ape", "nope"):
    PREDICTIONS |= {
        ("length_generalization", f"answers_{positions}", task): [
            path.replace("answers.parquet", "predictions.parquet")
            for path in answers_of(task, model)
        ]
        for (task, p), model in RUNS.items()
        if p == positions
    }
ANSWERED = sorted({key[1] for key in PREDICTIONS if key[0] == "length_generalization"})


def filed_as(task, name):
    """The model of a task with the settings of a sweep's configuration, or its name for want of one.

    A configuration that is run anyway is not trained a second time.
    """
    own = run_settings(task, name)
    models = LENGTHS["tasks"][task]["models"]
    return next((model for model in models if run_settings(task, model) == own), name)


def sweep_answers(wc):
    """The answers of every configuration of a task's sweep."""
    models = [filed_as(wc.task, name) for name in sweep_models(wc.positions)]
    return [path for model in models for path in answers_of(wc.task, model, [SWEEP["seed"]])]


def sweep_runs(wc):
    """For the seed that the sweep ran: its runs, one of which is that of its choice.

    In the order of the configurations; nothing for other seeds, which are trained.
    """
    if int(wc.seed) != SWEEP["seed"]:
        return {}
    answers = sweep_answers(wc)
    files = {"models": "model.safetensors", "histories": "history.parquet"}
    return {"answers": answers} | {
        key: [path.replace("answers.parquet", name) for path in answers]
        for key, name in files.items()
    }


def select_cfg(wc):
    """Configurations in the order of the inputs, the rule's threshold and what is run otherwise."""
    configurations = sweep_models(wc.positions)
    own = {"names": list(configurations), "configurations": list(configurations.values())}
    return canonical(own | {"fits": SWEEP["fits"], "fallback": SWEEP["fallback"]})


def strings_cfg(wc):
    """Each task that is answered with these positions, and how its test strings are drawn."""
    tasks = [key[2] for key in PREDICTIONS if key[:2] == ("length_generalization", wc.dataset)]
    keys = ("train_length", "reach", "strings")
    return canonical({task: {k: task_settings(task)[k] for k in keys} for task in tasks})


# Studies --------------------------------------------------------------------------------------

PENALIZED = [  # (task, model) pairs that differ in the penalty alone
    (task, model)
    for task in LENGTHS["tasks"]
    for model in ("ape_plain", "ape_penalty")
    if {"ape_plain", "ape_penalty"} <= LENGTHS["tasks"][task]["models"].keys()
]
FORMATS = {  # task -> model: decoders of one size, with and without what helps or hurts
    "parity": "ape_large",
    "parity_running": "ape",
    "parity_ones": "ape",
    "addition_forward": "ape",
    "addition_reverse": "ape",
    "mode": "ape",
    "mode_by_count": "ape",
    "mode_by_appearance": "ape",
}
EXPERIMENTS["penalized"] = bool(PENALIZED)
EXPERIMENTS["formats"] = all(
    model in LENGTHS["tasks"].get(task, {"models": ()})["models"] for task, model in FORMATS.items()
)
EXPERIMENTS["last_0_then_2"] = ("last_0_then_2", "ape") in RUNS
SWEEPS = [(task, positions) for task in SWEEP["tasks"] for positions in SWEEP["positions"]]
LENGTH_STUDIES = ["programs", "predicted", "lengths", "conjunction", "positional_product"]
LENGTH_STUDIES += ["spread", "confidence"]
LENGTH_STUDIES += [name for name in ("penalized", "formats") if EXPERIMENTS[name]]


def study_runs(study):
    """(task, model as it is called, model as it is filed) of what a study compares."""
    if study == "penalized":
        return [(task, model, model) for task, model in PENALIZED]
    if study == "formats":
        return [(task, "ape", model) for task, model in FORMATS.items()]
    return [(task, positions, model) for (task, positions), model in RUNS.items()]


def length_inputs(wc):
    """What a study of length generalization reads."""
    folder = LENGTHS_DIR
    if wc.study == "programs":
        return []
    if wc.study == "positional_product":
        return [f"{folder}/positional_product/seed{s}.parquet" for s in PRODUCTS["seeds"]]
    if wc.study == "conjunction":
        own = LENGTHS["conjunction"]
        cases = product(own["models"], own["zeros"], LENGTHS["seeds"])
        return [f"{folder}/conjunction/{m}_{z}/seed{s}.parquet" for m, z, s in cases]
    if wc.study == "spread":
        return [f"{folder}/{task}/{p}_selection.parquet" for task, p in SWEEPS]
    if wc.study == "confidence":
        return [f"{folder}/{name}/recalibrated/metrics.parquet" for name in ANSWERED]
    runs = study_runs(wc.study)
    return [path for task, _, model in runs for path in answers_of(task, model)]


def length_cfg(wc):
    """Names of the inputs in their order, and what the study is told."""
    if wc.study == "programs":
        return canonical(LENGTHS["programs"])
    if wc.study == "positional_product":
        return canonical({"train_length": PRODUCTS["settings"]["train_length"]})
    if wc.study == "conjunction":
        own = LENGTHS["conjunction"]["settings"]
        return canonical({key: own[key] for key in ("bits", "frozen")})
    if wc.study == "spread":
        return canonical({"tasks": [t for t, _ in SWEEPS], "models": [p for _, p in SWEEPS]})
    if wc.study == "confidence":
        return canonical({"models": [name.removeprefix("answers_") for name in ANSWERED]})
    runs = [(task, name) for task, name, _ in study_runs(wc.study) for _ in LENGTHS["seeds"]]
    return canonical({"tasks": [t for t, _ in runs], "models": [m for _, m in runs]})


def conjunction_cfg(wc):
    """Settings of one run of the AND example."""
    own = {"positions": wc.positions, "zeros": wc.zeros, "seed": int(wc.seed)}
    return canonical(LENGTHS["conjunction"]["settings"] | own)


def products_cfg(wc):
    """Settings of the positional products of one seed."""
    return canonical(PRODUCTS["settings"] | {"seed": int(wc.seed)})


def curves_cfg(wc):
    """The longest length trained on of each task, and the resolution."""
    longest = {task: task_settings(task)["train_length"] for task in LENGTHS["tasks"]}
    return canonical({"train_length": longest, "dpi": CONFIG["figures"]["dpi"]})


# A figure -> the study whose table it draws, where it is not called as its study.
LENGTH_FIGURES = {study: study for study in LENGTH_STUDIES} | {"ape_against_nope": "predicted"}


def length_table(wc):
    """The table that a figure of length generalization draws."""
    return f"{LENGTHS_DIR}/studies/{LENGTH_FIGURES[wc.figure]}/table.parquet"


def length_figure_cfg(wc):
    """The resolution, and the training lengths where the figure shades them."""
    if wc.figure == "lengths":
        return curves_cfg(wc)
    cfg = {"dpi": CONFIG["figures"]["dpi"]}
    if wc.figure == "positional_product":
        cfg["train_length"] = PRODUCTS["settings"]["train_length"]
    return canonical(cfg)
