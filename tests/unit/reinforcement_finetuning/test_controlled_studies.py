"""Evidence of the controlled studies from tables by hand; figures draw what tables hold."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.reinforcement_finetuning.controlled.networks import NetworkSettings, new_network
from lemmata.reinforcement_finetuning.controlled.studies import (
    checkpoints,
    confidence,
    methods,
    remedies,
    sft_first,
)
from lemmata.reinforcement_finetuning.controlled.studies.final import finals
from lemmata.reinforcement_finetuning.controlled.task import TaskSettings, make_task
from lemmata.reinforcement_finetuning.exact.studies import bounds, surrogates, time_separation
from lemmata.reinforcement_finetuning.figures import bounds as bounds_figure
from lemmata.reinforcement_finetuning.figures import checkpoints as checkpoints_figure
from lemmata.reinforcement_finetuning.figures import confidence as confidence_figure
from lemmata.reinforcement_finetuning.figures import curves, gradients, slopes
from lemmata.reinforcement_finetuning.figures import remedies as remedies_figure
from lemmata.reinforcement_finetuning.figures import sft_first as sft_first_figure
from lemmata.reinforcement_finetuning.figures import time_separation as time_figure
from lemmata.tables import write_table

SIZES = {"low_std": 100, "high_std": 900}
# variant -> (initial, final) of low_std and of high_std
METHODS = {
    "rft": ((-1.0, -0.95), (-0.6, 0.99)),
    "sft": ((-1.0, 0.9), (-0.6, 0.98)),
    "reinforce": ((-1.0, -0.96), (-0.6, 0.99)),
    "grpo": ((-1.0, -0.97), (-0.6, 0.99)),
    "normalised": ((-1.0, -0.98), (-0.6, 1.0)),
    "rft_high_reward": ((0.5, 0.51), (-0.6, 0.99)),
    "sft_1_percent": ((-1.0, -0.95), (-0.6, 0.99)),
}


def history(values, seed, std=0.1):
    """Two epochs of every variant; the second seed's low group is .01 worse at the end."""
    rows = []
    for variant, groups in values.items():
        for (group, size), rewards in zip(SIZES.items(), groups, strict=True):
            low = group == "low_std"
            for epoch, reward in zip((0, 10), rewards, strict=True):
                rows.append(
                    {
                        "variant": variant,
                        "seed": seed,
                        "phase": "main",
                        "epoch": epoch,
                        "group": group,
                        "inputs": size,
                        "reward": reward - (0.01 * seed if low and epoch else 0.0),
                        "std": std if low else 0.8,
                        "rft_gradient": (0.04 if low else 1.0) * (1 + seed),
                        "sft_gradient": (5.0 + seed if low else 4.0),
                    }
                )
    rows.append({"variant": "pretrained", "seed": seed, "phase": "pretraining", "epoch": 1})
    return pd.DataFrame(rows)


def saved(tmp_path, values, name, **more):
    paths = []
    for seed in (0, 1):
        paths.append(str(tmp_path / f"{name}{seed}.parquet"))
        write_table(history(values, seed, **more), paths[-1])
    return paths


def of(study):
    return study.evidence.set_index("statistic")["value"]


def drawn(fig):
    """The labels of all axes, once everything was laid out."""
    fig.canvas.draw()
    texts = [ax.get_xlabel() for ax in fig.axes]
    assert all(texts)
    plt.close(fig)
    return texts


def test_overall_is_weighted_by_the_groups_sizes():
    last = finals(history(METHODS, 0)).set_index("variant")
    assert last.loc["rft", "low_std"] == -0.95
    assert last.loc["rft", "overall"] == pytest.approx(0.1 * -0.95 + 0.9 * 0.99)
    assert "pretrained" not in last.index


def test_methods_take_the_worst_seed(tmp_path):
    result = methods.study(saved(tmp_path, METHODS, "methods"))
    found = of(result)
    assert found["max_gradient_ratio_rft"] == pytest.approx(0.04)
    assert found["min_gradient_ratio_sft"] == pytest.approx(5 / 4)
    assert found["min_initial_high_reward"] == 0.5
    assert found["max_final_low_rft"] == -0.95
    assert found["min_final_low_sft"] == pytest.approx(0.89)
    assert found["min_final_high"] == 0.98
    assert found["max_final_low_normalised"] == -0.98
    assert found["max_gain_of_one_percent"] == pytest.approx(0.0)
    assert (result.evidence["n"] == 2).all()
    assert set(drawn(curves.draw(result.table))) == {"epoch"}
    assert set(drawn(gradients.draw(result.table))) == {"epoch"}


def test_remedies_are_held_against_plain_rft_and_sft(tmp_path):
    tried = {
        "learning_rate_times_10": ((-1.0, -0.95), (-0.6, 0.99)),
        "entropy_half": ((-1.0, 0.3), (-0.6, 0.7)),
    }
    base, more = saved(tmp_path, METHODS, "methods"), saved(tmp_path, tried, "remedies")
    result = remedies.study(base, more)
    found = of(result)
    assert found["max_low_of_remedies"] == pytest.approx(0.3)
    assert found["max_gain_of_remedies"] == pytest.approx(0.0)
    assert found["min_cost_of_the_lift"] == pytest.approx(0.29)
    sft, rft = 0.09 + 0.9 * 0.98, -0.095 + 0.9 * 0.99
    assert found["min_shortfall_to_sft"] == pytest.approx(sft - rft, abs=1e-3)
    assert result.table["remedy"].sum() == 4
    assert "final mean reward" in drawn(remedies_figure.draw(result.table))[0]


def test_sft_first_is_held_against_the_whole_pipeline(tmp_path):
    values = {
        "rft_sgd": ((-1.0, -1.0), (-0.6, 1.0)),
        "sft_1_percent": ((-0.6, 0.98), (0.2, 1.0)),
        "sft_full": ((0.9, 1.0), (0.9, 1.0)),
    }
    result = sft_first.study(saved(tmp_path, values, "sft_first", std=0.25))
    found = of(result)
    one, full, alone = 0.1 * 0.97 + 0.9, 0.1 * 0.99 + 0.9, 0.1 * -1.0 + 0.9
    assert found["min_retained"] == pytest.approx(one / full)
    assert found["min_advantage_over_rft"] == pytest.approx(one - alone + 0.001, abs=0.002)
    assert found["max_reward_of_sft_alone"] == pytest.approx(0.1 * -0.6 + 0.9 * 0.2)
    assert found["min_std_after_sft"] == 0.25
    assert len(drawn(sft_first_figure.draw(result.table))) == 2


def test_confidence_is_held_against_the_share_of_right_answers(tmp_path):
    policies = [("rft", 0.99, 0.9), ("sft", 0.97, 0.99), ("pretrained", 0.24, 0.2)]
    groups = ("all", "low_std", "high_std", "predicted_3")
    rows = [
        {
            "model": model + suffix,
            "seed": seed,
            "group": group,
            "post_processor": "erm",
            "n": 10,
            "mean_p": p - 0.002 * seed,
            "mean_y": y,
            "smooth_ece": abs(p - y),
        }
        for model, p, y in policies
        for suffix in ("", "_held_out")
        for seed in (0, 1)
        for group in groups
    ]
    rows.append({**rows[0], "post_processor": "platt", "mean_p": 0.0})
    path = str(tmp_path / "metrics.parquet")
    write_table(pd.DataFrame(rows), path)
    result = confidence.study(path)
    found = of(result)
    assert found["overconfidence_rft_tuned"] == pytest.approx(0.089)
    assert found["overconfidence_rft_over_sft_tuned"] == pytest.approx(0.11)
    assert found["overconfidence_rft_over_pretrained_held_out"] == pytest.approx(0.05)
    assert set(result.table["group"]) == {"all", "low_std", "high_std"}
    assert set(drawn(confidence_figure.draw(result.table))) == {"mean confidence"}


def test_bounds_hold_on_policies_of_the_experiment():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"row": range(120), "split": ["train", "test"] * 60})
    frame["y"] = np.arange(120) % 3
    frame = frame.join(pd.DataFrame({f"x_{i}": rng.random(120) for i in range(6)}))
    settings = TaskSettings(40, 20, 1, 2, 0.2, 0)
    task = make_task(frame, settings, 0)
    models = {
        name: new_network(NetworkSettings("mlp", (8,)), 6, 1, 3, seed)
        for seed, name in enumerate(("initial", "pretrained", "rft"))
    }
    result = checkpoints.study(iter([(0, task, models)]), each=6)
    assert len(result.table) == 3 * 2 * 6
    found = of(result)
    assert 0 < found["max_theorem_ratio"] < 1
    assert 0 < found["max_sharper_ratio"] < 1
    assert all(p.dtype == torch.float64 for m in models.values() for p in m.parameters())
    assert set(drawn(checkpoints_figure.draw(result.table))) == {"STD of the reward"}


def test_figures_of_exact_studies_draw_their_tables():
    counts = {"tabular": 20, "sequence": 5, "linear": 3, "mlp": 3, "transformer": 2}
    table = bounds.study(counts, [0], 2, 0).table
    assert "STD" in drawn(bounds_figure.draw(table))[0]
    table = surrogates.study(10, 1e-10, 15, [8], 0.2, 20, 0).table
    assert len(drawn(slopes.draw(table))) == 2
    table = time_separation.study(10, [0.1, 0.01, 5e-3, 1e-3], 0.05, 0.05, [8]).table
    assert len(drawn(time_figure.draw(table))) == 2
