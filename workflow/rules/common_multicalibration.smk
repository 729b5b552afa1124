"""What the rules of multicalibration share: designs, settings, lists of inputs."""

from lemmata.config import deep_merge

MULTICALIBRATION = CONFIG["multicalibration"]
POPULATION = "synthetic_population"  # its truth is known; each seed has rows of its own
REAL = list(MULTICALIBRATION["datasets"])
STUDY_FIGURES = ["accuracy", "fraction", "overall", "groups"]
OFFICIAL = "credit_default_published"  # the data set whose published numbers stand beside ours
EXPERIMENTS["credit_default"] = OFFICIAL in REAL


def study_models(dataset):
    """Base models of the study on a data set."""
    chosen = MULTICALIBRATION["population"]["models"]
    return [m for m in MULTICALIBRATION["models"] if dataset != POPULATION or m in chosen]


def design(dataset):
    """How the rows of a data set are dealt out, and to which seeds."""
    if dataset == POPULATION:
        rows = MULTICALIBRATION["population"]["rows"]
    else:
        rows = {"fractions": MULTICALIBRATION["fractions"]}
    return {"design": rows, "seeds": MULTICALIBRATION["seeds"]}


def base_settings(dataset, model):
    """Settings of a base model, those of one data set laid over the common ones."""
    own = MULTICALIBRATION["models_of"].get(dataset, {}).get(model, {})
    return deep_merge(MULTICALIBRATION["models"][model], own)


def base_cfg(wc):
    """Hyper-parameters of a classical base model, and the design."""
    settings = base_settings(wc.dataset, wc.model)
    own = {"model": wc.model, "dataset": wc.dataset, "hyper_parameters": settings}
    return canonical(own | design(wc.dataset))


def base_network_cfg(wc):
    """Settings of a base network, the design, and the one seed of this job."""
    settings = base_settings(wc.dataset, wc.model)
    own = {"model": wc.model, "dataset": wc.dataset, "settings": settings, "seed": int(wc.seed)}
    return canonical(own | design(wc.dataset))


def base_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if base_settings(wc.dataset, wc.model)["device"] == "cpu" else 1


def base_tables(dataset, model):
    """Base predictions of one model: one table of all seeds, or one a seed for a network."""
    folder = f"<results>/multicalibration/{dataset}/{model}"
    if model != "mlp":
        return [f"{folder}/predictions.parquet"]
    return [f"{folder}/seed{seed}/predictions.parquet" for seed in MULTICALIBRATION["seeds"]]


def base_predictions(wc):
    """Base predictions of the model that the wildcards name."""
    return base_tables(wc.dataset, wc.model)


def multicalibrate_cfg(wc):
    """Post-processors and measures; the sizes to try in the population."""
    sizes = MULTICALIBRATION["population"]["sizes"] if wc.dataset == POPULATION else []
    return canonical(
        {
            "post_processors": MULTICALIBRATION["post_processors"],
            "measures": MULTICALIBRATION["measures"],
            "reuse": MULTICALIBRATION["reuse"] and wc.dataset != POPULATION,
            "sizes": sizes,
        }
    )


def study_tables(kind):
    """Input function: the table `kind` of every base model of a data set."""

    def inputs(wc):
        folder = f"<results>/multicalibration/{wc.dataset}"
        return [f"{folder}/{model}/{kind}.parquet" for model in study_models(wc.dataset)]

    return inputs


def multicalibration_figure_cfg(wc):
    """Models in the order of the inputs, and the resolution."""
    models = study_models(wc.dataset)
    return canonical({"dataset": wc.dataset, "models": models, "dpi": CONFIG["figures"]["dpi"]})


KNOWN = ["known_population", "invariants", "official_options"]  # on the population
OPTIONED = ["logistic_regression", "naive_bayes"]  # a calibrated base model and one that is not
ANALYSES = [*KNOWN, "real_data"] + (["published_numbers"] if OFFICIAL in REAL else [])


def of_models(kind, datasets):
    """The table `kind` of every base model of some data sets, as (name, path)."""
    return [
        (f"{dataset}/{model}", f"<results>/multicalibration/{dataset}/{model}/{kind}.parquet")
        for dataset in datasets
        for model in study_models(dataset)
    ]


def analysis_datasets(study):
    """The data sets that an analysis looks at."""
    return {"real_data": REAL, "published_numbers": [OFFICIAL]}.get(study, [POPULATION])


def analysis_inputs(wc):
    """Measures of every model that an analysis looks at; the tables it needs besides."""
    if wc.study == "invariants":
        return {
            "predictions": base_tables(POPULATION, "naive_bayes"),
            "groups": f"<results>/data/{POPULATION}/groups.parquet",
        }
    if wc.study == "official_options":
        return {
            "groups": f"<results>/data/{POPULATION}/groups.parquet",
            **{f"base_{model}": base_tables(POPULATION, model) for model in OPTIONED},
        }
    found = {
        kind: [path for _, path in of_models(kind, analysis_datasets(wc.study))]
        for kind in ("metrics", "selected")
    }
    if wc.study == "published_numbers":
        found |= {f"base_{model}": base_tables(OFFICIAL, model) for model in study_models(OFFICIAL)}
        found |= {
            "table": f"<results>/data/{OFFICIAL}/table.parquet",
            "groups": f"<results>/data/{OFFICIAL}/groups.parquet",
            "published": "config/published/credit_default.yaml",
        }
    return found


def analysis_cfg(wc):
    """Names of the samples in the order of the inputs, and what the analysis is told."""
    size = MULTICALIBRATION["population"]["sizes"][-2]
    if wc.study == "invariants":
        return canonical({"post_processors": MULTICALIBRATION["post_processors"], "size": size})
    if wc.study == "official_options":
        measures = MULTICALIBRATION["measures"]
        return canonical({"models": OPTIONED, "size": size, "measures": measures})
    cfg = {"names": [name for name, _ in of_models("metrics", analysis_datasets(wc.study))]}
    if wc.study == "published_numbers":
        cfg |= {"svm": base_settings(OFFICIAL, "svm")}
        cfg |= {key: MULTICALIBRATION[key] for key in ("fractions", "seeds")}
    return canonical(cfg)
