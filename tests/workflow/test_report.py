"""The report of a finished run, and the page of claims, as a browser shows them from disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lemmata.claims import load_claims
from lemmata.provenance.record import SUFFIX, read_record
from tests.workflow import dag
from tests.workflow.browser import RESULTS, figures, follow_links, launched, opened, walk_report

pytestmark = pytest.mark.dag
REPORT = f"{RESULTS}/report/report.html"
CLAIMS = f"{RESULTS}/report/claims.html"


@pytest.fixture(scope="module")
def reported(smoke_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished tree with its report."""
    tree = dag.copy_tree(smoke_tree, tmp_path_factory.mktemp("report") / "tree")
    done = dag.snakemake(tree, "--report", REPORT)
    assert done.returncode == 0, done.stdout
    return tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


class Remote(HTMLParser):
    """Collects what a page would load from a network."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            loaded = name == "src" or (name == "href" and tag == "link")
            if loaded and (value or "").startswith(("http:", "https:", "//")):
                self.found.append(str(value))


def test_report_loads_nothing_from_a_network(reported: Path) -> None:
    page = Remote()
    page.feed((reported / REPORT).read_text())
    assert {"body", "script"} <= set(page.tags)
    assert not page.found
    page.feed('<img src="https://example.org/x.png">')
    assert page.found


def test_making_the_report_makes_nothing_stale(reported: Path) -> None:
    assert not dag.planned(reported)
    allowed = {"results", "resources", "logs", ".snakemake", ".cache", ".lemmata", *dag.PARTS}
    assert {path.name for path in reported.iterdir()} <= allowed


def test_every_figure_opens_with_claim_verdict_digest_and_lineage(
    reported: Path, browser: Browser
) -> None:
    walk_report(browser, reported / REPORT, reported)


def test_report_opens_from_elsewhere(reported: Path, browser: Browser, tmp_path: Path) -> None:
    copy = Path(shutil.copy(reported / REPORT, tmp_path / "a copy.html"))
    with opened(browser, copy) as page:
        page.locator(".overview a").last.click()
        page.locator("section.digest").wait_for()


def first(pattern: str, new: str) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        spoiled, times = re.subn(pattern, new, text, count=1)
        assert times == 1, pattern
        return spoiled

    return spoil


END = r"</body>\s*</html>\s*$"


PAIR = r'("results/[^"]+/binned_and_smooth\.png": \{.*?'

TROUBLE = {
    "oh no": "<script>throw Error('oh no')</script>",
    "ouch": "<script>console.error('ouch')</script>",
    "network for https://example.org": '<img src="https://example.org/x.png">',
    "cannot load file": '<img src="missing.png">',
}


@pytest.mark.parametrize("message", TROUBLE)
def test_trouble_of_the_page_is_noticed(
    reported: Path, browser: Browser, tmp_path: Path, message: str
) -> None:
    broken = tmp_path / "report.html"
    broken.write_text(first(END, TROUBLE[message])((reported / REPORT).read_text()))
    with pytest.raises(AssertionError, match=message), opened(browser, broken) as page:
        page.locator(".overview").wait_for()


SPOILT = {
    "does not show": first(PAIR + r'"data_uri": "data:image/png[^,]*,)[^"]+', r"\1AAAA"),
    "another digest": first(PAIR + r'class=\\"sha256\\">)[0-9a-f]{4}', r"\1dead"),
    "other results.*cost.png": first(r'"results/[^"]+/cost\.png", ', ""),
    "another verdict": first(r"\\u2013 not tested", "supported"),
}


@pytest.mark.parametrize("message", SPOILT)
def test_false_report_is_noticed(
    reported: Path, browser: Browser, tmp_path: Path, message: str
) -> None:
    broken = tmp_path / "report.html"
    broken.write_text(SPOILT[message]((reported / REPORT).read_text()))
    with pytest.raises(AssertionError, match=message):
        walk_report(browser, broken, reported)


def test_report_of_a_changed_tree_says_so(reported: Path, browser: Browser, tmp_path: Path) -> None:
    tree = dag.copy_tree(reported, tmp_path / "tree")
    figure = tree / RESULTS / "calibration/digits/figures/reliability.png"
    whole = figure.read_bytes()
    figure.write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
    done = dag.snakemake(tree, "--report", REPORT)
    assert done.returncode == 0, done.stdout
    with opened(browser, tree / REPORT) as page:
        rows = page.locator(".overview tr", has=page.locator("a")).all_inner_texts()
        assert len(rows) == len(figures(tree))
        bad = [row for row in rows if "intact" not in row]
        assert len(bad) == 1
        assert "digits/reliability" in bad[0]
    with pytest.raises(AssertionError):
        walk_report(browser, tree / REPORT, tree)


def test_every_link_of_the_claims_page_opens(reported: Path, browser: Browser) -> None:
    found = {path.relative_to(reported) for path in follow_links(browser, reported / CLAIMS)}
    records = [path for path in found if path.name.endswith(SUFFIX)]
    spoken = {o["path"] for path in records for o in read_record(reported / path)["outputs"]}
    for claim in load_claims(reported / "config/claims.yaml"):
        named = [f"claims/{claim.id}.json"]
        if claim.requires is None:
            named += [claim.figure, *claim.tables]
        for name in named:
            path = Path(RESULTS, name)
            assert path in found
            assert str(path) in spoken, "its record is not linked"


def test_dead_link_of_the_claims_page_is_noticed(
    reported: Path, browser: Browser, tmp_path: Path
) -> None:
    tree = dag.copy_tree(reported, tmp_path / "tree")
    (tree / RESULTS / "claims/smooth_ece.cost.prov.json").unlink()
    with pytest.raises(AssertionError, match="leads nowhere"):
        follow_links(browser, tree / CLAIMS)


def test_missing_browser_is_a_skip_but_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="needs a browser"), launched():
        pass
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs a browser"), launched():
        pass
