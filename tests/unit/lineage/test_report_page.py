"""What the report says of a figure follows the tree: verdicts, digests, lineage, and damage."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from docutils.core import publish_parts

from lemmata.claims import claim_from
from lemmata.lineage.audit import Node
from lemmata.lineage.ledger import Entry
from lemmata.lineage.report_directives import register
from lemmata.lineage.report_page import SHOWN, Pages, stages
from lemmata.provenance.record import read_record
from tests import standin

FIGURE = "results/figures/f.png"
CLAIM = claim_from(
    {
        "id": "family.falls",
        "paper": {"title": "A paper", "arxiv": "2309.12236"},
        "basis": "derived",
        "source": "theorem 1",
        "statement": "x <em> y & z",
        "figure": "figures/f.svg",
        "asked_at": ["laptop"],
        "parts": [
            {
                "statistic": "worst",
                "table": "t.parquet",
                "comparison": "<=",
                "threshold": 2.0,
                "why": "so",
            }
        ],
    }
)
OTHER = claim_from({**CLAIM.to_dict(), "id": "family.other", "figure": "figures/g.svg"})
JUDGE = """
import json
from pathlib import Path
from lemmata.provenance.job import job
with job(snakemake) as j:
    Path(j.output.claim).write_text(json.dumps(j.cfg))
"""


def judge(tree: Path, verdict: str, reason: str = "why so") -> None:
    """Run the job that writes the verdict."""
    script = tree / "scripts" / "judge.py"
    script.write_text(JUDGE)
    (tree / "results/claims").mkdir(exist_ok=True)
    part = {"statistic": "worst", "value": 1.5, "lower": 1.0, "upper": 2.5, "n": 7}
    name = f"results/claims/{CLAIM.id}"
    done = standin.run(
        script,
        tree,
        rule="judge",
        input={"evidence": "results/t.parquet"},
        output={"claim": f"{name}.json", "record": f"{name}.prov.json"},
        cfg={
            "statement": CLAIM.statement,
            "verdict": verdict,
            "reason": reason,
            "parts": [{**part, "criterion": "<= 2", "verdict": verdict}],
        },
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def here(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tree)
    return tree


def pages() -> Pages:
    return Pages(Path("results"), [CLAIM])


class Text(HTMLParser):
    """The words of a page, and whether its tags balance."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] != "style":
            self.words += data.split()

    def __str__(self) -> str:
        return " ".join(self.words)


def about(path: str = FIGURE) -> str:
    return str(Text(pages().about(path)))


def overview(*paths: str) -> str:
    return str(Text(pages().overview(paths)))


def spoil(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_figure_with_its_claim_verdict_digest_and_lineage(here: Path) -> None:
    judge(here, "supported")
    record = read_record(here / "results/figures/f.prov.json")
    text = about()
    for said in (
        "Claim family.falls ✓ supported x <em> y & z",
        "1.5 [1, 2.5], n 7; asked <= 2",
        f"sha256 {hashlib.sha256((here / FIGURE).read_bytes()).hexdigest()}",
        f"job {record['fingerprint']}",
        "record f.prov.json",
        f"lemmata audit {FIGURE}",
        "Lineage ✓ intact",
        f"read {hashlib.sha256((here / 'results/t.parquet').read_bytes()).hexdigest()[:12]}",
    ):
        assert said in text
    assert "why so" not in text  # a supported claim needs no excuse
    assert re.findall(r"(\w+) 1 job,", text) == ["figure", "table", "raw"]
    for item in record["outputs"]:
        assert item["sha256"][:12] in text


@pytest.mark.parametrize("verdict", ["refuted", "inconclusive", "not tested"])
def test_other_verdicts_come_with_their_reason(here: Path, verdict: str) -> None:
    judge(here, verdict)
    assert verdict in about()
    assert "why so" in about()
    assert "supported" not in about()
    assert f"1 {verdict}" in overview(FIGURE)


def test_claim_without_verdict_is_not_judged(here: Path) -> None:
    assert "family.falls ! not judged" in about()
    assert "not judged" in overview(FIGURE)


def test_changed_verdict_is_told_beside_it(here: Path) -> None:
    judge(here, "refuted")
    path = here / f"results/claims/{CLAIM.id}.json"
    path.write_text(path.read_text().replace("refuted", "supported"))
    assert "results/claims/family.falls.json: changed" in about()
    path.write_text("{")
    assert "not judged" in about()


@pytest.mark.parametrize(
    ("victim", "status"),
    [
        ("resources/raw.csv", "changed"),
        ("results/t.parquet", "changed"),
        ("results/figures/f.svg", "changed"),
        ("results/t.prov.json", "forged"),
    ],
)
def test_damage_anywhere_in_the_lineage_is_told(here: Path, victim: str, status: str) -> None:
    judge(here, "supported")
    assert "✓ intact" in overview(FIGURE)
    spoil(here / victim)
    for text in (about(), overview(FIGURE)):
        assert "✓ intact" not in text
        assert "! changed" in text or "! forged" in text
    assert victim in about()
    assert status in about()


def test_digest_is_that_of_the_file_not_of_the_record(here: Path) -> None:
    old = hashlib.sha256((here / FIGURE).read_bytes()).hexdigest()
    assert old[:12] in overview(FIGURE)
    spoil(here / FIGURE)
    new = hashlib.sha256((here / FIGURE).read_bytes()).hexdigest()
    assert f"sha256 {new}" in about()
    assert new[:12] in overview(FIGURE)
    assert old[:12] not in overview(FIGURE)


def test_file_without_record_is_told(here: Path) -> None:
    (here / "results/figures/f.prov.json").unlink()
    assert "no record of job" in about()
    assert "! missing" in overview(FIGURE)


def test_many_problems_are_counted(here: Path) -> None:
    page = pages()
    problems = [f"p{i}" for i in range(SHOWN + 3)]
    template = page._environment.from_string(
        '{% from "macros" import problems with context %}{{ problems(found, shown) }}'
    )
    text = template.render(found=problems, shown=SHOWN)
    assert f"p{SHOWN - 1}<" in text
    assert f"p{SHOWN}<" not in text
    assert "and 3 more" in text


def test_claims_belong_to_their_figure_in_any_format() -> None:
    page = Pages(Path("results"), [CLAIM, OTHER])
    assert page.claims_of(FIGURE) == page.claims_of("results/figures/f.svg") == [CLAIM]
    assert page.claims_of("results/other/figures/f.png") == []


def test_figure_without_a_claim_says_so_and_a_table_does_not(here: Path) -> None:
    lone = Pages(Path("results"), [OTHER])
    sentence = "No claim is judged by this figure."
    assert sentence in lone.about(FIGURE)
    assert sentence not in about()
    assert sentence not in lone.about("results/t.parquet")


def test_overview_lists_figures_with_claims_first_and_claims_without_figures_last(
    here: Path,
) -> None:
    both = Pages(Path("results"), [OTHER, CLAIM])
    text = str(Text(both.overview(["results/a/figures/a.png", FIGURE])))
    places = [text.index(part) for part in ("f family.falls", "a – –", "no figure family.other")]
    assert places == sorted(places)
    assert text.startswith("2 claims:")


def test_names_of_figures_are_escaped_for_script_and_html(here: Path) -> None:
    html = pages().overview(["results/\"');alert(1)//<b>.png"])
    Text(html)
    assert "<b>" not in html
    assert '");alert' not in html


def test_stages_run_from_the_figure_to_the_raw_data() -> None:
    """The longest way counts: `raw` is read by the figure too, and still comes last."""

    def node(rule: str, *children: Node, repeated: bool = False) -> Node:
        code = {"script": f"{rule}.py", "digest": "d"}
        record: dict[str, Any] = {"rule": rule, "code": code, "git": None}
        entry = Entry(Path(f"{rule}.prov.json"), record, "", Path())
        return Node(rule, "", entry, [], list(children), repeated)

    raw = node("raw")
    again = node("raw", repeated=True)
    middle = node("table", raw)
    figure = node("figure", middle, again)
    assert [stage.rule for stage in stages(figure)] == ["figure", "table", "raw"]
    turned = node("figure", raw, node("table", again))
    assert [stage.rule for stage in stages(turned)] == ["figure", "table", "raw"]
    assert stages(turned)[0].commits == ["no git"]


def test_directives_read_the_tree_when_they_are_rendered(here: Path) -> None:
    register("results", [CLAIM])
    judge(here, "refuted")
    text = f"Caption.\n\n.. provenance:: {FIGURE}\n\n.. overview::\n\n   {FIGURE}\n"
    body = publish_parts(text, writer="html")["body"]
    assert "system-message" not in body
    assert "Caption." in body
    assert body.count("✗ refuted") >= 2
    digest = hashlib.sha256((here / FIGURE).read_bytes()).hexdigest()
    assert digest in body
    assert json.dumps(FIGURE).replace('"', "&#34;") in body
