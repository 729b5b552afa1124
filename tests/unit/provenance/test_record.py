"""Digests, fingerprints and records that show every change to them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.errors import LemmataError
from lemmata.provenance.digest import canonical_json, sha256_file, sha256_json
from lemmata.provenance.files import write_atomic
from lemmata.provenance.record import fingerprint, read_record, record_beside, write_record

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(st.text(), plain, min_size=2, max_size=4))
def test_canonical_json_ignores_key_order_and_round_trips(value: dict[str, object]) -> None:
    backwards = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(backwards)
    assert json.loads(canonical_json(value)) == value


def test_canonical_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_digest_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_json({}) == hashlib.sha256(b"{}").hexdigest()


BASE = {"rule": "r", "cfg": {"a": 1, "b": 2}, "code": "c", "software": {"numpy": "2"}}


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "s"},
        {"cfg": {"a": 2, "b": 1}},
        {"cfg": {"a": 1, "b": 2.5}},
        {"code": "d"},
        {"software": {"numpy": "3"}},
        {"input_digests": ["y", "x"]},
        {"input_digests": ["x"]},
    ],
)
def test_every_part_enters_the_fingerprint(change: dict[str, object]) -> None:
    base = {**BASE, "input_digests": ["x", "y"]}
    assert fingerprint(**{**base, **change}) != fingerprint(**base)  # type: ignore[arg-type]


def record(folder: Path) -> Path:
    path = folder / "job.prov.json"
    outputs = [{"path": "results/a.txt", "bytes": 1, "sha256": "0" * 64, "fingerprint": "f"}]
    write_record(path, {"fingerprint": "f", "outputs": outputs})
    return path


def test_record_reads_back(tmp_path: Path) -> None:
    assert read_record(record(tmp_path))["fingerprint"] == "f"


def test_any_flipped_bit_of_a_record_shows(tmp_path: Path) -> None:
    path = record(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        for bit in (0, 5):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(LemmataError, match=r"job\.prov\.json"):
                read_record(path)


def test_truncated_and_padded_records_show(tmp_path: Path) -> None:
    path = record(tmp_path)
    whole = path.read_bytes()
    for text in (whole[:-1], whole + b"\n", b"", b"[]", b"null"):
        path.write_bytes(text)
        with pytest.raises(LemmataError):
            read_record(path)


def test_record_beside_finds_the_writer_only(tmp_path: Path) -> None:
    path = record(tmp_path)
    assert record_beside(tmp_path / "a.txt") == path
    assert record_beside(tmp_path / "b.txt") is None


def test_record_beside_finds_a_damaged_writer(tmp_path: Path) -> None:
    path = record(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    assert record_beside(tmp_path / "a.txt") == path


def test_atomic_write_leaves_the_old_file_when_the_new_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")
    with pytest.raises(TypeError):
        write_atomic(path, None)  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
