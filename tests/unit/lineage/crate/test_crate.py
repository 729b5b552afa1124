"""What a crate says, and that it says it in the profile's terms."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from lemmata.lineage.crate.check import check_crate
from lemmata.lineage.crate.rules import caption, rules_of
from lemmata.provenance.digest import sha256_file
from tests import rocrate_offline, smalltree
from tests.smalltree import CLAIM, EVIDENCE, FIGURE, RESULTS, TABLE
from tests.unit.lineage.crate.crates import action_of, entities, ids, write

pytestmark = pytest.mark.usefixtures("someone")


def test_crate_holds_results_raw_files_and_code_and_is_intact(tree: Path, tmp_path: Path) -> None:
    crate = write(tree, tmp_path / "out" / "crate.zip")
    with zipfile.ZipFile(crate) as archive:
        names = set(archive.namelist())
    expected = {
        TABLE,
        EVIDENCE,
        CLAIM,
        f"{FIGURE}.png",
        f"{FIGURE}.prov.json",
        "src/lemmata/curve.py",
    }
    expected |= {"resources/wine/wine_data.csv", "Snakefile", "ro-crate-preview.html"}
    assert expected <= names
    assert not any("__pycache__" in name for name in names)
    assert check_crate(crate) == []


def test_action_tells_what_the_record_tells(tree: Path, tmp_path: Path) -> None:
    said = entities(write(tree, tmp_path / "crate.zip"))
    action = action_of(said, f"{RESULTS}/study/study.prov.json")
    assert action["instrument"] == {"@id": "workflow/scripts/study.py"}
    assert ids(action["result"]) == {TABLE, EVIDENCE}
    assert action["startTime"] == "2026-01-01T10:02:00.123+00:00"
    assert action["endTime"] == "2026-01-01T10:03:00.000+00:00"
    assert action["actionStatus"].endswith("CompletedActionStatus")
    params = {said[i]["name"]: said[i]["value"] for i in ids(action["object"]) if i[0] == "#"}
    assert params == {"grid": "[1,2]", "deep.seed": 3, "deep.none": "null", "share": 0.5}
    assert "resources/wine/wine_data.csv" in ids(action["object"])
    usage = {said[i]["name"]: said[i]["value"] for i in ids(action["resourceUsage"])}
    assert usage == {"wall_s": 60.0, "cpu_s": 30.5, "peak_memory_mib": 128.0}
    plot = action_of(said, f"{FIGURE}.prov.json")
    shared = ids(plot["object"]) & ids(action["object"])
    assert [said[i]["name"] for i in shared] == ["share"]  # equal values are one entity


def test_failed_attempt_is_a_failed_action(tree: Path, tmp_path: Path) -> None:
    said = entities(write(tree, tmp_path / "crate.zip"))
    failed = said[f"#job/{RESULTS}/study/study.prov.json/attempt/1"]
    assert failed["error"] == smalltree.ERROR
    assert failed["actionStatus"].endswith("FailedActionStatus")
    assert failed["startTime"] == "2026-01-01T09:02:00.000+00:00"


def test_run_engine_and_steps(tree: Path, tmp_path: Path) -> None:
    said = entities(write(tree, tmp_path / "crate.zip"))
    assert said["./"]["datePublished"] == "2026-01-01T10:07:00.000+00:00"
    assert said["./"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert ids(said["Snakefile"]["step"]) == {
        f"#step/{n}" for n in ("fetch", "study", "plot", "judge")
    }
    assert said["#step/study"]["description"] == "The numbers."
    assert said["#step/study"]["workExample"] == {"@id": "workflow/scripts/study.py"}
    run, engine = said["#run"], said["#engine-run"]
    assert (run["startTime"][:16], run["endTime"][:16]) == ("2026-01-01T10:00", "2026-01-01T10:07")
    assert said[engine["instrument"]["@id"]]["softwareVersion"] == "9.27.1"
    assert len(engine["object"]) == 5  # four jobs, one of them tried twice
    needs = ids(said["workflow/scripts/plot.py"]["softwareRequirements"])
    assert {said[i]["softwareVersion"] for i in needs} == {"2.4.6", "3.11"}
    assert said[run["agent"]["@id"]] == {
        "@id": "mailto:ada@example.org",
        "@type": "Person",
        "name": "Ada <L>",
        "email": "ada@example.org",
    }


def test_figures_and_claims_are_entities_of_their_own(tree: Path, tmp_path: Path) -> None:
    said = entities(write(tree, tmp_path / "crate.zip"))
    for suffix in (".png", ".svg"):
        figure = said[FIGURE + suffix]
        assert set(figure["@type"]) == {"File", "ImageObject"}
        assert figure["caption"] == "The curve < squared."
        assert figure["isBasedOn"] == {"@id": f"{FIGURE}.parquet"}
        assert figure["about"] == {"@id": "#claim/paper.curve"}
        assert figure["sha256"] == sha256_file(tree / (FIGURE + suffix))
        assert figure["contentSize"] == str((tree / (FIGURE + suffix)).stat().st_size)
    claim, review = said["#claim/paper.curve"], said["#verdict/paper.curve"]
    assert claim["text"] == smalltree.JUDGED["statement"]
    assert {f"{FIGURE}.png", CLAIM, "#verdict/paper.curve"} <= ids(claim["subjectOf"])
    assert said[claim["citation"]["@id"]]["name"] == "On curves"
    assert claim["citation"]["@id"] == "https://arxiv.org/abs/2309.12236"
    assert said[review["reviewRating"]["@id"]]["ratingValue"] == "supported"
    assert review["isBasedOn"] == {"@id": EVIDENCE}
    part = said[review["about"]["@id"]]
    assert (part["value"], part["minValue"], part["maxValue"]) == (2.5, 1.5, 3.5)
    assert said[EVIDENCE]["variableMeasured"] == review["about"]


def test_page_shows_claims_and_figures_and_escapes(tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(write(tree, tmp_path / "crate.zip")) as archive:
        text = archive.read("ro-crate-preview.html").decode()
    assert f'<img src="{FIGURE}.png"' in text
    assert "<td>supported</td>" in text
    assert "Squares grow &amp; grow." in text
    assert "Ada &lt;L&gt;" in text
    assert "<L>" not in text
    assert "<the first time>" not in text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("raw", ["all", "none"])
def test_roc_validator_passes_it(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: str
) -> None:
    crate = write(tree, tmp_path / "crate.zip", raw=raw)
    assert rocrate_offline.validate(crate, "REQUIRED", tmp_path / "cache", monkeypatch) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_roc_validator_finds_what_is_left_out(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tree, tmp_path / "crate")
    path = folder / "ro-crate-metadata.json"
    spoilt = json.loads(path.read_text())
    lost = {
        "./": "license",
        f"#job/{FIGURE}.prov.json": "instrument",
        "#engine-run": "result",
        "#step/study": "workExample",
        f"#usage/{FIGURE}.prov.json/wall_s": "propertyID",
    }
    for entity in spoilt["@graph"]:
        entity.pop(lost.get(entity["@id"]), None)
    spoilt["@graph"][0]["madeUp"] = "no term of the contexts"
    path.write_text(json.dumps(spoilt))
    found = rocrate_offline.validate(folder, "REQUIRED", tmp_path / "cache", monkeypatch)
    words = (
        "license",
        "Action MUST have an instrument",
        "OrganizeAction",
        "HowToStep",
        "propertyID",
    )
    assert [word for word in words if not any(word in issue for issue in found)] == [], found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_roc_validator_recommends_only_what_we_do_not_know(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crate = write(tree, tmp_path / "crate.zip")
    found = rocrate_offline.validate(crate, "RECOMMENDED", tmp_path / "cache", monkeypatch)
    known = (
        "SHOULD be an `Organization`",  # no publisher
        "affiliation",  # git knows none
        "The Application SHOULD have a url",  # no public repository
        "id SHOULD be an absolute URI",  # scripts are files of the crate
        "The Action SHOULD have a result",  # a failed attempt has none
    )
    assert [issue for issue in found if not any(words in issue for words in known)] == []


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("plain\ntext", "plain text"),
        ("{{ snakemake.wildcards.name }}!", "curve!"),
        ("a\n\n.. provenance:: {{ snakemake.output.png }}", "a"),
        ("{% for i in [1, 2] %}x{% endfor %}", None),
        ("{{ 'x' * 9999999999 }}", None),
        ("{{ snakemake.wildcards.keys() }}", None),
        ("{{ snakemake.wildcards.other }}", None),
        ("{{ broken", None),
    ],
)
def test_caption_may_choose_and_insert_only(template: str, shown: str | None) -> None:
    record = {"rule": "r", "wildcards": {"name": "curve"}, "layout": {"output": {"png": "p"}}}
    assert caption(template, record) == shown


def test_caption_outside_the_tree_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.rst").write_text("secret")
    rules = tmp_path / "tree/workflow/rules"
    rules.mkdir(parents=True)
    rule = (
        'rule a:\n    "Said."\n    output:\n        report("x", caption="../../../secret.rst"),\n'
    )
    (rules / "a.smk").write_text(rule)
    assert rules_of(tmp_path / "tree")["a"].description == "Said."
    assert rules_of(tmp_path / "tree")["a"].caption is None
