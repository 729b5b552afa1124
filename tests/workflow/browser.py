"""The report as a person sees it, in headless Chromium; anything odd is an AssertionError."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    sync_playwright,
)

from lemmata.claims import Claim, load_claims
from lemmata.provenance.record import read_record, record_beside

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCAL = ("file:", "data:", "blob:")
RESULTS = "results/smoke"


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """The system's Chromium. Without one: a skip, but a failure where CI should have it."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = f"needs a browser on the PATH, one of {', '.join(NAMES)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Browser, path: Path) -> Iterator[Page]:
    """A file, opened from disk; fails at the end if an error was logged or a network asked."""
    trouble: list[str] = []

    def told(message: ConsoleMessage) -> None:
        if message.type == "error":
            trouble.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith(LOCAL):
            trouble.append(f"asks the network for {request.url}")

    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    context.set_default_timeout(15_000)
    context.on("console", told)
    context.on("weberror", lambda error: trouble.append(f"page: {error.error}"))
    context.on("request", asked)
    context.on("requestfailed", lambda r: trouble.append(f"cannot load {r.url[:80]}"))
    page = context.new_page()
    try:
        page.goto(path.as_uri())
        yield page
        page.wait_for_timeout(200)  # what is logged last arrives last
    except (AssertionError, Error) as error:
        raise AssertionError("; ".join([*trouble, str(error)])) from error
    finally:
        context.close()
    assert not trouble, "; ".join(trouble)


def figures(tree: Path) -> list[Path]:
    """Every figure of a finished tree, relative to it."""
    found = sorted(path.relative_to(tree) for path in tree.glob(f"{RESULTS}/**/figures/*.png"))
    assert found
    return found


def claims_of(tree: Path, figure: Path) -> list[Claim]:
    """The claims that config/claims.yaml gives a figure to."""
    stem = figure.with_suffix("").relative_to(RESULTS)
    claims = load_claims(tree / "config/claims.yaml")
    return [claim for claim in claims if Path(claim.figure).with_suffix("") == stem]


def verdict(tree: Path, claim: Claim) -> str:
    """The verdict as the run wrote it."""
    text = (tree / RESULTS / "claims" / f"{claim.id}.json").read_text()
    return str(json.loads(text)["verdict"])


def walk_report(browser: Browser, report: Path, tree: Path) -> None:
    """First page, then every category and every figure in it with its caption."""
    expected = figures(tree)
    with opened(browser, report) as page:
        page.locator("nav").first.wait_for()
        _first_page(page, tree, expected)
        seen = [path for category in _categories(page) for path in _category(page, category, tree)]
        pages = {path.relative_to(tree) for path in tree.glob(f"{RESULTS}/survey/*/page.html")}
        assert pages
        wrong = {*expected, *pages, Path(RESULTS, "report/claims.html")} ^ set(seen)
        assert not wrong, f"other results than the tree: {sorted(map(str, wrong))}"


def _first_page(page: Page, tree: Path, expected: list[Path]) -> None:
    rows = page.locator(".overview tbody tr")
    text = "\n".join(rows.all_inner_texts())
    links = page.locator(".overview a")
    assert links.count() == len(expected)
    for path in expected:
        assert hashlib.sha256((tree / path).read_bytes()).hexdigest()[:12] in text, path
    for claim in load_claims(tree / "config/claims.yaml"):
        (row,) = [row for row in rows.all_inner_texts() if claim.id in row.split()]
        assert verdict(tree, claim) in row, f"another verdict than {claim.id} has"
    links.first.click()
    _shows_picture(page)
    page.locator("section.digest").wait_for()


def _categories(page: Page) -> list[str]:
    """What stands under Results in the menu."""
    page.locator("nav nav a").first.click()  # the house
    names = page.locator("nav li a span").all_inner_texts()
    found = [name for name in names if name not in ("Workflow", "Statistics", "About")]
    assert {"Claims", "Reliability diagrams", "SmoothECE"} <= set(found)
    return found


def _category(page: Page, name: str, tree: Path) -> list[Path]:
    """Open each result of a category, by its two buttons; the paths that the captions name."""
    found = []
    page.locator("nav nav a").first.click()
    page.locator("nav").get_by_text(name, exact=True).click()
    rows = page.locator("nav table tbody tr")
    rows.first.wait_for()
    for i in range(rows.count()):
        eye, about = rows.nth(i).locator("a").all()
        eye.click()
        if name == "Claims":
            _shows_claims(page, tree)
        elif name == "Survey editions":
            _shows_page(page)
        else:
            _shows_picture(page)
        about.click()
        found.append(_caption(page, tree))
        page.locator("nav nav").get_by_text(name, exact=True).click()
        rows.first.wait_for()
    return found


def _shows_picture(page: Page) -> None:
    picture = page.locator("#app img[src^='data:image/png']")
    picture.wait_for(state="attached")
    assert picture.evaluate("i => i.decode().then(() => i.naturalWidth, () => 0)") > 200, (
        "a figure does not show"
    )


def _shows_claims(page: Page, tree: Path) -> None:
    table = page.frame_locator("iframe").locator("tbody")
    table.first.wait_for()
    shown = {body.get_attribute("id") for body in table.all()}
    assert shown == {claim.id for claim in load_claims(tree / "config/claims.yaml")}


def _shows_page(page: Page) -> None:
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="What moved").wait_for()
    assert frame.locator("h1").inner_text()


def _caption(page: Page, tree: Path) -> Path:
    """What the caption says must be what the tree holds."""
    caption = page.locator(".lemmata")
    caption.wait_for()
    command = caption.get_by_text(re.compile("^lemmata audit ")).inner_text()
    path = Path(command.removeprefix("lemmata audit "))
    found = record_beside(tree / path)
    assert found is not None
    record = read_record(found)
    sha256 = hashlib.sha256((tree / path).read_bytes()).hexdigest()
    assert caption.locator(".sha256").inner_text() == sha256, f"another digest than {path} has"
    assert caption.locator(".fingerprint").inner_text() == record["fingerprint"]
    if path.suffix == ".png":
        _claims(caption, tree, path)
    lineage = caption.locator("section.lineage")
    assert lineage.locator("h4 .badge").inner_text() == "✓ intact", path
    stages = lineage.locator("summary").all_inner_texts()
    assert stages[0].startswith(record["rule"])
    lineage.locator("summary").first.click()
    read = [item["sha256"][:12] for item in record["inputs"]]
    shown = lineage.locator("details").first.inner_text()
    assert all(digest in shown for digest in read)
    return path


def _claims(caption: Locator, tree: Path, path: Path) -> None:
    sections = caption.locator("section.claim")
    claims = claims_of(tree, path)
    assert sections.count() == max(1, len(claims))
    text = "\n".join(sections.all_inner_texts())
    if not claims:
        assert "No claim is judged by this figure." in text
    for claim in claims:
        assert claim.id in text
        assert claim.statement in text
        assert verdict(tree, claim) in text, f"another verdict than {claim.id} has"


def follow_links(browser: Browser, start: Path) -> list[Path]:
    """Follow every link of a page to the file it leads to; links to the network are left alone."""
    targets = []
    with opened(browser, start) as page:
        links = [str(a.evaluate("a => a.href")) for a in page.locator("a").all()]
        for link in dict.fromkeys(links):
            if link.startswith("https://arxiv.org/"):
                continue
            assert link.startswith("file:"), f"leads elsewhere: {link}"
            target = Path(unquote(urlsplit(link).path))
            assert target.is_file(), f"leads nowhere: {link}"
            targets.append(target)
            if target.suffix != ".parquet":  # which a browser hands over as a download
                page.goto(link)
                assert page.evaluate("document.documentElement.outerHTML.length") > 100
    return targets
