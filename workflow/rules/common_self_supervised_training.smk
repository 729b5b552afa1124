"""What the rules of self-supervised training share: runs, bundles, settings, lists of inputs."""

SSL = CONFIG["self_supervised"]
TRAINED, BRIDGE = SSL["trained"], SSL["bridge"]
SSL_DIR = "<results>/self_supervised"
PLANTED = f"planted_{BRIDGE['dataset']}"
FOLDER = "folder"
SSL_SEEDS = TRAINED["seeds"]
FIRST_SEED["self_supervised"] = SSL_SEEDS[0]
if "noisy_features" not in FIGURES:
    FIGURES["noisy_features"] = []
if "lidar" not in FIGURES:
    FIGURES["lidar"] = []


# Runs -----------------------------------------------------------------------------------------
# A method's sweep varies one setting at a time around its base. A setting stands in `common` or
# among the method's own; data sets may lay values over both.

COMMON = set(TRAINED["common"])


def ssl_methods(images):
    """Method -> its own settings and its sweep, for one set of images."""
    if images == PLANTED:
        return BRIDGE["methods"]
    return {name: TRAINED["methods"][name] for name in TRAINED["images"][images]["methods"]}


def ssl_over(images, method):
    """Settings that a set of images lays over those of all methods."""
    if images == PLANTED:
        return BRIDGE["settings"] | BRIDGE["methods"][method]["settings"]
    return TRAINED["images"][images]["settings"]


def run_of(images, method, point="base", axis="", value=None):
    """One run as plain values: its place in the sweep, and its settings without the seed."""
    flat = TRAINED["common"] | TRAINED["methods"][method]["settings"]
    flat = flat | ssl_over(images, method) | ({axis: value} if axis else {})
    settings = {key: flat[key] for key in COMMON} | {"method": method}
    settings["own"] = {
        key: flat[key] for key in flat if key not in COMMON and key not in OTHERS[method]
    }
    run = {"point": point, "axis": axis, "value": value, "settings": settings}
    # Bases alone are followed along their training; planted noise is looked at in the end.
    followed = images != PLANTED and point == "base"
    return run | ({"snapshots": TRAINED["snapshots"]} if followed else {})


# What a set of images may lay over all methods but one method does not know.
EVERY_OWN = {key for own in TRAINED["methods"].values() for key in own["settings"]}
OTHERS = {
    name: EVERY_OWN - set(own["settings"]) - COMMON for name, own in TRAINED["methods"].items()
}


def point_name(axis, value):
    """A run's name: letters, digits and underscores, as paths and weights need it."""
    text = f"{value:g}" if isinstance(value, (int, float)) else str(value)
    return f"{axis}_{text}".lower().replace(".", "p").replace("-", "m").replace("+", "")


def encoder_runs(images, method):
    """The base, and one run for each value of each axis of the sweep."""
    sweep = ssl_methods(images)[method]["sweep"]
    swept = [
        run_of(images, method, point_name(axis, value), axis, value)
        for axis, values in sweep.items()
        for value in values
    ]
    return [run_of(images, method), *swept]


# Bundles --------------------------------------------------------------------------------------


def bundles_of(images):
    """Bundle -> its runs: what one job trains for one seed.

    A bundle is a list of methods with all their runs, where start-up would cost more than the
    runs; a method that is in none has a job for each of its points.
    """
    together = (BRIDGE if images == PLANTED else TRAINED["images"][images])["together"]
    known = ssl_methods(images)
    found = {}
    for name, methods in together.items():
        runs = [
            run for method in methods if method in known for run in encoder_runs(images, method)
        ]
        if runs:
            found[name] = runs
    for method in known:
        if not any(method in methods for methods in together.values()):
            for run in encoder_runs(images, method):
                found[f"{method}_{run['point']}"] = [run]
    return found


SSL_IMAGES = [*TRAINED["images"], PLANTED]
BUNDLES = {images: bundles_of(images) for images in SSL_IMAGES}


def ssl_files(images, name):
    """A file of every bundle and seed of a set of images."""
    folder = f"{SSL_DIR}/{images}/runs"
    return [f"{folder}/{b}/seed{s}/{name}" for b in BUNDLES[images] for s in SSL_SEEDS]


# Images ---------------------------------------------------------------------------------------


def ssl_table(wc):
    """The table that images come from: prepared pixels, or the listing of a folder."""
    if wc.images == FOLDER:
        return f"{SSL_DIR}/{FOLDER}/listing.parquet"
    name = BRIDGE["dataset"] if wc.images == PLANTED else wc.images
    return f"<results>/data/{name}/table.parquet"


def ssl_source(images):
    """How images are made of their table."""
    if images == FOLDER:
        own = TRAINED["folder"]
        return {"kind": "folder", **{key: own[key] for key in ("path", "side", "workers")}}
    if images == PLANTED:
        return {"kind": "planted", "nuisance": BRIDGE["nuisance"], "seed": BRIDGE["seed"]}
    return {"kind": "table"}


def folder_of(wc):
    """The folder that a job may read besides its inputs."""
    return TRAINED["folder"]["path"] if wc.images == FOLDER else ""


def ssl_runs(wc):
    """The runs of a bundle."""
    return BUNDLES[wc.images][wc.bundle]


def ssl_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if ssl_runs(wc)[0]["settings"]["device"] == "cpu" else 1


def ssl_cfg(wc):
    """The runs of a bundle for one seed, and the images."""
    own = {"images": wc.images, "source": ssl_source(wc.images), "runs": ssl_runs(wc)}
    return canonical(own | {"seed": int(wc.seed)})


def measured_cfg(wc):
    """The same, and how the encoders are measured."""
    return canonical(ssl_cfg(wc) | {"measures": TRAINED["measures"]})


def listing_cfg(wc):
    """Which folder, and how its images are split."""
    return canonical({"path": TRAINED["folder"]["path"], "split": CONFIG["data"]["split"]})


# Predictions ----------------------------------------------------------------------------------


def probe_files(wc):
    """The probes' predictions of every bundle and seed."""
    return ssl_files(wc.images, "predictions.parquet")


# Methods whose probes join the shared stage; a folder's images have no groups, the planted ones are
# not the data set's.
JUDGED_PROBES = TRAINED["judged"]
PREDICTIONS |= {
    ("self_supervised", images, method): [f"{SSL_DIR}/{images}/{method}_probe.parquet"]
    for images in TRAINED["images"]
    if images != FOLDER
    for method in JUDGED_PROBES
    if method in ssl_methods(images)
}
PROBED = sorted({key[1] for key in PREDICTIONS if key[0] == "self_supervised"})


def along_files(wc):
    """Measures along the training of every bundle that has a base, and every seed."""
    bases = [b for b, runs in BUNDLES[wc.images].items() if any(r["point"] == "base" for r in runs)]
    folder = f"{SSL_DIR}/{wc.images}/runs"
    return [f"{folder}/{b}/seed{s}/along.parquet" for b in bases for s in SSL_SEEDS]


def bridge_cfg(wc):
    """Blocks of the base's encoder, and the delta of the LiDAR that is looked at."""
    base = run_of(PLANTED, "i_jepa")["settings"]
    return canonical({"base_depth": base["depth"], "delta": TRAINED["selection"]["delta"]})


# Studies and figures --------------------------------------------------------------------------

SELECTION_FIGURES = ("metrics_and_accuracy", "correlations", "recovered", "loss")


def selection_figures():
    """Figures of each set of images: the sweeps, and the probes' calibration."""
    return [
        *expand(
            f"{SSL_DIR}/{{i}}/selection/figures/{{f}}.png", i=TRAINED["images"], f=SELECTION_FIGURES
        ),
        *expand(f"{SSL_DIR}/{{i}}/along_training/figures/along_training.png", i=TRAINED["images"]),
        *expand(f"{SSL_DIR}/{{i}}/figures/reliability.png", i=PROBED),
        *expand(f"{SSL_DIR}/{{i}}/figures/recalibration.png", i=PROBED),
    ]


def bridge_figures():
    """The figure of planted noise."""
    return [f"{SSL_DIR}/{PLANTED}/bridge/figures/planted_noise.png"]
