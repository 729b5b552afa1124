"""Bring one raw file to its place: from an installed package, a mirror or the internet.

Whatever the source, the bytes are checked against their sha256 before they get their name, and the
file is read-only afterwards. Connections are https only, redirects included.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, BinaryIO, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
    url2pathname,
)

from lemmata.data.raw import RawFile
from lemmata.errors import LemmataError

TIMEOUT: Final = 60.0
"""Seconds without a byte after which a connection counts as dead."""
_CHUNK: Final = 1 << 20
_READ_ONLY: Final = 0o444


def fetch(raw: RawFile, destination: str | os.PathLike[str], mirror: str | None = None) -> None:
    """Write the file that `raw` describes to `destination`, mode 0444, or nothing at all.

    mirror: a folder, or a prefix ``https://...`` or ``file://...``, asked before the file's own
    address; a file of an installed package needs neither. Raises LemmataError, one line, when the
    bytes found have another sha256, when none is known, when no source can be reached, or for a
    scheme other than https.
    """
    if raw.sha256 is None:
        raise LemmataError(
            f"data set {raw.dataset}: no sha256 is known for {raw.name}; get the file from"
            f" {raw.page}, check it, and write its sha256 in config.yaml as"
            f" data: {{sha256: {{{raw.dataset}/{raw.name}: ...}}}}"
        )
    target = Path(destination)
    target.parent.mkdir(parents=True, exist_ok=True)
    if raw.source is not None and raw.source.startswith("package://"):
        _copy_verified(_package_file(raw), raw, target)
        return
    failures: list[str] = []
    for place in _places(raw, mirror):
        try:
            _copy_verified(place, raw, target)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{place}: {_reason(error)}")
        else:
            return
    raise LemmataError(_unreachable(raw, mirror, failures))


def _places(raw: RawFile, mirror: str | None) -> list[Path | str]:
    """Where to look, in order: paths for local files, https addresses as text."""
    places: list[Path | str] = []
    if mirror and raw.mirror_path is not None:
        places.append(_below_mirror(mirror, raw.mirror_path))
    if raw.source is not None:
        _require_https(raw.source, f"data set {raw.dataset}")
        places.append(raw.source)
    return places


def _below_mirror(mirror: str, path: str) -> Path | str:
    parts = urlsplit(mirror)
    if "://" not in mirror:
        folder = Path(mirror).expanduser()
    elif parts.scheme == "file":
        folder = Path(url2pathname(parts.path))
    else:
        _require_https(mirror, "data.mirror")
        return f"{mirror.rstrip('/')}/{quote(path)}"
    # file://host/path would be another machine's folder, or a slash forgotten.
    if not folder.is_dir() or ("://" in mirror and parts.netloc not in ("", "localhost")):
        raise LemmataError(f"data.mirror: {mirror} is not a folder on this machine")
    return folder / path


def _require_https(url: str, key: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.netloc:
        allowed = "a folder, https://, file://" if key == "data.mirror" else "https://"
        raise LemmataError(f"{key}: the address {url} is not allowed (allowed: {allowed})")


def _package_file(raw: RawFile) -> Path:
    """Path of a ``package://`` source; finding the package does not import it."""
    package, _, inside = (raw.source or "").removeprefix("package://").partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LemmataError(f"data set {raw.dataset}: its package {package} is not installed")
    path = Path(spec.submodule_search_locations[0]) / inside
    if not path.is_file():
        raise LemmataError(f"data set {raw.dataset}: package {package} here has no file {inside}")
    return path


def _copy_verified(place: Path | str, raw: RawFile, target: Path) -> None:
    """Stream, hash, fsync, rename; raises OSError when unreachable, LemmataError when wrong."""
    with _open(place) as stream, _temporary(target) as part:
        digest = hashlib.sha256()
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            part.write(chunk)
        if digest.hexdigest() != raw.sha256:
            raise LemmataError(
                f"data set {raw.dataset}: {raw.name} from {place} is not the known file and is "
                f"refused (sha256 expected {raw.sha256}, found {digest.hexdigest()})"
            )


@contextmanager
def _temporary(target: Path) -> Iterator[IO[bytes]]:
    """A hidden file beside `target` that takes its name, read-only, if the block ends well."""
    part = tempfile.NamedTemporaryFile(  # noqa: SIM115 - outlives its context on success
        dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
    )
    try:
        with part:
            yield part
            part.flush()
            os.fchmod(part.fileno(), _READ_ONLY)
            os.fsync(part.fileno())
        Path(part.name).replace(target)
    except BaseException:
        Path(part.name).unlink(missing_ok=True)
        raise


def _open(place: Path | str) -> BinaryIO | http.client.HTTPResponse:
    if isinstance(place, Path):
        return place.open("rb")
    request = Request(place, headers={"User-Agent": "lemmata"})  # noqa: S310 - see _opener
    response = _opener().open(request, timeout=TIMEOUT)
    if not isinstance(response, http.client.HTTPResponse):
        raise OSError("no answer over https")
    return response


class _HttpsRedirects(HTTPRedirectHandler):
    """Follows redirects to https only."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        if urlsplit(newurl).scheme != "https":
            raise HTTPError(req.full_url, code, f"redirect to {newurl} refused", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    """An opener that knows https and nothing else: no http, ftp, file or data addresses."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPSHandler(),
        _HttpsRedirects(),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", None)  # a URLError wraps what went wrong below it
    text = getattr(cause, "strerror", None) or getattr(error, "strerror", None) or cause or error
    return " ".join(str(text).split()) or type(error).__name__


def _unreachable(raw: RawFile, mirror: str | None, failures: list[str]) -> str:
    tried = "; ".join(failures) or "no public address serves these bytes"
    setting = f"data.mirror is {mirror}" if mirror else "data.mirror is not set"
    return (
        f"data set {raw.dataset}: cannot get {raw.name} ({tried}); {setting}: set it to a folder "
        f"or an https:// prefix that holds {raw.mirror_path}, see {raw.page}"
    )
