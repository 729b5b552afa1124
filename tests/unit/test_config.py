"""A mistake in the configuration is one line that names key, value and what is allowed."""

from __future__ import annotations

import copy
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.config import build, canonical, check, deep_merge, load_config, lookup, read_yaml
from lemmata.data.registry import DATASETS
from lemmata.errors import LemmataError

SCALES = ["laptop", "paper", "smoke"]


@pytest.fixture(scope="module")
def user(project: Path) -> dict[str, Any]:
    value: dict[str, Any] = read_yaml(project / "config" / "config.yaml")
    return value


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_is_valid(project: Path, user: dict[str, Any], scale: str) -> None:
    config = load_config({**user, "scale": scale}, project)
    assert config["scale"] == scale


# Post-processors, tasks, images and settings of single data sets are the scale's own to choose.
OWN = ("post_processors", "models_of", "tasks", "images", "networks", "datasets")
# Of self-supervised methods: what a sweep varies, what is laid over the common settings.
METHODS = ("i_jepa", "data2vec", "mae", "vicreg", "simclr", "dino")
OWN += tuple(f"{name}.{key}" for name in METHODS for key in ("settings", "sweep"))
OWN += ("bridge.settings", "together")


def test_scales_hold_the_same_keys(project: Path) -> None:
    def keys(value: Any, prefix: str = "") -> set[str]:
        if not isinstance(value, dict) or prefix.endswith(OWN):
            return {prefix}
        return set().union(*(keys(v, f"{prefix}.{k}") for k, v in value.items()))

    found = [keys(read_yaml(project / "config" / "scales" / f"{name}.yaml")) for name in SCALES]
    assert found[0] == found[1] == found[2]


def test_schema_lists_the_registrys_data_sets(project: Path) -> None:
    schema = read_yaml(project / "config" / "schema" / "config.schema.yaml")
    calibration = schema["$defs"]["calibration"]["properties"]
    assert calibration["datasets"]["items"]["enum"] == sorted(
        name for name, entry in DATASETS.items() if entry.kind != "text"
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scale", "laptp", "config: scale = 'laptp': allowed: laptop, paper, smoke (did you mean"),
        (
            "self_supervised",
            {
                "trained": {
                    "images": {"folder": {"methods": ["mae"], "settings": {}, "together": {}}}
                }
            },
            "config: self_supervised.trained.folder.path = None: images.folder needs the path",
        ),
        (
            "self_supervised",
            {"trained": {"selection": {"delta": 0.5}}},
            "config: self_supervised.trained.selection.delta = 0.5: allowed: 1e-06, 0.0001, 0.01",
        ),
        (
            "self_supervised",
            {"trained": {"methods": {"mae": {"sweep": {"device": ["cpu"]}}}}},
            "config: self_supervised.trained.methods.mae.sweep",
        ),
        ("scael", "smoke", "config: scael = 'smoke': unknown key; allowed: "),
        ("papers", ["smoothece"], "config: papers[0] = 'smoothece': allowed: smooth_ece"),
        ("papers", [], "config: papers = []: must have at least 1"),
        ("data.mirror", 3, "config: data.mirror = 3: must be of type string or null"),
        ("data.split.train", 1.2, "config: data.split.train = 1.2: must be < 1"),
        ("data.split.sed", 1, "config: data.split.sed = 1: unknown key; allowed: seed, test"),
        ("calibration.datasets", ["digit"], "config: calibration.datasets[0] = 'digit': allowed: "),
        ("calibration.seeds", [0, 0], "config: calibration.seeds = [0, 0]: entries must differ"),
        ("calibration.seeds", "0", "config: calibration.seeds = '0': must be of type array"),
        (
            "calibration.networks.image.mlp.learning_rate",
            "1e-3",
            "config: calibration.networks.image.mlp.learning_rate = '1e-3': must be of type number "
            "(write 1.0e-4, not 1e-4, in YAML)",
        ),
        (
            "calibration.networks.image.mlp.precision",
            "float16",
            "config: calibration.networks.image.mlp.precision = 'float16': allowed: float32",
        ),
    ],
)
def test_mistake_is_one_clear_line(
    project: Path, user: dict[str, Any], key: str, value: Any, message: str
) -> None:
    config = copy.deepcopy(user)
    *parents, last = key.split(".")
    node = config
    for name in parents:
        node = node.setdefault(name, {})
    node[last] = value
    with pytest.raises(LemmataError) as caught:
        load_config(config, project)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("data.split.train", 0.7, "config: data.split: shares sum to 1.1: must sum to 1"),
        (
            "calibration.studies.sample_complexity.largest",
            1000,
            "config: calibration.studies.sample_complexity.smallest = 1000: must be < "
            "calibration.studies.sample_complexity.largest = 1000",
        ),
        (
            "calibration.studies.cost.sizes",
            [100, 10],
            "config: calibration.studies.cost.sizes = [100, 10]: must grow",
        ),
    ],
)
def test_values_that_contradict_each_other(
    project: Path, user: dict[str, Any], key: str, value: Any, message: str
) -> None:
    change: Any = value
    for name in reversed(key.split(".")):
        change = {name: change}
    with pytest.raises(LemmataError) as caught:
        load_config(deep_merge(user, change), project)
    assert str(caught.value) == message


def test_missing_key_is_named(project: Path, user: dict[str, Any]) -> None:
    schema = read_yaml(project / "config" / "schema" / "config.schema.yaml")
    config = load_config(user, project)
    del config["data"]["split"]["seed"]
    with pytest.raises(LemmataError, match=r"config: data\.split\.seed: missing"):
        check(config, schema, "config")


def test_user_wins_over_the_scale_and_leaves_its_neighbours(
    project: Path, user: dict[str, Any]
) -> None:
    base = load_config(user, project)
    ours = {**user, "data": {**user["data"], "split": {"seed": 5}}}
    config = load_config(ours, project)
    assert config["data"]["split"] == {**base["data"]["split"], "seed": 5}
    assert config["calibration"] == base["calibration"]


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "scale.yaml"
    path.write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(LemmataError, match=r"scale\.yaml: line \d: not valid YAML"):
        read_yaml(path)


nested = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(st.sampled_from("abc"), nested, max_size=3)


@given(mappings, mappings)
def test_merge_keeps_what_is_not_overridden(under: dict[str, Any], over: dict[str, Any]) -> None:
    merged = deep_merge(under, over)
    assert merged.keys() == under.keys() | over.keys()
    assert deep_merge(merged, over) == merged
    for key in under.keys() - over.keys():
        assert merged[key] == under[key]
    for key, value in over.items():
        if not isinstance(value, dict):
            assert merged[key] == value


def test_lookup_names_a_missing_key() -> None:
    assert lookup({"a": {"b": 1}}, "a.b") == 1
    with pytest.raises(LemmataError, match=r"config: a\.c: missing"):
        lookup({"a": {"b": 1}}, "a.c")


@pytest.mark.parametrize(
    "value",
    [Path("a"), datetime.date(2024, 1, 1), np.int64(3), np.float64(0.5), (1, 2), {1, 2}, object()],
)
def test_cfg_refuses_what_the_engine_would_not_record(value: object) -> None:
    with pytest.raises(LemmataError, match=r"cfg\.a\[0\].*allowed: str, int, float, bool"):
        canonical({"a": [value]})


def test_cfg_keys_are_sorted_at_every_depth() -> None:
    value = canonical({"b": {"d": 1, "c": [{"f": 1, "e": 2}]}, "a": None})
    assert repr(value) == "{'a': None, 'b': {'c': [{'e': 2, 'f': 1}], 'd': 1}}"


@dataclass(frozen=True)
class Inner:
    rate: float


@dataclass(frozen=True)
class Settings:
    steps: int
    widths: tuple[int, ...]
    pair: tuple[int, float]
    mode: Literal["a", "b"]
    inner: Inner
    note: str | None = None


GOOD: dict[str, Any] = {
    "steps": 1,
    "widths": [2, 3],
    "pair": [1, 2],
    "mode": "a",
    "inner": {"rate": 1},
}


def test_build_converts_and_nests() -> None:
    made = build(Settings, GOOD)
    assert made == Settings(1, (2, 3), (1, 2.0), "a", Inner(1.0))
    assert isinstance(made.inner.rate, float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": 1}, r"cfg\.step: unknown key; allowed: .*did you mean steps"),
        ({"steps": 1.5}, r"cfg\.steps = 1\.5: must be of type int"),
        ({"steps": True}, r"cfg\.steps = True: must be of type int"),
        ({"widths": ["2"]}, r"cfg\.widths\[0\] = '2': must be of type int"),
        ({"pair": [1]}, r"cfg\.pair = \[1\]: must have 2 entries"),
        ({"mode": "c"}, r"cfg\.mode = 'c': allowed: a, b"),
        ({"inner": {}}, r"cfg\.inner\.rate: missing"),
        ({"note": 3}, r"cfg\.note = 3: must be of type str"),
    ],
)
def test_build_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LemmataError, match=message):
        build(Settings, {**GOOD, **change})


def test_build_names_a_missing_key() -> None:
    with pytest.raises(LemmataError, match=r"cfg\.steps: missing"):
        build(Settings, {k: v for k, v in GOOD.items() if k != "steps"})
