"""What the rules of self-supervised learning share: figures of each paper, settings of a study."""

SELF_SUPERVISED = CONFIG["self_supervised"]

# A figure -> the study whose table it draws.
NOISY_FEATURES = {
    "amplitudes": "learning_order",
    "learning_orders": "learning_order",
    "time_ratios": "learning_order",
    "critical_times": "critical_times",
    "descent": "descent",
    "temporal": "temporal",
    "masking": "masking",
    "departures": "departures",
}
LIDAR = {
    "identities": "identities",
    "controlled_family": "controlled_family",
    "convergence": "convergence",
}

# Studies that train nothing: linear networks, and metrics where the truth is known.
EXACT_STUDIES = SELF_SUPERVISED["linear"] | SELF_SUPERVISED["metrics"]


def self_supervised_figures(names):
    """The files of some figures."""
    return [f"<results>/self_supervised/figures/{name}.png" for name in names]


def self_supervised_cfg(wc):
    """The settings of one study."""
    return canonical(EXACT_STUDIES[wc.study])


def self_supervised_gpus(wc):
    """One GPU for a study that can use one, where the settings allow it."""
    return 0 if EXACT_STUDIES[wc.study].get("device", "cpu") == "cpu" else 1


def self_supervised_table(wc):
    """The table that a figure draws."""
    study = (NOISY_FEATURES | LIDAR)[wc.figure]
    return f"<results>/self_supervised/studies/{study}/table.parquet"
