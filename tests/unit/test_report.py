"""The claims table: every verdict said in words, valid HTML, links that lead somewhere."""

import contextlib
import io
import json
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest

from lemmata.claims import VERDICTS, claim_from, judge, load_claims
from lemmata.plotting import PALETTE
from lemmata.provenance.job import TRAINED
from lemmata.report.claims_table import claims_rows, claims_table_html
from lemmata.report.template import CLAIMS_TABLE
from lemmata.report.words import summary
from lemmata.stats import Interval, evidence_table, exact
from lemmata.tables import read_table, write_table

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts" / "report"
TABLE = "family/study/evidence.parquet"
VOID = {"meta", "br", "link", "img", "input", "hr"}


def claim(name, threshold, **changes):
    part = {"table": TABLE, "comparison": "<=", "why": "a < b & c"}
    return {
        "id": f"family.{name}",
        "paper": {"title": "Smooth <ECE> & more", "arxiv": "2309.12236"},
        "basis": "derived",
        "source": "theorem 1",
        "statement": "<script>alert('x')</script> falls.",
        "figure": f"family/study/figures/{name}.svg",
        "asked_at": ["laptop"],
        "parts": [
            {"statistic": "worst", "threshold": threshold, **part},
            {"statistic": "wide", "threshold": 10.0, **part},
        ],
        **changes,
    }


# Evidence: worst = 2 exactly, wide = 1 in [0.5, 3].
CLAIMS = [
    claim("supported", 2.0),
    claim("refuted", 1.0),
    claim("inconclusive", 2.0, parts=[{**claim("x", 0)["parts"][1], "threshold": 1.0}]),
    claim("not_tested", 1.0, asked_at=["paper"]),
    claim(
        "optional",
        1.0,
        requires="downloads",
        parts=[{**claim("x", 1.0)["parts"][0], "table": "o.parquet"}],
    ),
]
# Each file that the page leads to, and the record of its job.
RECORDS = {
    **{f"claims/{values['id']}.json": f"claims/{values['id']}.prov.json" for values in CLAIMS},
    **{values["figure"]: f"{values['figure'].removesuffix('.svg')}.prov.json" for values in CLAIMS},
    TABLE: "family/study/study.prov.json",
}
EVIDENCE = evidence_table({"worst": exact(2.0, 12), "wide": Interval(1.0, 0.5, 3.0, 7)})


@pytest.fixture
def judged():
    rows = {TABLE: EVIDENCE.to_dict("records")}
    return [judge(claim_from(values), rows, "laptop") for values in CLAIMS]


@pytest.fixture
def page(judged):
    return claims_table_html(judged, "laptop", RECORDS)


class Reader(HTMLParser):
    """Checks that tags balance; collects links, ids, rows of cell texts."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.ids, self.rows, self.attributes = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"double attribute in <{tag}>"
        self.attributes.append((tag, attributes))
        self.links += [attributes["href"]] if "href" in attributes else []
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without an opening tag"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_the_reader_of_these_tests_sees_unbalanced_tags():
    with pytest.raises(AssertionError, match="closes <b>"):
        read("<p><b></p></b>")


def test_html_is_balanced_and_has_what_readers_need(page):
    reader = read(page)
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert len(set(reader.ids)) == len(reader.ids) == len(CLAIMS)
    tags = {tag for tag, _ in reader.attributes}
    assert {"title", "caption", "thead"} <= tags
    assert all("scope" in attributes for tag, attributes in reader.attributes if tag == "th")


def test_html_is_self_contained(page):
    tags = {tag for tag, _ in read(page).attributes}
    assert not tags & {"script", "link", "img", "iframe"}
    assert "url(" not in page
    assert "@import" not in page


def test_every_row_fills_the_table(page):
    """Cells plus those reaching down from above are as many as there are columns."""
    reader = read(page)
    spans = [0] * (1 + sum(len(values["parts"]) + 1 for values in CLAIMS))  # 1: its files
    row = -1
    for tag, attributes in reader.attributes:
        row += tag == "tr"
        if tag in ("td", "th"):
            for reached in range(row, row + int(attributes.get("rowspan", 1))):
                spans[reached] += int(attributes.get("colspan", 1))
    assert row == len(spans) - 1
    assert set(spans) == {7}


def test_each_verdict_is_said_in_words_and_by_a_sign(page):
    rows = read(page).rows[1:]
    badges = [row[0].strip() for row in rows if len(row) == 7]
    assert badges == [
        "✓ supported",
        "✗ refuted",
        "? inconclusive",
        "– not tested",
        "– not tested",
    ]


def test_values_intervals_and_criteria_are_shown(page):
    rows = [row for row in read(page).rows[1:] if len(row) > 1]  # without those of the files
    assert [cell.strip() for cell in rows[0][3:7]] == ["2", "12", "<= 2", "✓ supported"]
    assert [cell.strip() for cell in rows[1][1:5]] == ["1 [0.5, 3]", "7", "<= 10", "✓ supported"]
    assert [cell.strip() for cell in rows[2][3:7]] == ["2", "12", "<= 1", "✗ refuted"]
    assert [cell.strip() for cell in rows[5][3:7]] == ["–", "–", "<= 1", "– not tested"]


def test_text_is_escaped(page):
    assert "<script>" not in page
    assert "&lt;script&gt;alert(" in page
    assert "Smooth &lt;ECE&gt; &amp; more" in page


def test_badge_colours_are_the_palettes():
    colours = {c.upper() for c in re.findall(r"border-color: (#[0-9A-Fa-f]{6})", CLAIMS_TABLE)}
    assert len(colours) == 3
    assert colours <= set(PALETTE.values())
    for verdict in VERDICTS:
        assert f".{verdict.replace(' ', '-')} {{" in CLAIMS_TABLE


def test_links_lead_to_files_and_their_records_and_stand_as_text(tmp_path, judged, page):
    results = tmp_path / "results" / "laptop"
    (results / "report").mkdir(parents=True)
    for name in [*RECORDS, *RECORDS.values()]:
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).touch()
    links = [link for link in read(page).links if not link.startswith("https://")]
    # Four claims with figure, evidence and verdict, a fifth with its verdict alone.
    assert len(links) == 2 * (4 * 3 + 1)
    for link in links:
        assert (results / "report" / link).resolve().is_file()
    for path in links[::2]:
        assert f"results/laptop/{path.removeprefix('../')}" in page
    for file, record in zip(links[::2], links[1::2], strict=True):
        assert record == f"../{RECORDS[file.removeprefix('../')]}"
    assert "needs " in read(page).rows[-2][1]  # why there is nothing to link to


def test_file_without_a_known_record_gets_no_link_to_one(judged):
    assert ".prov.json" not in claims_table_html(judged, "laptop")


def test_papers_are_linked(page):
    assert read(page).links.count("https://arxiv.org/abs/2309.12236") == len(CLAIMS)


def test_summary_counts(judged, page):
    line = "5 claims: 1 supported, 1 refuted, 1 inconclusive, 2 not tested."
    assert summary(judged) == line
    assert line in page
    assert summary(judged[:1]).startswith("1 claim: 1 supported")


def test_rows_hold_one_line_per_statistic(judged):
    frame = claims_rows(judged)
    assert list(frame["claim"].str.removeprefix("family.")) == [
        *("supported", "supported", "refuted", "refuted"),
        *("inconclusive", "not_tested", "not_tested", "optional"),
    ]
    assert list(frame["part_verdict"][:4]) == ["supported", "supported", "refuted", "supported"]
    assert list(frame["verdict"][2:4]) == ["refuted", "refuted"]
    assert frame.loc[1, ["value", "lower", "upper", "n"]].tolist() == [1.0, 0.5, 3.0, 7]
    assert frame["n"].isna().tolist() == [False] * 5 + [True] * 3
    assert frame["evidence"].isna().tolist() == [False] * 7 + [True]


def test_csv_reads_back(judged):
    frame = claims_rows(judged)
    text = frame.to_csv(index=False)
    back = pd.read_csv(io.StringIO(text), dtype={"arxiv": "str", "n": "Int64"})
    for column in ("claim", "verdict", "value", "lower", "n", "criterion", "statement", "arxiv"):
        pd.testing.assert_series_equal(back[column], frame[column], check_dtype=False)


def test_the_projects_claims_make_a_page():
    judged = [judge(item, {}, "smoke") for item in load_claims(ROOT / "config" / "claims.yaml")]
    assert len(read(claims_table_html(judged, "smoke")).ids) == len(judged)
    assert set(claims_rows(judged)["verdict"]) == {"not tested"}


# --- the scripts, run without Snakemake ----------------------------------------------------------


def run_script(name, monkeypatch, *, inputs, outputs, cfg):
    """Run a script with a stand-in for the job context: named inputs, outputs and cfg."""
    stand_in = ModuleType("lemmata.provenance.job")
    context = SimpleNamespace(input=inputs, output=outputs, cfg=cfg, stamp={"fingerprint": "ab"})
    stand_in.TRAINED = TRAINED
    stand_in.job = lambda *_: contextlib.nullcontext(context)
    monkeypatch.setitem(sys.modules, "lemmata.provenance.job", stand_in)
    runpy.run_path(str(SCRIPTS / name), init_globals={"snakemake": None})


def test_from_evidence_tables_to_the_page(tmp_path, monkeypatch):
    evidence = tmp_path / "evidence.parquet"
    write_table(EVIDENCE, evidence)
    assert read_table(evidence).equals(EVIDENCE)
    files = [tmp_path / f"{values['id']}.json" for values in CLAIMS]
    for values, file in zip(CLAIMS, files, strict=True):
        run_script(
            "judge.py",
            monkeypatch,
            inputs=SimpleNamespace(evidence=[str(evidence)]),
            outputs=SimpleNamespace(claim=file),
            cfg={"scale": "laptop", "claim": values, "tables": [TABLE]},
        )
    verdicts = [json.loads(path.read_text(encoding="utf-8"))["verdict"] for path in files]
    assert verdicts == ["supported", "refuted", "inconclusive", "not tested", "not tested"]
    html, csv = tmp_path / "claims.html", tmp_path / "claims.csv"
    run_script(
        "claims_table.py",
        monkeypatch,
        inputs=SimpleNamespace(claims=[str(path) for path in files]),
        outputs=SimpleNamespace(html=html, csv=csv),
        cfg={"scale": "laptop", "records": RECORDS},
    )
    assert "1 supported, 1 refuted" in html.read_text(encoding="utf-8")
    assert pd.read_csv(csv)["part_verdict"].tolist()[2] == "refuted"
    assert b"\r" not in csv.read_bytes()
