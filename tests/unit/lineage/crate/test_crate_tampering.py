"""A crate that was tampered with is caught, and the thing is named."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from lemmata.lineage.crate.check import check_crate
from tests.smalltree import CLAIM, FIGURE, RESULTS
from tests.unit.lineage.crate.crates import (
    METADATA,
    STUDY,
    Files,
    edit,
    escape,
    files_of,
    flipped,
    pack,
    replace,
    rerecord,
)


def flip_figure(files: Files) -> None:
    files[f"{FIGURE}.png"] = flipped(files[f"{FIGURE}.png"], 200)


def flip_figure_and_its_sha256(files: Files) -> None:
    replace(files, f"{FIGURE}.svg", files[f"{FIGURE}.svg"].replace(b"<path", b"<Path", 1))


def forge_claim_and_its_sha256(files: Files) -> None:
    replace(files, CLAIM, files[CLAIM].replace(b"supported", b"confirmed"))


def change_verdict(files: Files) -> None:
    edit(files, "#rating/supported", ratingValue="refuted")


def change_value(files: Files) -> None:
    edit(files, "#statistic/paper.curve/0", value=2.6)


def change_integer_to_float(files: Files) -> None:
    cfg = [e for e in json.loads(files[METADATA])["@graph"] if e.get("name") == "deep.seed"]
    edit(files, cfg[0]["@id"], value=3.0)


def change_time(files: Files) -> None:
    edit(files, f"#job/{STUDY}", startTime="2026-01-01T10:02:00.124+00:00")


def change_caption(files: Files) -> None:
    edit(files, f"{FIGURE}.png", caption="Something else.")


def hide_failure(files: Files) -> None:
    metadata = json.loads(files[METADATA])
    metadata["@graph"] = [e for e in metadata["@graph"] if "attempt" not in e["@id"]]
    files[METADATA] = json.dumps(metadata).encode()


def invent_action(files: Files) -> None:
    metadata = json.loads(files[METADATA])
    metadata["@graph"].append({"@id": "#job/more", "@type": "CreateAction"})
    files[METADATA] = json.dumps(metadata).encode()


def change_context(files: Files) -> None:
    metadata = json.loads(files[METADATA])
    metadata["@context"].append({"sha256": "https://example.org/other"})
    files[METADATA] = json.dumps(metadata).encode()


def change_page(files: Files) -> None:
    name = "ro-crate-preview.html"
    files[name] = files[name].replace(b"<td>supported</td>", b"<td>refuted</td>")


def add_file(files: Files) -> None:
    files[f"{RESULTS}/more.txt"] = b"more"


def add_file_and_list_it(files: Files) -> None:
    content = b"more"
    files[f"{RESULTS}/more.txt"] = content
    metadata = json.loads(files[METADATA])
    entity = {"@id": f"{RESULTS}/more.txt", "@type": "File", "contentSize": "4"}
    metadata["@graph"].append({**entity, "sha256": sha256(content).hexdigest()})
    files[METADATA] = json.dumps(metadata).encode()


def lose_file(files: Files) -> None:
    del files[f"{FIGURE}.parquet"]


def lose_file_and_listing(files: Files) -> None:
    del files[f"{FIGURE}.svg"]
    metadata = json.loads(files[METADATA])
    metadata["@graph"] = [e for e in metadata["@graph"] if e["@id"] != f"{FIGURE}.svg"]
    files[METADATA] = json.dumps(metadata).encode()


def change_code(files: Files) -> None:
    replace(files, "src/lemmata/curve.py", b"def curve(x):\n    return -x\n")


def change_record(files: Files) -> None:
    files[STUDY] = files[STUDY].replace(b'"wall_s": 60.0', b'"wall_s": 61.0')
    replace(files, STUDY, files[STUDY])


def forge_record(files: Files) -> None:
    rerecord(files, STUDY, wall_s=61.0)


def forge_parameter(files: Files) -> None:
    cfg = {"grid": [1, 2], "deep": {"seed": 4, "none": None}, "share": 0.5}
    rerecord(files, STUDY, cfg=cfg)


def swap_records(files: Files) -> None:
    other = f"{FIGURE}.prov.json"
    one, two = files[STUDY], files[other]
    replace(files, STUDY, two)
    replace(files, other, one)


def lead_a_record_outside(files: Files) -> None:
    outputs = json.loads(files[STUDY])["outputs"]
    outputs[0]["path"] = "../../../etc/passwd"
    rerecord(files, STUDY, outputs=outputs)


def misshape_record(files: Files) -> None:
    rerecord(files, STUDY, outputs="none")


def lead_a_module_outside(files: Files) -> None:
    code = json.loads(files[STUDY])["code"]
    code["modules"]["lemmata./etc/passwd"] = "0" * 64
    rerecord(files, STUDY, code=code)


def lose_page(files: Files) -> None:
    del files["ro-crate-preview.html"]


def huge_picture(files: Files) -> None:
    content = files[f"{FIGURE}.png"]
    head = b"IHDR" + struct.pack(">II", 50_000, 50_000) + content[24:29]
    head += struct.pack(">I", zlib.crc32(head))
    replace(files, f"{FIGURE}.png", content[:12] + head + content[33:])


def escape_listed(files: Files) -> None:
    add_file_and_list_it(files)
    files["results/../../outside.txt"] = files.pop(f"{RESULTS}/more.txt")
    files[METADATA] = files[METADATA].replace(
        f"{RESULTS}/more.txt".encode(), b"results/../../outside.txt"
    )


def escape_absolute(files: Files) -> None:
    files["/tmp/outside.txt"] = b"gotcha"  # noqa: S108


def escape_windows(files: Files) -> None:
    files["C:outside.txt"] = b"gotcha"


def add_pickle(files: Files) -> None:
    files["results/tiny/model.pkl"] = b"cos\nsystem\n(S'true'\ntR."


def grow(files: Files) -> None:
    files["README.md"] = bytes(10**6)


def break_json(files: Files) -> None:
    files[METADATA] = files[METADATA][:-5]


def describe_twice(files: Files) -> None:
    metadata = json.loads(files[METADATA])
    metadata["@graph"].append({"@id": f"{FIGURE}.png", "@type": "File"})
    files[METADATA] = json.dumps(metadata).encode()


def lose_metadata(files: Files) -> None:
    del files[METADATA]


def other_layout(files: Files) -> None:
    edit(files, METADATA, version="7")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (flip_figure, f"{FIGURE}.png: changed"),
        (flip_figure_and_its_sha256, f"{FIGURE}.svg: changed: content differs from its record"),
        (forge_claim_and_its_sha256, f"{CLAIM}: changed: content differs from its record"),
        (change_verdict, "#rating/supported: ratingValue: says 'refuted', the records say"),
        (change_value, "#statistic/paper.curve/0: value: says 2.6, the records say 2.5"),
        (change_integer_to_float, "value: says 3.0, the records say 3"),
        (change_time, "study.prov.json: startTime: says"),
        (change_caption, f"{FIGURE}.png: caption: says 'Something else.'"),
        (hide_failure, "does not describe #job/results/tiny/study/study.prov.json/attempt/1"),
        (invent_action, "describes #job/more, of which no record tells"),
        (change_context, "has another @context"),
        (change_page, "ro-crate-preview.html: does not show"),
        (add_file, f"{RESULTS}/more.txt: is there but not listed"),
        (add_file_and_list_it, f"{RESULTS}/more.txt: missing: no record speaks of it"),
        (lose_file, f"{FIGURE}.parquet: is due but not there"),
        (lose_file_and_listing, f"{FIGURE}.svg: missing"),
        (change_code, "src/lemmata/curve.py: is not the code that"),
        (change_record, f"{STUDY}: record was changed"),
        (forge_record, "/wall_s: value: says 60.0, the records say 61.0"),
        (forge_parameter, f"{STUDY}: forged"),
        (swap_records, "is the record that belongs at"),
        (lead_a_record_outside, "names a file outside the crate: '../../../etc/passwd'"),
        (misshape_record, "cannot be held against the files (TypeError"),
        (lose_page, "ro-crate-preview.html: is due but not there"),
        (huge_picture, "curve.png: changed: content differs from its record"),
        (lead_a_module_outside, "names a module that can be none: 'lemmata./etc/passwd'"),
        (escape, "'../outside.txt': would be written outside"),
        (escape_listed, "'results/../../outside.txt': would be written outside"),
        (escape_absolute, "'/tmp/outside.txt': would be written outside"),
        (escape_windows, "'C:outside.txt': would be written outside"),
        (add_pickle, "model.pkl: looks like a pickle"),
        (grow, "README.md: unpacks to 1000000 bytes"),
        (break_json, "ro-crate-metadata.json: is no JSON"),
        (describe_twice, f"{FIGURE}.png: is described 2 times"),
        (lose_metadata, "ro-crate-metadata.json: cannot be read"),
        (other_layout, "is of layout '7'"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_tampering_is_named(
    crate: Path, tmp_path: Path, spoil: Callable[[Files], None], named: str
) -> None:
    files = files_of(crate)
    spoil(files)
    found = check_crate(pack(files, tmp_path / "spoilt.zip"))
    assert any(named in problem for problem in found), found
    assert str(tmp_path) not in " ".join(found)


def test_flipped_byte_anywhere_is_caught(crate: Path, tmp_path: Path) -> None:
    whole = files_of(crate)
    random.seed(0)
    for _ in range(20):
        name = random.choice(sorted(whole))
        place = random.randrange(len(whole[name]))
        files = {**whole, name: flipped(whole[name], place)}
        assert check_crate(pack(files, tmp_path / "flipped.zip")), (name, place)
