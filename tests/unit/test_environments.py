"""pip, conda and the container install the very same versions: those of the one lock file."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHON = "3.11"


def locked(project: Path) -> dict[str, str]:
    """Version by normalised name; fails on a line that is no exact pin."""
    versions: dict[str, str] = {}
    for line in (project / "envs" / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, pin, version = line.partition("==")
            assert pin, f"not an exact pin: {line}"
            assert re.fullmatch(r"[0-9A-Za-z.!]+", version), line
            versions[canonicalize_name(name)] = version
    return versions


def test_lock_holds_everything_that_its_packages_need(project: Path) -> None:
    versions = locked(project)
    pyproject = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    wanted = [*pyproject["dependencies"], *pyproject["optional-dependencies"]["dev"]]
    needed = [Requirement(text) for text in wanted]
    seen: set[str] = set()
    while needed:
        requirement = needed.pop()
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is needed but not locked"
        assert requirement.specifier.contains(versions[name], prereleases=True), requirement
        if name in seen:
            continue
        seen.add(name)
        for text in metadata.requires(name) or []:
            below = Requirement(text)
            # torch's Linux wheel of PyPI pins its own CUDA packages; CPU wheels have none.
            cuda = name == "torch" and re.match("cuda|nvidia|triton", below.name)
            if not cuda and (below.marker is None or below.marker.evaluate({"extra": ""})):
                needed.append(below)


def test_installed_versions_are_the_locked_ones(project: Path) -> None:
    for name, version in locked(project).items():
        assert metadata.version(name).partition("+")[0] == version, name


def test_torch_is_the_version_asked_for(project: Path) -> None:
    assert locked(project)["torch"] == "2.13.0"


def test_conda_installs_the_lock(project: Path) -> None:
    environment = yaml.safe_load((project / "envs" / "environment.yaml").read_text())
    *names, pip = environment["dependencies"]
    # Nothing but the interpreter comes from conda, so nothing can differ from the lock.
    assert names == [f"python={PYTHON}", "pip"]
    assert pip == {"pip": ["--requirement requirements.txt"]}


def test_container_installs_the_lock(project: Path) -> None:
    recipe = (project / "envs" / "lemmata.def").read_text()
    assert f"From: python:{PYTHON}-slim\n" in recipe
    installs = re.findall(r"pip install (.*)", recipe)
    assert installs == [
        "--no-cache-dir --requirement /opt/lemmata/envs/requirements.txt",
        "--no-cache-dir --no-deps --no-build-isolation /opt/lemmata",
    ]
    assert "envs/requirements.txt /opt/lemmata/envs/requirements.txt" in recipe


def test_makefile_installs_the_lock(project: Path) -> None:
    makefile = (project / "Makefile").read_text()
    assert "pip install --quiet --requirement envs/requirements.txt" in makefile
    assert "--no-deps --no-build-isolation --editable ." in makefile
