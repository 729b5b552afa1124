"""Undeclared reads: a job may read its inputs, its own files and code, and the machine, no more.

A job's fingerprint covers its configuration, its code and its inputs. Whatever else it reads could
change its result unnoticed, so such a read fails at once and names the file. Python tells of every
file that it opens, and this module listens from its import on. Python does not tell of files that a
C library or a child process opens by itself: readers here open in Python and hand over the stream.
"""

# This runs whenever a file is opened, and strings are an order of magnitude faster than paths.
from __future__ import annotations

import contextlib
import os
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import source_from_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from lemmata.errors import LemmataError
from lemmata.provenance.environment import FORKED

PACKAGE = Path(__file__).parents[1]  # watched also where it is installed among the machine's own
OURS = os.path.join(PACKAGE, "")
SYSTEM = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/nix", "/opt", "/proc", "/run", "/sbin", "/sys"),
    *("/usr", "/var", "/Library", "/System"),
)
SETTINGS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")
OWN_FOLDERS = (".snakemake", ".lemmata")  # below each root
RECORDS = ".prov.json"
PATH_AT_START = tuple(sys.path)
LIBRARIES = tuple(
    os.path.join(sysconfig.get_path(name), "")
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


class Watch:
    """The watch over what a job opens for reading, while this is entered as a context.

    rule: for messages; roots: the working directory and the project's folder, where every file
    counts; declared: input files and folders; scratch: files and folders of the job's own; code:
    the source files that the job's digest covers. Of folders that lie within each other the inner
    one decides.
    """

    def __init__(
        self,
        rule: str,
        *,
        roots: Sequence[Path],
        declared: Iterable[Path],
        scratch: Iterable[Path],
        code: Iterable[Path],
    ) -> None:
        self._rule = rule
        tops = [os.path.realpath(root) for root in (*roots, PACKAGE)]
        self._allowed: dict[str, bool] = {}
        for place in _machine(tops):
            self._allowed[place] = True
            self.allow(Path(place))
        self._allowed |= dict.fromkeys(tops, False)
        own = [Path(top, name) for top in tops for name in OWN_FOLDERS]
        for path in (*own, *declared, *scratch, *code):
            self.allow(path)
        home = os.path.realpath(Path.home())
        self._home = None if home in tops else home
        self._folders: dict[str, str] = {}  # the real path of each folder met
        self._fine: set[str] = set()  # absolute paths, as they were given, that may be read
        self._made: set[str] = set()  # real paths of files that the job itself made
        self._wrong: list[str] = []

    def __enter__(self) -> Self:
        """Begin; raises LemmataError for an undeclared read since this module was imported."""
        _listener.early = False
        self._made |= {self._real(path) for path in _listener.made}
        for path in sorted(_listener.read):
            self._judge(path)
        _listener.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        _listener.watch = None

    def allow(self, path: Path) -> None:
        """Let the job read a file, or all files of a folder."""
        self._allowed[os.path.realpath(path)] = True

    def check(self) -> None:
        """Raise LemmataError when there was an undeclared read, also one that was caught."""
        if self._wrong:
            raise LemmataError(self._wrong[0])

    def undeclared_modules(self) -> list[str]:
        """Names of loaded modules whose files are neither code of the job nor the machine's."""
        # By attributes of their own: asking some libraries' modules for another one loads it.
        files = {n: getattr(m, "__dict__", {}).get("__file__") for n, m in _loaded_here()}
        others = {n: _absolute(file) for n, file in files.items() if file and not _library(file)}
        # Some libraries make modules that say a file which there never was (torch.classes).
        return sorted(
            n for n, path in others.items() if _is_file(path) and not self._may_read(path)
        )

    def opened(self, given: str, flags: int) -> None:
        """Take note that a file is opened; LemmataError when that is an undeclared read."""
        if given in self._fine:
            return
        path = _absolute(given)
        if _makes(path, flags):
            self._made.add(self._real(path))
        elif path not in self._fine and _reads(flags):
            self._judge(path)

    def renamed(self, source: str, target: str) -> None:
        """Take note that a file has a new name."""
        if self._real(_absolute(source)) in self._made:
            self._made.add(self._real(_absolute(target)))

    def _judge(self, path: str) -> None:
        real = self._real(path)
        if self._may_read(path):
            self._fine.add(path)
        elif real not in self._made and _is_file(real):
            self._wrong.append(self._message(Path(_source(real))))
            raise LemmataError(self._wrong[-1])

    def _may_read(self, path: str) -> bool:
        verdict = self._verdict(self._real(path))
        # Some installers fill a Python with links to a folder that only they know.
        return bool(self._verdict(os.path.normpath(path)) if verdict is None else verdict)

    def _verdict(self, path: str) -> bool | None:
        """Whether a file may be read by the innermost folder that says so; None where none does."""
        if path.endswith(RECORDS):
            return True
        path = _source(path)
        while path not in self._allowed:
            folder, name = os.path.split(path)
            if folder == self._home and name.startswith("."):
                return True  # the user's settings and caches
            if folder == path:
                return None
            path = folder
        return self._allowed[path]

    def _real(self, path: str) -> str:
        """The path without links; each folder is looked up once."""
        folder, name = os.path.split(path)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        found = os.path.join(real, name)
        return os.path.realpath(found) if os.path.islink(found) else found

    def _message(self, path: Path) -> str:
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        if path.suffix == ".py":
            name = _dotted(path)
            return f"runs {name} without a static import of it ({shown}): use an import statement"
        return (
            f"reads {shown}, which is no input of rule {self._rule}: "
            "declare it as input, or put what it holds into cfg"
        )


def _loaded_here() -> list[tuple[str, object]]:
    """Modules by name, without those that a forked process was given.

    Just to look at one writes to its memory, which the process then has to copy: of thousands that
    takes longer than anything else in a short job.
    """
    while True:
        with contextlib.suppress(RuntimeError):  # a thread has loaded one meanwhile: once more
            modules = reversed(sys.modules.items())
            return list(takewhile(lambda item: item[0] != FORKED, modules))


def _library(file: str) -> bool:
    """Whether a file lies where Python's own and others' modules are, by its name alone.

    Thousands do in every job. One that is a link to elsewhere is judged when it is opened.
    """
    return file.startswith(LIBRARIES) and not file.startswith(OURS)


def _machine(tops: Sequence[str]) -> Iterator[str]:
    """Folders of the machine, of Python and of the user's settings, which no input comes from."""
    settings = [os.environ[name] for name in SETTINGS if os.environ.get(name)]
    yield from (*SYSTEM, sys.prefix, sys.base_prefix, tempfile.gettempdir(), *settings)
    for entry in filter(None, PATH_AT_START):
        if not any(Path(os.path.realpath(entry)).is_relative_to(top) for top in tops):
            yield entry


def _absolute(path: str) -> str:
    return path if os.path.isabs(path) else os.path.join(os.getcwd(), path)


def _makes(path: str, flags: int) -> bool:
    """Whether an opening leaves nothing in the file that others wrote."""
    return flags & os.O_ACCMODE != os.O_RDONLY and (
        bool(flags & os.O_TRUNC) or not os.path.exists(path)
    )


def _reads(flags: int) -> bool:
    return flags & os.O_ACCMODE != os.O_WRONLY


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False  # then there is nothing to read


def _source(path: str) -> str:
    """The source file of a compiled one; else the path itself."""
    if path.endswith(".pyc"):
        try:
            return source_from_cache(path)
        except ValueError:  # not in a cache folder
            return path
    return path


def _dotted(path: Path) -> str:
    """The name of a module, from the packages that its file lies in."""
    names = [] if path.name == "__init__.py" else [path.stem]
    for folder in path.parents:
        if not (folder / "__init__.py").exists():
            break
        names.insert(0, folder.name)
    return ".".join(names)


class _Listener:
    """What hears of every opened file. A hook stays for the life of the process, so it does little.

    watch: who is told; read, made: what was opened before the first watch, for that one to judge.
    """

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self.early = True
        self.read: set[str] = set()
        self.made: set[str] = set()

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook; an exception from it becomes one of the call that is audited."""
        if event == "open":
            if (self.watch or self.early) and not isinstance(arguments[0], int):
                self._opened(os.fsdecode(arguments[0]), arguments[2])
        elif event == "os.rename" and self.watch:
            self.watch.renamed(os.fsdecode(arguments[0]), os.fsdecode(arguments[1]))

    def _opened(self, path: str, flags: int) -> None:
        if self.watch:
            self.watch.opened(path, flags)
        elif _makes(path, flags):
            self.made.add(_absolute(path))
        elif _reads(flags):
            self.read.add(_absolute(path))


_listener = _Listener()
sys.addaudithook(_listener.hear)
