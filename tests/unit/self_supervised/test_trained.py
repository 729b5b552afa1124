"""Runs from end to end: resumed to the same bytes, bundled, measured, studied, drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.self_supervised.experiment import chosen_compute, train_encoder, untrained
from lemmata.self_supervised.figures import (
    along_training,
    correlations,
    loss,
    metrics_and_accuracy,
    planted_noise,
    recovered,
)
from lemmata.self_supervised.images import TableImages, table_images
from lemmata.self_supervised.measured import MeasureSettings, final_loss, measure, views
from lemmata.self_supervised.measured_runs import measure_runs
from lemmata.self_supervised.methods.table import METHODS
from lemmata.self_supervised.runs import BASE, NamedRun, named_runs, train_runs
from lemmata.self_supervised.sources import source_of
from lemmata.self_supervised.studies.along_training import study as along_study
from lemmata.self_supervised.studies.bridge import study as bridge_study
from lemmata.self_supervised.studies.selection import study as selection_study
from lemmata.tables import check_predictions, read_table, write_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.loop import Interrupted
from lemmata.training.weights import save_weights
from tests.unit.self_supervised.settings import settings

HOW = MeasureSettings(
    samples=20,
    views=3,
    deltas=(1e-6, 1e-4),
    alpha=(2, 8),
    penalties=(1.0,),
    neighbours=3,
    ridge=1e-3,
    collapsed=1e-6,
)


def table(rows: int = 120) -> pd.DataFrame:
    """Three classes of blurred spots on 8 x 8 pixels, as a prepared table."""
    rng = np.random.default_rng(0)
    y = np.arange(rows) % 3
    pixels = rng.uniform(0, 0.3, (rows, 8, 8))
    for k, (i, j) in enumerate(((1, 1), (5, 2), (3, 5))):
        pixels[y == k, i : i + 2, j : j + 2] += 0.6
    split = np.array(["train", "validation", "test"])[np.arange(rows) // 3 % 5 % 3]
    frame = pd.DataFrame(pixels.reshape(rows, 64), columns=[f"x_{k}" for k in range(64)])
    frame.insert(0, "y", y)
    frame.insert(0, "split", split)
    frame.insert(0, "row", np.arange(rows))
    return frame


def images() -> TableImages:
    return table_images(table())


@pytest.mark.parametrize("method", METHODS)
def test_resumed_to_the_same_weights(method: str, tmp_path: Path) -> None:
    own = settings(method, random_crop=0.8)
    compute = chosen_compute(own, threads=1)
    whole = train_encoder("whole", own, images(), compute, snapshots=[1, 4])
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(Interrupted):
        train_encoder(
            "cut",
            own,
            images(),
            compute,
            snapshots=[1, 4],
            checkpoints=checkpoints,
            stop_after_s=0.0,
        )
    segments: list[dict[str, object]] = []
    rest = train_encoder(
        "rest",
        own,
        images(),
        compute,
        snapshots=[1, 4],
        checkpoints=checkpoints,
        segments=segments,
    )
    assert [part["last_step"] for part in segments] == [1, 8]
    pairs = [(whole.module, rest.module)]
    pairs += [(whole.snapshots[step], rest.snapshots[step]) for step in (1, 4)]
    states = [(one.state_dict(), other.state_dict()) for one, other in pairs]
    for first, second in states:
        assert all(torch.equal(first[name], second[name]) for name in first)
    (name,) = [name for name in states[0][0] if name.endswith("enter.weight")][:1]
    assert not torch.equal(states[0][0][name], states[2][0][name])  # the copy stays behind
    pd.testing.assert_frame_equal(whole.history, rest.history)


def test_standardised_by_training_images() -> None:
    found = images()
    known = found.pixels[torch.from_numpy(found.split == "train")]
    assert float(known.mean()) == pytest.approx(0.0, abs=1e-5)
    assert float(known.std()) == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(LemmataError, match="60 pixels make no square image"):
        table_images(table().drop(columns=["x_0", "x_1", "x_2", "x_3"]))


def test_divergence_names_the_configuration() -> None:
    own = settings("mae", learning_rate=1e30, steps=20, warmup=0.01)
    with pytest.raises(LemmataError, match=r"digits: mae, base, seed 0: loss = nan at step"):
        train_encoder("digits: mae, base, seed 0", own, images(), chosen_compute(own, 1))


def test_collapse_and_empty_class_name_the_configuration() -> None:
    own = settings("i_jepa")
    module, method = untrained(own, 8, 1)
    compute = chosen_compute(own, 1)
    few = images()
    few.split[(few.y == 1) & (few.split == "train")] = "test"
    with pytest.raises(LemmataError, match="few, seed 0: probe: class 1 has no rows to train on"):
        measure("few, seed 0", own, method, few, compute, HOW)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    with pytest.raises(LemmataError, match=r"ema 0\.1, seed 0: collapsed: features vary"):
        measure("ema 0.1, seed 0", own, method, images(), compute, HOW)


def test_views_are_grouped_by_image() -> None:
    """(n, q, W): at full context every view of an image is its embedding, row by row."""
    own = settings("mae", own={"target_share": 0.01})
    _, method = untrained(own, 8, 1)
    compute, found = chosen_compute(own, 1), images()
    seen = views(own, method.view, found, compute, HOW)
    assert seen.shape == (20, 3, 16)
    within, between = seen.var(dim=1).mean(), seen.mean(dim=1).var(dim=0).mean()
    assert float(within) < 0.5 * float(between)
    with pytest.raises(LemmataError, match="samples = 1000: only"):
        views(own, method.view, found, compute, MeasureSettings(**{**vars(HOW), "samples": 1000}))


def plain(method: str, **changed: object) -> dict[str, object]:
    values = vars(settings(method, **changed)).copy()
    del values["seed"]
    return values


def bundle() -> list[NamedRun]:
    runs = [
        {"point": BASE, "axis": "", "value": None, "settings": plain("i_jepa"), "snapshots": [0.5]},
        {"point": "width_8", "axis": "width", "value": 8, "settings": plain("i_jepa", width=8)},
        {"point": BASE, "axis": "", "value": None, "settings": plain("vicreg")},
    ]
    return named_runs(runs, seed=1)


def test_a_bundle(tmp_path: Path) -> None:
    """Trained, saved in one file, measured from it; finished runs are only loaded."""
    source = source_of({"kind": "table"}, table())
    told = {"threads": 1, "gpus": 0, "segments": [], "stop_after_s": lambda: None}
    networks, history = train_runs("spots", bundle(), source, tmp_path / "c", **told)
    again, _ = train_runs("spots", bundle(), source, tmp_path / "c", **told)
    first, second = networks.state_dict(), again.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert set(networks) == {"i_jepa/base", "i_jepa/base/step_4", "i_jepa/width_8", "vicreg/base"}
    save_weights(networks, tmp_path / "models.safetensors")
    measures, along, said = measure_runs(
        *("spots", bundle(), source, history, tmp_path / "models.safetensors", HOW),
        threads=1,
        gpus=0,
    )
    assert measures["point"].tolist() == ["base", "untrained", "width_8", "base", "untrained"]
    assert (measures["seed"] == 1).all()
    assert along.groupby("method")["step"].agg(list).to_dict() == {
        "i_jepa": [0, 4, 8],
        "vicreg": [0, 8],
    }
    ends = along.set_index(["method", "step"])["lidar_1e-06"]
    assert ends["i_jepa", 8] == measures["lidar_1e-06"].iloc[0]
    assert len(set(ends["i_jepa"])) == 3
    # Batch norm and the head are the method's own: LiDAR of the projector is another number.
    assert measures["head"].tolist() == ["predictor"] * 3 + ["projector"] * 2
    assert (measures["head_lidar_1e-06"] != measures["lidar_1e-06"]).all()
    write_table(along, tmp_path / "along.parquet")
    followed = along_study([str(tmp_path / "along.parquet")], delta=1e-4)
    assert len(followed.table) == len(along)
    plt.close(along_training.draw(followed.table))
    own = history[(history["method"] == "vicreg") & (history["point"] == "base")]
    assert measures["loss"].iloc[3] == pytest.approx(final_loss(own))
    for method in ("i_jepa", "vicreg"):
        part = said[said["method"] == method]
        check_predictions(part, method)
        known = table()
        assert part["row"].tolist() == known.loc[known["split"] != "train", "row"].tolist()


def test_sources() -> None:
    nuisance = {"patch": 2, "places": [0, 15], "amplitude": 3.0, "rho": 0.2}
    compute = chosen_compute(settings("mae"), 1)
    planted = source_of({"kind": "planted", "nuisance": nuisance, "seed": 0}, table())(compute)
    assert planted.nuisance is not None
    assert planted.nuisance.shape == (120, 2)
    with pytest.raises(LemmataError, match="source = 'film': allowed"):
        source_of({"kind": "film"}, table())


# Studies --------------------------------------------------------------------------------------


def made_up(tmp_path: Path, sign: float) -> list[str]:
    """Measures of six configurations in which RankMe follows accuracy, or runs against it."""
    rows = []
    for method, seed in ((m, s) for m in ("i_jepa", "vicreg") for s in (0, 1, 2)):
        for k in range(6):
            point, axis = ("base", "") if k == 0 else (f"ema_{k}", "ema")
            good = sign * k
            own = {"method": method, "point": point, "axis": axis, "value": float(k), "seed": seed}
            rows.append(
                own
                | {"accuracy": 0.5 + 0.05 * k + 0.001 * seed, "knn_accuracy": 0.5, "C": 1.0}
                | {"validation_accuracy": 0.5, "spread": 1.0, "rankme": 5 + good}
                | {"effective_rank": 4 + good, "participation_ratio": 3 + good, "alpha": 1 - good}
                | {"lidar_1e-06": 7.0 + k % 2, "lidar_0.0001": 6.0 + k % 3, "noise": np.nan}
                | {"head": "projector" if method == "vicreg" else "", "head_rankme": 5.0 + k}
                | {"head_lidar_1e-06": 2.0 + k, "head_lidar_0.0001": 9.0 - k}
                | {"loss": 1.0 + (k % 2)}
            )
    path = tmp_path / f"measures_{sign}.parquet"
    write_table(pd.DataFrame(rows), path)
    return [str(path)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_selection_study(tmp_path: Path, sign: float) -> None:
    result = selection_study(made_up(tmp_path, sign), delta=1e-4, resamples=200, permutations=200)
    evidence = result.evidence.set_index("statistic")
    assert evidence.loc["spearman_of_rankme_i_jepa", "value"] == pytest.approx(sign)
    assert evidence.loc["p_of_spearman_of_rankme_i_jepa", "value"] < 0.05
    wanted = 1.0 if sign > 0 else 0.0
    assert evidence.loc["recovered_by_rankme_i_jepa", "value"] == pytest.approx(wanted)
    # LiDAR here goes 6 7 8 6 7 8: it ranks worse than RankMe does, or better than its reverse.
    assert np.sign(evidence.loc["lidar_above_rankme_i_jepa", "value"]) == -sign
    assert np.sign(evidence.loc["rankme_above_loss_vicreg", "value"]) == sign
    for draw in (metrics_and_accuracy.draw, correlations.draw, recovered.draw, loss.draw):
        fig = draw(result.table)
        assert len(fig.axes) >= 1
        plt.close(fig)


def test_too_few_configurations_to_rank(tmp_path: Path) -> None:
    (path,) = made_up(tmp_path, 1.0)
    few = read_table(path)
    write_table(few[few["point"].isin(["base", "ema_1"])], path)
    result = selection_study([path], delta=1e-4, resamples=20, permutations=20)
    assert result.evidence.empty
    for draw in (metrics_and_accuracy.draw, recovered.draw, loss.draw):
        plt.close(draw(result.table))


@pytest.mark.parametrize("kept", [0.2, 0.8])
def test_bridge_study(tmp_path: Path, kept: float) -> None:
    rows = []
    for method, seed in ((m, s) for m in ("i_jepa", "mae") for s in (0, 1, 2)):
        noise = {"i_jepa": kept, "mae": 0.5}[method]
        cases = (
            ("base", "", np.nan, 0.0),
            ("depth_1", "depth", 1.0, -0.05),
            ("depth_4", "depth", 4.0, 0.05),
        )
        for point, axis, value, more in cases:
            own = {"method": method, "point": point, "axis": axis, "value": value, "seed": seed}
            gain = more if method == "mae" else 0.0
            level = noise + gain + 0.001 * seed
            rows.append(own | {"noise": level, "accuracy": 0.9, "lidar_0.0001": 5 - level})
        own = {"method": method, "point": "untrained", "axis": "untrained", "value": np.nan}
        rows.append(own | {"seed": seed, "noise": 0.55, "accuracy": 0.6, "lidar_0.0001": 1.0})
    path = tmp_path / "measures.parquet"
    write_table(pd.DataFrame(rows), path)
    result = bridge_study([str(path)], base_depth=2, delta=1e-4)
    evidence = result.evidence.set_index("statistic")["value"]
    assert evidence["noise_in_mae_less_jepa"] == pytest.approx(0.5 - kept)
    assert evidence["noise_in_untrained_less_jepa"] == pytest.approx(0.549 - kept)
    assert evidence["growth_of_gap_with_depth"] == pytest.approx(0.1)
    assert evidence["accuracy_of_jepa_less_mae"] == pytest.approx(0.0)
    assert evidence["lidar_against_noise_mae"] == pytest.approx(-1.0)
    plt.close(planted_noise.draw(result.table))
