"""What the rules of diffusion share: figures of each paper, networks, settings of a study."""

DIFFUSION = CONFIG["diffusion"]
LEARNED = DIFFUSION["learned"]
LEARNED_DIR = "<results>/diffusion/learned"

# A figure -> the study whose table it draws.
GUIDANCE = {
    "gaussian_variances": "gaussian_variances",
    "discretisations": "discretisations",
    "shared_noise": "shared_noise",
    "corrector": "corrector",
    "plane": "corrector",
    "clusters": "clusters",
    "learned_gaussian": "learned_gaussian",
    "learned_plane": "learned_plane",
}
STEP_BY_STEP = {
    "reverse_steps": "reverse_steps",
    "step_counts": "step_counts",
    "velocities": "velocities",
    "fields": "velocities",
    "variance_reduction": "variance_reduction",
    "memorisation": "memorisation",
    "annulus": "annulus",
    "trainings": "trainings",
}


# A real checkpoint is an option: its study and figure exist where a folder is named.
SDXL = DIFFUSION["sdxl"]
EXPERIMENTS["sdxl"] = SDXL["checkpoint"] is not None
if EXPERIMENTS["sdxl"]:
    GUIDANCE["sdxl"] = "sdxl"


# Learned scores -------------------------------------------------------------------------------

# A study -> the networks that it samples from.
LEARNED_STUDIES = {name: tuple(LEARNED["studies"][name]["networks"]) for name in LEARNED["studies"]}
IMAGE_NETWORKS = tuple(LEARNED["images"])
IMAGES = ("digits", "mnist", "cifar10")
"""Data that come from a prepared table."""


def guided_settings(name):
    """Settings of one network, the common ones under its own; without its seed."""
    return LEARNED["network"] | lookup(LEARNED, f"networks.{name}")


def guided_cfg(wc):
    """The same for one seed, as a rule's slice."""
    return canonical(guided_settings(wc.network) | {"seed": int(wc.seed)})


def guided_gpus(wc):
    """One GPU where the settings allow it, none where they say `device: cpu`."""
    return 0 if guided_settings(wc.network)["device"] == "cpu" else 1


def guided_table(wc):
    """The prepared table of the images that a network is trained on; other data are drawn."""
    data = guided_settings(wc.network)["data"]
    return {"table": f"<results>/data/{data}/table.parquet"} if data in IMAGES else {}


def models_of_networks(networks, seeds):
    """The weights of every seed of some networks."""
    return expand(f"{LEARNED_DIR}/{{n}}/seed{{s}}/model.safetensors", n=networks, s=seeds)


def study_models_of(wc):
    """The networks that a study samples from."""
    return models_of_networks(LEARNED_STUDIES[wc.study], LEARNED["seeds"])


def learned_cfg(wc):
    """Settings of the networks, from which they are built, their seeds, how they are sampled."""
    # A list: a mapping's keys would be sorted, away from the order of the inputs.
    networks = [guided_settings(name) for name in LEARNED_STUDIES[wc.study]]
    sampling = lookup(LEARNED, f"studies.{wc.study}.sampling")
    own = {"networks": networks, "seeds": LEARNED["seeds"]}
    return canonical(own | {"sampling": sampling})


# Images ---------------------------------------------------------------------------------------

# What is judged: model -> sampler and weight. The weight is that of the claims on guided images.
JUDGED = {
    "unguided": {"sampler": "ddpm", "weight": 1.0},
    "guided_ddim": {"sampler": "ddim", "weight": 3.0},
    "guided_ddpm": {"sampler": "ddpm", "weight": 3.0},
    "guided_pcg": {"sampler": "pcg", "weight": 3.0},
}
for network in IMAGE_NETWORKS:
    PREDICTIONS |= {
        ("diffusion", f"generated_{network}", model): expand(
            f"<results>/diffusion/images/{network}/seed{{s}}/{model}.parquet", s=LEARNED["seeds"]
        )
        for model in JUDGED
    }
FIRST_SEED["diffusion"] = LEARNED["seeds"][0]


def image_pair(wc):
    """The network and its flow twin, by name."""
    return [wc.network, lookup(LEARNED, f"images.{wc.network}")["flow"]]


def image_models(wc):
    """The weights of both, of one seed."""
    return models_of_networks(image_pair(wc), [wc.seed])


def images_cfg(wc):
    """Settings of a network and its twin, how they are sampled, and which samples are judged."""
    networks = [guided_settings(name) for name in image_pair(wc)]
    settings = lookup(LEARNED, f"images.{wc.network}")
    sampling = {key: value for key, value in settings.items() if key != "flow"}
    own = {"networks": networks, "seeds": [int(wc.seed)], "sampling": sampling}
    return canonical(own | {"judged": list(JUDGED.values())})


def image_files(name):
    """A file of every seed of the network that the wildcards name."""
    return lambda wc: expand(
        f"<results>/diffusion/images/{wc.network}/seed{{s}}/{name}", s=LEARNED["seeds"]
    )


def image_figures():
    """Figures of every network of images, and of the predictions on what they generate."""
    folder = "<results>/diffusion"
    return [
        *expand(
            f"{folder}/images/{{n}}/figures/{{f}}.png", n=IMAGE_NETWORKS, f=["images", "image_grid"]
        ),
        *expand(
            f"{folder}/generated_{{n}}/figures/{{f}}.png",
            n=IMAGE_NETWORKS,
            f=["reliability", "recalibration"],
        ),
    ]


def image_table(wc):
    """The table that a figure of images draws: the study's, or images of the first seed."""
    folder = f"<results>/diffusion/images/{wc.network}"
    if wc.figure == "images":
        return f"{folder}/study/table.parquet"
    return f"{folder}/seed{LEARNED['seeds'][0]}/shown.parquet"


# Stable Diffusion XL --------------------------------------------------------------------------


def sdxl_checkpoint(wc):
    """Every file of the checkpoint: which weights they are is part of what the samples are."""
    folder = Path(SDXL["checkpoint"])
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    if not files:
        raise SystemExit(
            f"lemmata: config: diffusion.sdxl.checkpoint = {str(folder)!r}: no such folder"
        )
    return files


def sdxl_cfg(wc):
    """How it is sampled; the files are inputs."""
    return canonical({key: value for key, value in SDXL.items() if key != "checkpoint"})


# Studies with exact scores, figures -----------------------------------------------------------


def diffusion_figures(names):
    """The files of some figures."""
    return [f"<results>/diffusion/figures/{name}.png" for name in names]


def exact_cfg(wc):
    """The settings of one study with exact scores."""
    return canonical(lookup(DIFFUSION, f"exact.{wc.study}"))


def diffusion_table(wc):
    """The table that a figure draws."""
    study = (GUIDANCE | STEP_BY_STEP)[wc.figure]
    return f"<results>/diffusion/studies/{study}/table.parquet"
