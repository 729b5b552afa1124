"""A checkpoint comes back bit for bit, or it is refused and the one before it is taken."""

import hashlib
import logging
import re

import pytest
import torch

from lemmata.training import checkpoint
from lemmata.training.checkpoint import Checkpoints


def state_of(step):
    values = torch.randn(100, generator=torch.Generator().manual_seed(step))
    rows = [{"step": step, "loss": 0.1 * step, "name": "a"}]
    return {"step": step, "model": {"w": values, "b16": values.bfloat16()}, "history": rows}


def assert_same(found, step):
    expected = state_of(step)
    assert found["step"] == step
    assert found["history"] == expected["history"]
    for name, value in expected["model"].items():
        assert found["model"][name].dtype == value.dtype
        assert torch.equal(found["model"][name], value)


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "run")


def test_nothing_to_load(checkpoints):
    assert checkpoints.load() is None
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_round_trip_keeps_two_and_names_the_digest(checkpoints):
    for step in (5, 120, 99_999_999, 100_000_000):
        path = checkpoints.save(step, state_of(step))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        assert path.name == f"step-{step:08d}.{digest}.pt"
        assert_same(checkpoints.load(), step)
    steps = sorted(int(path.name.split(".")[0][5:]) for path in checkpoints.folder.iterdir())
    assert steps == [99_999_999, 100_000_000]


def truncate(content):
    return content[: len(content) // 2]


def empty(content):
    return b""


def flip_first(content):
    return bytes([content[0] ^ 1]) + content[1:]


def flip_middle(content):
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 128]) + content[half + 1 :]


def append(content):
    return content + b"\0"


DAMAGES = [truncate, empty, flip_first, flip_middle, append]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_checkpoint_is_refused_and_the_older_one_used(checkpoints, damage, caplog):
    checkpoints.save(10, state_of(10))
    newest = checkpoints.save(20, state_of(20))
    newest.write_bytes(damage(newest.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert_same(checkpoints.load(), 10)
    (line,) = caplog.messages
    assert re.match(r"checkpoint of step 20 refused and removed: .*" + newest.name, line)
    # and it does not crowd out the sound ones afterwards
    checkpoints.save(15, state_of(15))
    caplog.clear()
    assert_same(checkpoints.load(), 15)
    assert not caplog.messages


def test_all_damaged_means_none(checkpoints, caplog):
    for step in (1, 2):
        checkpoints.save(step, state_of(step)).write_bytes(b"x")
    assert checkpoints.load() is None
    assert len(caplog.messages) == 2


def test_half_written_file_is_never_loaded_and_goes_away(checkpoints, monkeypatch):
    checkpoints.save(1, state_of(1))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(2, state_of(2))
    assert_same(checkpoints.load(), 1)
    assert len(list(checkpoints.folder.iterdir())) == 1
    # A kill leaves the temporary file of another process behind.
    (checkpoints.folder / ".tmp-1234-step-00000002.pt").write_bytes(b"half")
    checkpoints.save(3, state_of(3))
    assert [path for path in checkpoints.folder.iterdir() if path.name.startswith(".")] == []


def killed(temporary, final):
    assert temporary.exists()
    assert not final.exists()
    raise KeyboardInterrupt


def test_clear_leaves_foreign_files(checkpoints):
    checkpoints.save(1, state_of(1))
    other = checkpoints.folder / "notes.txt"
    other.write_text("mine")
    checkpoints.clear()
    assert list(checkpoints.folder.iterdir()) == [other]
    other.unlink()
    checkpoints.save(1, state_of(1))
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_no_code_is_run_on_loading(checkpoints):
    """A file with a good digest that holds a pickled function is refused by torch itself."""
    checkpoints.save(1, {"step": print})
    with pytest.raises(Exception, match="weights_only"):
        checkpoints.load()


def test_step_saved_twice_loads_as_saved_last(checkpoints):
    for reason in ("running", "SIGTERM", "a", "b", "c", "d"):
        checkpoints.save(5, {"reason": reason})
        assert checkpoints.load() == {"reason": reason}
