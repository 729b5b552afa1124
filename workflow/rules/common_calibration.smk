"""What the rules of calibration share; the stage that all predictions go through is among them."""

CALIBRATION = CONFIG["calibration"]
DATASETS = {name: registry.dataset(name) for name in CALIBRATION["datasets"]}
FORECASTS = [name for name, entry in DATASETS.items() if entry.kind == "forecast"]
PAPERS_OWN = {"imagenet_resnet34", "imagenet_resnext50", "solar_flares_daffs"} & DATASETS.keys()
EXPERIMENTS["published_forecasts"] = bool(PAPERS_OWN)
STUDIES = list(CALIBRATION["studies"])
DETERMINISTIC = {"logistic_regression", "naive_bayes", "gradient_boosting"}
PUBLISHED = "published"  # the model's name where a forecast comes with the data


def models_of(dataset):
    """Models whose predictions on a data set are judged."""
    entry = DATASETS[dataset]
    if entry.kind == "forecast":
        return [PUBLISHED]
    classical = list(CALIBRATION["classical"]) if entry.kind == "tabular" else []
    return classical + list(CALIBRATION["networks"][entry.kind])


def classical_cfg(wc):
    """Hyper-parameters and seeds; one seed is enough for a fit that draws nothing."""
    seeds = CALIBRATION["seeds"][: 1 if wc.model in DETERMINISTIC else None]
    settings = lookup(CONFIG, f"calibration.classical.{wc.model}")
    own = {"model": wc.model, "dataset": wc.dataset, "seeds": seeds}
    return canonical(own | {"hyper_parameters": settings})


def network_settings(wc):
    """The settings of one network for data of one kind."""
    return lookup(CONFIG, f"calibration.networks.{DATASETS[wc.dataset].kind}.{wc.model}")


def network_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if network_settings(wc)["device"] == "cpu" else 1


def network_cfg(wc):
    """Settings of one network on one data set for one seed."""
    own = {"model": wc.model, "dataset": wc.dataset, "seed": int(wc.seed)}
    return canonical(network_settings(wc) | own)


def prediction_tables(dataset, model):
    """The prediction tables of one model: one of all seeds, or one a seed."""
    folder = f"<results>/calibration/{dataset}/{model}"
    if model == PUBLISHED:
        return [f"<results>/data/{dataset}/table.parquet"]
    if model in CALIBRATION["classical"]:
        return [f"{folder}/predictions.parquet"]
    return [f"{folder}/seed{seed}/predictions.parquet" for seed in CALIBRATION["seeds"]]


PREDICTIONS |= {
    ("calibration", name, model): prediction_tables(name, model)
    for name in DATASETS
    for model in models_of(name)
}
FIRST_SEED["calibration"] = CALIBRATION["seeds"][0]


def all_predictions(forecasts):
    """(name, prediction table) of every trained model, or of every published forecast."""
    pairs = []
    for name, entry in DATASETS.items():
        if (entry.kind == "forecast") == forecasts:
            for model in models_of(name):
                sample = name if forecasts else f"{name}/{model}"
                paths = PREDICTIONS["calibration", name, model]
                pairs += [(sample, path) for path in paths]
    return pairs


def study_samples(wc):
    """What a study measures; populations of its own need no predictions."""
    if wc.study in ("sandwich", "sample_complexity", "endpoints", "cost"):
        return []
    return all_predictions(forecasts=wc.study == "published_examples")


def study_predictions(wc):
    """The prediction tables that a study reads."""
    return [path for _, path in study_samples(wc)]


def study_cfg(wc):
    """A study's settings, and the names of the samples in the order of its inputs."""
    samples = [name for name, _ in study_samples(wc)]
    settings = lookup(CONFIG, f"calibration.studies.{wc.study}")
    return canonical({"settings": settings} | ({"samples": samples} if samples else {}))


def pair_cfg(wc):
    """Model, seed and bins of the pair of diagrams, and the resolution."""
    seed = 0 if wc.dataset in FORECASTS else FIRST_SEED[wc.family]
    bins = lookup(CONFIG, "calibration.binned_ece.bins")
    own = {"model": wc.model, "seed": seed, "bins": bins}
    return canonical(own | {"dpi": CONFIG["figures"]["dpi"]})


def reliability_cfg(wc):
    """The seed that is drawn, and the resolution."""
    seed = 0 if wc.dataset in FORECASTS else FIRST_SEED[wc.family]
    return canonical({"seed": seed, "dpi": CONFIG["figures"]["dpi"]})


def smooth_ece_cfg(wc):
    """The model of each input, and how they are measured."""
    own = {"models": [model for model, _ in all_of(wc.family, wc.dataset)]}
    own["bins"] = lookup(CONFIG, "calibration.binned_ece.bins")
    return canonical(own | {"settings": CALIBRATION["smooth_ece"]})


def groups_of(wc):
    """The groups of the rows that are predicted: a data set's own, or made by the family."""
    known = wc.family in ("calibration", "self_supervised")
    folder = "<results>/data/{dataset}" if known else "<results>/{family}/{dataset}"
    return f"{folder}/groups.parquet".format(**wc)


def recalibrate_cfg(wc):
    """The model of each input, the post-processors, and how they are measured."""
    own = {"models": [model for model, _ in all_of(wc.family, wc.dataset)]}
    return canonical(own | CONFIG["recalibration"])


def smooth_ece_figures():
    """Figures of arXiv 2309.12236: studies, diagrams, and every trained model recalibrated."""
    studies = [name for name in STUDIES if name != "published_examples" or PAPERS_OWN]
    trained = [name for name in DATASETS if name not in FORECASTS]
    pair = "<results>/calibration/{d}/{m}/figures/binned_and_smooth.png"
    return [
        *expand("<results>/calibration/studies/{s}/figures/{s}.png", s=studies),
        *expand("<results>/calibration/{d}/figures/reliability.png", d=DATASETS),
        *expand("<results>/calibration/{d}/figures/recalibration.png", d=trained),
        *expand(pair, d=FORECASTS, m=PUBLISHED),
    ]
