"""The file of claims is checked in words that name the claim."""

import dataclasses
import math
import subprocess
import sys

import pytest
import yaml

from lemmata.claims import claim_from, load_claims
from lemmata.config import canonical
from lemmata.errors import LemmataError
from tests.unit.example_claim import CLAIMS, SCHEMA, values


def file_of(folder, content):
    path = folder / "claims.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_a_claim_survives_the_way_through_a_jobs_cfg():
    for claim in [*CLAIMS, claim_from(values())]:
        assert claim_from(canonical(claim.to_dict())) == claim


def test_a_claim_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CLAIMS[0].statement = "other"


def test_tables_are_listed_once():
    assert claim_from(values()).tables == ["family/study/evidence.parquet"]


def test_the_projects_claims_rest_on_distinct_statistics_and_name_their_paper():
    # Two papers may ask the same statistic: each has its own threshold for it.
    keys = [(c.paper.arxiv, part.table, part.statistic) for c in CLAIMS for part in c.parts]
    assert len(set(keys)) == len(keys)
    papers = {"2309.12236", "2406.06487", "2310.16028", "2410.02140", "2408.09000", "2406.08929"}
    papers |= {"2407.03475", "2312.04000", "2310.20703", "2312.09323"}
    assert {claim.paper.arxiv for claim in CLAIMS} == papers
    assert "smoke" not in {scale for claim in CLAIMS for scale in claim.asked_at}


def test_the_schema_names_its_dialect_and_has_no_place_for_a_typed_verdict():
    schema = yaml.safe_load(SCHEMA.read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    claim = schema["items"]["properties"]
    part = claim["parts"]["items"]["properties"]
    assert not {"value", "verdict", "lower", "upper"} & (set(claim) | set(part))


def part_with(**changes):
    return [{**values()["parts"][1], **changes}]


REFUSED = {
    "unknown key": (
        values(valeu=1),
        r"claim family\.example: valeu = 1: unknown key; allowed: .*basis",
    ),
    "typed value": (values(parts=part_with(value=0.1)), r"parts\[0\]\.value = 0.1: unknown key"),
    "missing key": ({k: v for k, v in values().items() if k != "basis"}, "basis: missing"),
    "basis": (
        values(basis="derivd"),
        r"basis = 'derivd': allowed: paper, derived, ours .*derived\?",
    ),
    "scale": (values(asked_at=["labtop"]), r"asked_at\[0\] = 'labtop': allowed: laptop, paper"),
    "smoke": (values(asked_at=["smoke"]), "allowed: laptop, paper"),
    "arxiv number": (
        values(paper={"title": "A", "arxiv": 2309.12236}),
        r"paper\.arxiv = 2309.12236: must be of type string",
    ),
    "comparison": (values(parts=part_with(comparison="=<")), r"comparison = '=<': allowed: <=, <,"),
    "text threshold": (
        values(parts=part_with(threshold="1e-5")),
        r"threshold = '1e-5': must be of type number \(write 1.0e-4, not 1e-4, in YAML\)",
    ),
    "pair for <=": (values(parts=part_with(threshold=[0, 1])), "must be of type number"),
    "number for between": (values(parts=part_with(comparison="between")), "of type array"),
    "reversed between": (
        values(parts=part_with(comparison="between", threshold=[2.0, 1.0])),
        r"parts\[0\]\.threshold = \(2.0, 1.0\): must be finite, and low at most high",
    ),
    "infinite": (values(parts=part_with(threshold=math.inf)), "must be finite"),
    "NaN": (values(parts=part_with(threshold=math.nan)), "must be finite"),
    "boolean": (values(parts=part_with(threshold=True)), "must be of type number"),
    "absolute path": (values(figure="/tmp/a.svg"), "figure = '/tmp/a.svg'"),  # noqa: S108
    "no parts": (values(parts=[]), "parts = .*at least 1"),
}


@pytest.mark.parametrize(("claim", "message"), REFUSED.values(), ids=REFUSED)
def test_a_bad_claim_is_refused_in_one_line(tmp_path, claim, message):
    path = file_of(tmp_path, [values(id="family.other"), claim])
    with pytest.raises(LemmataError, match=message) as caught:
        load_claims(path, SCHEMA)
    assert str(caught.value).startswith(f"{path}: claim family.example")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([values(), values()], "claim family.example: id occurs 2 times"),
        ({"claims": []}, "must be a list of one or more claims"),
        ([], "must be a list of one or more claims"),
        ([{"paper": 1}], "claim number 1"),
        (["text"], "claim number 1: 'text': must be of type object"),
        ("- id: [", "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, content, message):
    with pytest.raises(LemmataError, match=message) as caught:
        load_claims(file_of(tmp_path, content), SCHEMA)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LemmataError, match=r"absent\.yaml: cannot be read"):
        load_claims(tmp_path / "absent.yaml", SCHEMA)


def test_the_schema_beside_the_file_is_the_default(tmp_path):
    path = file_of(tmp_path, [values()])
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "claims.schema.yaml").write_bytes(SCHEMA.read_bytes())
    assert load_claims(path) == [claim_from(values())]


def test_loading_claims_needs_no_numerics():
    heavy = ("numpy", "pandas", "scipy", "matplotlib", "torch", "pyarrow")
    code = f"import lemmata.claims, sys; assert not set({heavy!r}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
