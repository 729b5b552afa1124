"""Weights on disk: exact, byte-stable, stamped, and refused when damaged."""

import json

import pytest
import torch
from safetensors import safe_open

from lemmata.errors import LemmataError
from lemmata.provenance.content import content_digest
from lemmata.training.batches import torch_generator
from lemmata.training.networks import MLP, SmallConvNet
from lemmata.training.weights import load_weights, save_weights

STAMP = {"rule": "train", "fingerprint": "ab" * 32, "inputs": {"b.parquet": "1", "a.parquet": "2"}}


def network(seed=0):
    return MLP((5, 7, 3), torch_generator(seed, "weights"), 0.1)


def test_round_trip_is_exact(tmp_path):
    path = tmp_path / "model.safetensors"
    model, other = network(0), network(1)
    save_weights(model, path, STAMP)
    load_weights(other, path)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)


def test_bytes_depend_on_values_and_stamp_alone(tmp_path):
    stamps = [STAMP, dict(reversed(STAMP.items())), STAMP]
    models = [network(), network(), network().to(memory_format=torch.preserve_format)]
    contents = []
    for i, (model, stamp) in enumerate(zip(models, stamps, strict=True)):
        path = tmp_path / f"{i}.safetensors"
        save_weights(model, path, stamp)
        contents.append(path.read_bytes())
    assert len(set(contents)) == 1
    save_weights(network(1), tmp_path / "other.safetensors", STAMP)
    assert (tmp_path / "other.safetensors").read_bytes() != contents[0]


def test_stamp_is_in_the_header(tmp_path):
    path = tmp_path / "model.safetensors"
    save_weights(network(), path, STAMP)
    with safe_open(path, framework="pt") as stored:
        assert list(stored.metadata()) == ["lemmata:provenance"]
        stamp = json.loads(stored.metadata()["lemmata:provenance"])
    assert stamp.pop("content") == content_digest(path)
    assert stamp == STAMP
    save_weights(network(), path)
    with safe_open(path, framework="pt") as stored:
        assert stored.metadata() is None


def test_what_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_weights(network(), path, STAMP)
    stranger = SmallConvNet(4, (2,), 3, torch_generator(0, "weights"), 0.0)
    with pytest.raises(LemmataError, match=r"model\.safetensors: does not fit the model"):
        load_weights(stranger, path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(LemmataError, match="not a readable safetensors file"):
        load_weights(network(), path)
    with pytest.raises(LemmataError, match="not a readable safetensors file"):
        load_weights(network(), tmp_path / "absent.safetensors")
