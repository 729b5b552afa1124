"""Fetching: verified, read-only, all or nothing, https only."""

from __future__ import annotations

import hashlib
import http.client
import io
import socket
import stat
from pathlib import Path
from typing import ClassVar
from urllib.request import BaseHandler, Request

import pytest

from lemmata.data import fetch as module
from lemmata.data.fetch import fetch
from lemmata.data.raw import RawFile
from lemmata.data.registry import DATASETS
from lemmata.errors import LemmataError

CONTENT = b"the very bytes\n" * 100_000  # more than one chunk
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "https://example.org/data/set.csv"
RAW = RawFile("set", "set.csv", URL, SHA256, "folder/set.csv", "https://example.org/about")


class Internet(BaseHandler):
    """Stands in for urllib's https handler; `answers` maps an address to its raw HTTP answer."""

    answers: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def https_open(self, request: Request) -> http.client.HTTPResponse:
        self.asked.append(request.full_url)
        if request.full_url not in self.answers:
            raise ConnectionResetError(104, "Connection reset by peer")
        return _response(self.answers[request.full_url])


def _response(answer: bytes) -> http.client.HTTPResponse:
    class Wire:
        def makefile(self, _mode: str) -> io.BytesIO:
            return io.BytesIO(answer)

    response = http.client.HTTPResponse(Wire())  # type: ignore[arg-type]
    response.begin()
    response.msg = response.reason  # type: ignore[assignment] - as urllib's own handler does
    return response


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def moved(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> type[Internet]:
    monkeypatch.setattr(module, "HTTPSHandler", Internet)
    monkeypatch.setattr(Internet, "answers", {})
    monkeypatch.setattr(Internet, "asked", [])
    return Internet


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **keywords: object) -> None:
        raise OSError(101, "Network is unreachable")

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def folder_mirror(tmp_path: Path) -> Path:
    path = tmp_path / "mirror" / "folder" / "set.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return tmp_path / "mirror"


def test_https_address(internet: type[Internet], tmp_path: Path) -> None:
    internet.answers[URL] = ok(CONTENT)
    fetch(RAW, tmp_path / "a" / "b" / "set.csv")
    target = tmp_path / "a" / "b" / "set.csv"
    assert target.read_bytes() == CONTENT
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("form", ["folder", "file address", "file address with slash"])
def test_mirror_folder(folder_mirror: Path, tmp_path: Path, form: str) -> None:
    place = {
        "folder": str(folder_mirror),
        "file address": folder_mirror.as_uri(),
        "file address with slash": folder_mirror.as_uri() + "/",
    }[form]
    fetch(RAW, tmp_path / "set.csv", place)
    assert (tmp_path / "set.csv").read_bytes() == CONTENT


@pytest.mark.usefixtures("offline")
def test_mirror_folder_with_odd_characters(folder_mirror: Path, tmp_path: Path) -> None:
    odd = folder_mirror.rename(tmp_path / "a mirror, 100%")
    fetch(RAW, tmp_path / "by_uri.csv", odd.as_uri())
    fetch(RAW, tmp_path / "by_path.csv", str(odd))
    assert (tmp_path / "by_uri.csv").read_bytes() == (tmp_path / "by_path.csv").read_bytes()


def test_mirror_prefix_is_asked_first(internet: type[Internet], tmp_path: Path) -> None:
    internet.answers["https://mirror.org/x/folder/set.csv"] = ok(CONTENT)
    fetch(RAW, tmp_path / "set.csv", "https://mirror.org/x/")
    assert internet.asked == ["https://mirror.org/x/folder/set.csv"]


def test_address_is_asked_when_the_mirror_lacks_the_file(
    internet: type[Internet], tmp_path: Path
) -> None:
    internet.answers[URL] = ok(CONTENT)
    fetch(RAW, tmp_path / "set.csv", str(tmp_path))
    assert internet.asked == [URL]
    assert (tmp_path / "set.csv").read_bytes() == CONTENT


def test_replaces_a_read_only_file(folder_mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_bytes(b"old")
    (tmp_path / "set.csv").chmod(0o444)
    fetch(RAW, tmp_path / "set.csv", str(folder_mirror))
    assert (tmp_path / "set.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("position", [0, len(CONTENT) // 2, len(CONTENT) - 1])
def test_one_flipped_byte_is_refused(folder_mirror: Path, tmp_path: Path, position: int) -> None:
    wrong = bytearray(CONTENT)
    wrong[position] ^= 1
    (folder_mirror / "folder" / "set.csv").write_bytes(wrong)
    found = hashlib.sha256(wrong).hexdigest()
    target = tmp_path / "out" / "set.csv"
    with pytest.raises(LemmataError, match=f"set.csv .*expected {SHA256}, found {found}") as caught:
        fetch(RAW, target, str(folder_mirror))
    assert "\n" not in str(caught.value)
    assert list(target.parent.iterdir()) == []


def test_wrong_bytes_do_not_replace_a_good_file(folder_mirror: Path, tmp_path: Path) -> None:
    target = tmp_path / "set.csv"
    fetch(RAW, target, str(folder_mirror))
    (folder_mirror / "folder" / "set.csv").write_bytes(b"wrong")
    with pytest.raises(LemmataError, match="refused"):
        fetch(RAW, target, str(folder_mirror))
    assert target.read_bytes() == CONTENT


def test_a_mirror_with_wrong_bytes_is_no_reason_to_go_online(
    internet: type[Internet], folder_mirror: Path, tmp_path: Path
) -> None:
    internet.answers[URL] = ok(CONTENT)
    (folder_mirror / "folder" / "set.csv").write_bytes(b"wrong")
    with pytest.raises(LemmataError, match="refused"):
        fetch(RAW, tmp_path / "set.csv", str(folder_mirror))
    assert internet.asked == []


def test_a_broken_download_is_refused(internet: type[Internet], tmp_path: Path) -> None:
    internet.answers[URL] = ok(CONTENT)[:-1]
    with pytest.raises(LemmataError, match=r"refused|cannot get"):
        fetch(RAW, tmp_path / "out" / "set.csv")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("offline")
def test_offline_without_mirror_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LemmataError) as caught:
        fetch(RAW, tmp_path / "out" / "set.csv")
    assert str(caught.value) == (
        f"data set set: cannot get set.csv ({URL}: Network is unreachable); data.mirror is not "
        "set: set it to a folder or an https:// prefix that holds folder/set.csv, see "
        "https://example.org/about"
    )
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("offline")
def test_offline_with_a_mirror_that_lacks_the_file_names_both(tmp_path: Path) -> None:
    with pytest.raises(LemmataError) as caught:
        fetch(RAW, tmp_path / "set.csv", str(tmp_path))
    lacking = tmp_path / "folder" / "set.csv"
    assert f"({lacking}: No such file or directory; {URL}: Network is" in str(caught.value)
    assert f"data.mirror is {tmp_path}: " in str(caught.value)


def test_not_found_is_told(internet: type[Internet], tmp_path: Path) -> None:
    internet.answers[URL] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(LemmataError, match=r"set\.csv \(https://example\.org.*Not Found\)"):
        fetch(RAW, tmp_path / "set.csv")


@pytest.mark.usefixtures("offline")
def test_a_mirror_only_file_says_where_to_get_it(tmp_path: Path) -> None:
    (raw,) = DATASETS["credit_default"].files
    with pytest.raises(LemmataError, match=r"no public address serves these bytes.*see https://"):
        fetch(raw, tmp_path / "file.csv")


def test_redirects_stay_on_https(internet: type[Internet], tmp_path: Path) -> None:
    internet.answers[URL] = moved("https://elsewhere.org/set.csv")
    internet.answers["https://elsewhere.org/set.csv"] = ok(CONTENT)
    fetch(RAW, tmp_path / "set.csv")
    assert (tmp_path / "set.csv").read_bytes() == CONTENT

    for location in ("http://elsewhere.org/set.csv", "ftp://elsewhere.org/x", "file:///etc/passwd"):
        internet.answers[URL] = moved(location)
        with pytest.raises(LemmataError, match=r"redirect to .* refused|is not allowed"):
            fetch(RAW, tmp_path / "out" / "set.csv")
        assert internet.asked[-1] == URL
        assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("scheme", ["http", "ftp", "data", "s3", "HTTP"])
def test_other_schemes_are_refused(tmp_path: Path, scheme: str) -> None:
    with pytest.raises(LemmataError, match=f"data.mirror: the address {scheme}://x/y is not"):
        fetch(RAW, tmp_path / "set.csv", f"{scheme}://x/y")
    plain = RawFile("set", "set.csv", f"{scheme}://x/set.csv", SHA256, None, "https://x")
    with pytest.raises(LemmataError, match=r"data set set: the address .*allowed: https://"):
        fetch(plain, tmp_path / "set.csv")


def test_a_mirror_that_is_no_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    for place in ("/no/such/place", "file:///no/such/place", f"file://host{tmp_path}"):
        with pytest.raises(LemmataError, match=rf"^data\.mirror: {place} is not a folder"):
            fetch(RAW, tmp_path / "set.csv", place)


@pytest.mark.usefixtures("offline")
def test_package_files(tmp_path: Path) -> None:
    (raw,) = DATASETS["digits"].files
    fetch(raw, tmp_path / "digits.csv.gz")
    content = (tmp_path / "digits.csv.gz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == raw.sha256
    assert stat.S_IMODE((tmp_path / "digits.csv.gz").stat().st_mode) == 0o444


def test_package_that_is_missing_or_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raw(source: str) -> RawFile:
        return RawFile("set", "x.csv", source, SHA256, None, "https://x")

    package = tmp_path / "somepackage"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (package / "x.csv").write_bytes(b"of another version")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LemmataError, match="data set set: its package nopackage is not installed"):
        fetch(raw("package://nopackage/x.csv"), tmp_path / "x.csv")
    with pytest.raises(LemmataError, match=r"package somepackage here has no file y\.csv"):
        fetch(raw("package://somepackage/y.csv"), tmp_path / "x.csv")
    with pytest.raises(LemmataError, match="is not the known file and is refused"):
        fetch(raw("package://somepackage/x.csv"), tmp_path / "x.csv")
