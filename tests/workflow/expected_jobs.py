"""How many jobs of which rules the smoke scale has, and what follows what."""

from __future__ import annotations

from collections import Counter

# Jobs of the smoke scale: data sets breast_cancer, synthetic_groups (binary tables), wine (three
# classes), digits (images); five classical models, an MLP everywhere, a convnet on digits; 2 seeds.
# And the forecast oscillating.
TABULAR, IMAGES, SEEDS = 3, 1, 2
DATASETS = TABULAR + IMAGES
FORECASTS = 1  # oscillating: predictions that come with the data, drawn binned and smooth too
CLASSICAL = 5
ANSWERED = 2  # decoders with and without positions: their answers are predictions too
LENGTH_FIGURES = 8
DIFFUSION_FIGURES = 16
IMAGE_FIGURES = 2
SELF_SUPERVISED_FIGURES = 11
GENERATED = 1  # what generated digits are taken for is a table of predictions too
DIFFUSION_NETWORKS = 14
SURVEY_FIGURES = 6, 5, 1  # of real editions, of simulated ones, of the procedures
POLICIES = 1  # finetuned policies are predictors too
SPEAKERS = 2  # and so are finetuned language models, on two tasks
EXACT_FIGURES, POLICY_FIGURES, POLICY_STUDIES = 3, 6, 5
LANGUAGE_FIGURES = 7
EXPERIMENTS = 3  # of finetuning, each with SEEDS jobs
POLICY_CLAIMS = 10  # those on digits
PROBED = 1  # so are the probes of self-supervised encoders on digits
OTHERS = GENERATED + POLICIES + SPEAKERS + PROBED
ENCODER_JOBS = 2 * SEEDS  # digits, plain and with planted noise: a bundle each
ENCODER_CLAIMS = 7 + 2  # of LiDAR, of noisy features: those on trained encoders
NETWORKS = TABULAR * 1 + IMAGES * 2  # models, each with SEEDS jobs
STUDIES = 8
ON_PREDICTIONS = 4  # studies that read the models' predictions
# What follows when predictions change: their measures, the studies on them, claims, figures.
JUDGED = {"study": ON_PREDICTIONS, "judge": ON_PREDICTIONS, "claims_table": 1}
DOWNSTREAM = JUDGED | {"plot_study": ON_PREDICTIONS}
# The study of multicalibration: six base models on one data set, four on the population with known
# truth; of each the MLP has a job a seed, the others one job.
BASE_CLASSICAL, BASE_NETWORKS = 5 + 3, SEEDS * 2
BASE_MODELS = 6 + 4
GROUPS = DATASETS + 1  # data sets whose rows have groups, the population among them
KNOWN_CLAIMS, REAL_CLAIMS, INVARIANT_CLAIMS = 6, 3, 2
STUDY_FIGURES = 4
# What follows when what post-processors do changes, and when base models change.
MULTICALIBRATED = {
    "multicalibrate": BASE_MODELS,
    "plot_multicalibration": STUDY_FIGURES,
    "analyse": 4,
    "plot_analysis": 4,
    "plot_data_size": 1,
}
BASED = MULTICALIBRATED | {"fit_base": BASE_CLASSICAL, "train_base": BASE_NETWORKS}
STUDY_CLAIMS = KNOWN_CLAIMS + REAL_CLAIMS + INVARIANT_CLAIMS


# What follows when every post-processor of the shared stage changes.
RECALIBRATED = {
    "recalibrate": DATASETS + ANSWERED + OTHERS,
    "plot_recalibration": DATASETS + ANSWERED + OTHERS,
    "study_length": 1,  # how confidence loses its calibration with length
    "plot_length": 1,
    "study_policies": 1,  # whether finetuning makes over-confident
    "plot_policies": 1,
    "study_policy_confidence": 1,  # and whether finetuning makes it worse
    "plot_policy_confidence": 1,
}


def measured(datasets: int) -> dict[str, int]:
    """What the shared stage makes of predictions on some data sets."""
    return {
        "smooth_ece": datasets,
        "recalibrate": datasets,
        "plot_reliability": datasets,
        "plot_recalibration": datasets,
    }


def together(*parts: dict[str, int]) -> dict[str, int]:
    """Jobs of several causes that share none."""
    return dict(sum(map(Counter, parts), Counter()))


# What follows when digits or their judge change: samples, their study, figures and predictions.
GUIDED_IMAGES = {
    "sample_images": SEEDS,
    "group_images": 1,
    "study_images": 1,
    "plot_images": IMAGE_FIGURES,
}
# What follows when self-supervised encoders are measured anew, and when their images change.
MEASURED_ENCODERS = {
    "measure_encoders": ENCODER_JOBS,
    "probe_predictions": 1,
    "study_selection": 1,
    "study_along_training": 1,
    "study_bridge": 1,
    "plot_trained": 6,
}
TRAINED_ENCODERS = MEASURED_ENCODERS | {"train_encoders": ENCODER_JOBS}
# And when networks are trained anew, or samplers change: what is sampled from all of them.
SAMPLED = together(GUIDED_IMAGES, measured(GENERATED), {"study_learned": 5, "plot_diffusion": 5})
DIFFUSED = SAMPLED | {"train_diffusion": DIFFUSION_NETWORKS * SEEDS}
# What follows when policies are finetuned anew.
FINETUNED = {
    "finetune_policies": EXPERIMENTS * SEEDS,
    "judge_policies": POLICIES,
    "study_policies": POLICY_STUDIES,
    "plot_policies": POLICY_FIGURES,
}
# The claims on learned scores: the Gaussian example, the plane, digits; five of the tutorial's.
LEARNED_CLAIMS = 3 + 4


def judged(claims: int) -> dict[str, int]:
    """Verdicts that are asked anew, and the table of them."""
    return {"judge": claims, "claims_table": 1}
