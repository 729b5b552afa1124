"""Studies of finetuned language models on tables made by hand; every figure draws its table."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lemmata.reinforcement_finetuning.language.exact_match import std_of
from lemmata.reinforcement_finetuning.language.studies import (
    confidence,
    curves,
    gain,
    mixtures,
    remedies,
    sft_first,
)
from lemmata.tables import write_table

SEEDS = (0, 1, 2)
METHODS = ("reinforce", "ppo", "grpo", "sft", "sft_reinforce")


def history(rows):
    """Rows (run, stage, step, kind, low, n, reward, std), every seed a little other."""
    names = ["run", "stage", "step", "kind", "low", "n", "reward", "std"]
    frames = []
    for seed in SEEDS:
        frame = pd.DataFrame(rows, columns=names).assign(seed=seed)
        frames.append(frame.assign(reward=frame["reward"] + 0.01 * seed))
    return pd.concat(frames, ignore_index=True)


def answers():
    rng = np.random.default_rng(0)
    frames = []
    for seed in SEEDS:
        p = rng.uniform(0, 0.5, 200)
        std = std_of(p)
        own = {"row": np.arange(200), "seed": seed, "std": std, "low": std <= 0.3, "kind": "k"}
        frames.append(pd.DataFrame(own).assign(run="pretrained", p_target=p))
        for run in METHODS:
            # RFT gains where there is STD, SFT where there is room.
            gained = 0.4 * std if run != "sft" else 0.9 * (1 - p)
            frames.append(
                pd.DataFrame(own).assign(run=run, p_target=p + gained * rng.uniform(0.5, 1, 200))
            )
    return pd.concat(frames, ignore_index=True)


def of(study):
    return study.evidence.set_index("statistic")


def test_gain_is_correlated_input_by_input():
    found = gain.study(answers())
    evidence, whole = of(found), answers()
    by_seed = []
    for seed in SEEDS:
        own = whole[whole["seed"] == seed].set_index("run")
        gained = 2 * (
            own.loc["sft", "p_target"].to_numpy() - own.loc["pretrained", "p_target"].to_numpy()
        )
        by_seed.append(stats.pearsonr(own.loc["sft", "std"], gained).statistic)
        rank = stats.spearmanr(own.loc["sft", "std"], gained).statistic
        part = found.table[(found.table["run"] == "sft") & (found.table["seed"] == seed)]
        assert part["pearson"].iloc[0] == pytest.approx(by_seed[-1])
        assert part["std"].rank().corr(part["gain"].rank()) == pytest.approx(rank)
    assert evidence.loc["pearson_sft", "value"] == pytest.approx(np.mean(by_seed))
    half = stats.t.ppf(0.975, 2) * stats.sem(by_seed)
    assert evidence.loc["pearson_sft", "upper"] == pytest.approx(np.mean(by_seed) + half)
    least = evidence.loc["min_pearson_reinforce"]
    assert (
        least["value"]
        == least["lower"]
        == least["upper"]
        <= evidence.loc["pearson_reinforce", "value"]
    )
    assert evidence.loc["min_pearson_reinforce_less_sft", "value"] > 0.5


def test_gain_without_variation_is_left_out():
    table = answers()
    before = table[table["run"] == "pretrained"].set_index(["seed", "row"])["p_target"]
    at = table["run"] == "ppo"
    keys = pd.MultiIndex.from_frame(table.loc[at, ["seed", "row"]])
    table.loc[at, "p_target"] = before.loc[keys].to_numpy()  # nothing was gained
    evidence = of(gain.study(table))
    assert "pearson_ppo" not in evidence.index
    assert "pearson_grpo" in evidence.index


def test_curves_are_means_over_questions_whatever_their_kind():
    rows = [
        (run, 0, step, kind, low, n, reward, 0.5)
        for run in METHODS
        for step, up in ((0, 0.0), (10, 0.5))
        for kind, low, n, reward in (
            ("a", True, 30, -1 + up),
            ("b", True, 10, -0.6 + up),
            ("b", False, 5, up),
        )
    ]
    found = curves.study(history(rows))
    low = found.table[
        (found.table["low"]) & (found.table["seed"] == 0) & (found.table["run"] == "ppo")
    ]
    assert low["reward"].tolist() == pytest.approx([-0.9, -0.4])
    evidence = of(found)
    assert evidence.loc["final_low_reinforce", "value"] == pytest.approx(-0.4 + 0.01)
    assert evidence.loc["final_high_sft", "value"] == pytest.approx(0.5 + 0.01)


def remedy_rows():
    ends = {
        "plain": (-1.0, 0.2), "rate_3": (-0.95, 0.25), "rate_10": (-0.7, 0.1),
        "temperature_2": (-1.0, 0.5), "entropy_0.1": (-0.99, 0.22), "shaped": (0.3, 0.6),
    }  # fmt: skip
    rows = []
    for run, (unseen, rest) in ends.items():
        rows += [
            (run, 0, 5, "w = 0", True, 20, unseen, 0.0),
            (run, 0, 5, "w = 0.5", False, 60, rest, 0.9),
            (run, 0, 0, "w = 0", True, 20, -1.0, 0.0),
        ]
    return rows


def test_remedies_are_judged_by_their_worst_seed():
    evidence = of(remedies.study(history(remedy_rows())))
    assert evidence.loc["max_unseen_rate_or_entropy", "value"] == pytest.approx(-0.7 + 0.02)
    assert evidence.loc["max_unseen_entropy", "value"] == pytest.approx(-0.99 + 0.02)
    overall = {"plain": (-20 + 12) / 80, "rate_3": (-19 + 15) / 80, "temperature_2": 10 / 80}
    above = evidence.loc["max_above_plain_rate", "value"]
    assert above == pytest.approx(overall["rate_3"] - overall["plain"])
    above = evidence.loc["max_above_plain_temperature", "value"]
    assert above == pytest.approx(overall["temperature_2"] - overall["plain"])


SHARES = {"sft_0": 0.0, "sft_10": 0.1, "sft_100": 1.0}


def sft_rows():
    rows = []
    for run, (after_sft, end, std) in {
        "sft_0": (-0.8, 0.0, 0.01), "sft_10": (-0.4, 0.8, 0.5), "sft_100": (0.8, 0.95, 0.3),
    }.items():  # fmt: skip
        last = 0 if run == "sft_0" else 1
        if last:
            rows += [(run, 0, s, "a", True, 10, -0.9, 0.0) for s in (0, 5)]
        rows.append((run, last, 0, "a", True, 10, after_sft, std))
        rows.append((run, last, 9, "a", True, 10, end, 0.1))
    return rows


def test_what_is_kept_is_success_over_that_of_the_full_pipeline():
    evidence = of(sft_first.study(history(sft_rows()), SHARES))
    ratios = [(1.8 + 0.01 * seed) / (1.95 + 0.01 * seed) for seed in SEEDS]
    assert evidence.loc["retained_10", "value"] == pytest.approx(np.mean(ratios))
    assert evidence.loc["min_retained_10", "value"] == pytest.approx(min(ratios))
    assert evidence.loc["retained_100", "value"] == pytest.approx(1.0)
    assert evidence.loc["max_reward_0", "value"] == pytest.approx(0.02)
    assert evidence.loc["sft_alone_10", "value"] == pytest.approx(-0.39)
    assert evidence.loc["std_after_sft_10", "value"] == pytest.approx(0.5)


RUNS = {f"{m}_{k}": (m, share) for m in ("rft", "sft") for k, share in enumerate((0.0, 0.25, 0.5))}


def mixture_rows():
    rows = []
    for run, (method, _) in RUNS.items():
        low, high = (-1.0, 0.9) if method == "rft" else (0.6, 0.8)
        rows += [(run, 0, 5, "a", True, 10, low, 0.0), (run, 0, 5, "b", False, 30, high, 0.9)]
    return rows


def mixture_study():
    methods = {run: {"rft": "reinforce"}.get(m, m) for run, (m, _) in RUNS.items()}
    return mixtures.study(
        history(mixture_rows()), methods, {run: s for run, (_, s) in RUNS.items()}
    )


def test_rewards_of_a_mixture_are_weighted_by_its_own_shares():
    found = mixture_study()
    own = found.table[found.table["seed"] == 0].set_index("low_share")
    assert own.loc[0.25, "reinforce"] == pytest.approx(0.25 * -1.0 + 0.75 * 0.9)
    assert own.loc[0.5, "difference"] == pytest.approx((-0.5 + 0.45) - (0.3 + 0.4))
    evidence = of(found)
    assert evidence.loc["max_spearman", "value"] == pytest.approx(-1.0)
    assert evidence.loc["difference_at_least", "value"] == pytest.approx(0.1)


def confidence_study(folder):
    rows = [
        {"model": run, "seed": seed, "post_processor": post, "group": group, "n": 5,
         "smooth_ece": 0.1, "mean_p": p + 0.01 * seed * (run == "sft"), "mean_y": y}
        for run, p, y in (("pretrained", 0.3, 0.2), ("reinforce", 0.9, 0.3), ("sft", 0.8, 0.9))
        for seed in SEEDS
        for post in ("erm", "platt")
        for group in ("low_std", "high_std", "predicted_0")
    ]  # fmt: skip
    path = folder / "metrics.parquet"
    write_table(pd.DataFrame(rows), path)
    return confidence.study(["text"], [path])


def test_excess_of_confidence_is_compared_with_the_pretrained_model(tmp_path):
    found = confidence_study(tmp_path)
    assert len(found.table) == 3 * 3 * 2
    evidence = of(found)
    assert evidence.loc["excess_text_low_reinforce", "value"] == pytest.approx(0.5)
    assert evidence.loc["excess_text_high_sft", "value"] == pytest.approx(-0.19)


@pytest.mark.parametrize(
    "name", ["gain", "curves", "remedies", "sft_first", "mixtures", "confidence"]
)
def test_figures_draw_the_tables(name, tmp_path):
    two_stages = [
        (run, stage, step, "a", low, 9, 0.1 * step, 0.2)
        for run in METHODS
        for stage in range(2 if run == "sft_reinforce" else 1)
        for step in (0, 5)
        for low in (True, False)
    ]
    made = {
        "gain": lambda: gain.study(answers()),
        "curves": lambda: curves.study(history(two_stages)),
        "remedies": lambda: remedies.study(history(remedy_rows())),
        "sft_first": lambda: sft_first.study(history(sft_rows()), SHARES),
        "mixtures": mixture_study,
        "confidence": lambda: confidence_study(tmp_path),
    }[name]()
    draw = importlib.import_module(f"lemmata.reinforcement_finetuning.language.figures.{name}").draw
    fig = draw(made.table)
    shown = [ax.get_xlabel() or fig.get_supxlabel() for ax in fig.axes]
    assert all(shown)
    assert any(ax.get_ylabel() for ax in fig.axes) or name == "remedies"
    if name == "curves":  # the second stage goes on where the first ended
        assert max(line.get_xdata().max() for line in fig.axes[0].get_lines()) == 10
