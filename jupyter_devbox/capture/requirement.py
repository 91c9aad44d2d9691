"""One token of an install line, read by the packaging library's own parsers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from jupyter_devbox.capture import urls
from jupyter_devbox.spec.snapshot import Source

_ARCHIVE = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
_PATH_LIKE = re.compile(r"(\.{1,2}|~|/|[A-Za-z]:[\\/]).*|.*[\\/].*")
_HEAD = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<extras>\[[A-Za-z0-9_.,\s-]*\])?\s*([=<>!~]=?|@)"
)
_PROJECT_NAME = re.compile(
    r"^\[project\](?:(?!^\[).)*?^name\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']", re.DOTALL | re.MULTILINE
)
_LARGEST_FILE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """One distribution that the notebook installs.

    `from_url` says that the name is only the last segment of the repository's URL; `conda` that it
    is a name of conda's.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    source: Source = "index"
    url: str | None = None
    index: str = ""
    cell: int | None = None
    conda: bool = False
    from_url: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A token that gives no distribution: `code` "" says that this is in order."""

    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An index, or a page of links, that packages are taken from; its URL has no credentials."""

    url: str

    @classmethod
    def named(cls, text: str) -> Place | None:
        """Return the place that the text names; None where it, or a part of it, is a variable."""
        clean = urls.strip_credentials(text) if urls.is_url(text) else ""
        return cls(clean) if clean and not set("${`") & set(clean) else None


@dataclass(frozen=True, slots=True)
class Folders:
    """Where relative paths of install lines lead: the current folder, and the project's root."""

    here: Path
    project: Path

    def inside(self, text: str) -> Path | None:
        """Return the path that `text` names from here, None when it leads out of the project."""
        if text.startswith("~"):
            return None
        try:
            path = (self.here / text).resolve()
            path.exists()
        except (OSError, RuntimeError, ValueError):
            return None
        return path if path.is_relative_to(self.project) else None


def parse_requirement(
    text: str, folders: Folders, *, known: bool = True, editable: bool = False
) -> Install | Skipped:
    """Read one requirement token: a name with version, a URL, a wheel file or a local project.

    `known` False says that a variable is part of the token: then only a name that stands before
    the variable counts, and its version is dropped with a warning.
    """
    text = text.strip()
    if not text or not text.isprintable():
        return _unreadable(text)
    name, separator, target = text.partition("@")
    target = target.strip()
    if separator and urls.is_url(target) and _HEAD.match(text):
        return _from_url(target.split(" ;")[0].strip(), named=name.strip())
    if urls.is_url(text):
        return _from_url(text, named="")
    if not known:
        return _with_variable(text)
    if editable or text.endswith(_ARCHIVE) or _PATH_LIKE.fullmatch(_without_extras(text)):
        return _from_path(text, folders, editable=editable)
    return _from_name(text)


def _from_name(text: str) -> Install | Skipped:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return _unreadable(text)
    name = valid_name(requirement.name)
    if name is None:
        return _unreadable(text)
    if requirement.marker is not None and not _applies(requirement.marker):
        return Skipped()
    return Install(
        name=name,
        extras=tuple(sorted(requirement.extras)),
        specifier=str(requirement.specifier),
    )


def valid_name(text: str) -> str | None:
    """Return the normalised distribution name, None for a text that cannot be one."""
    if not any(char.isalpha() for char in text):
        return None
    try:
        return str(canonicalize_name(text, validate=True))
    except InvalidName:
        return None


def _applies(marker: Marker) -> bool:
    try:
        return marker.evaluate()
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True


def _with_variable(text: str) -> Install | Skipped:
    head = _HEAD.match(text)
    name = valid_name(head["name"]) if head else None
    if head is None or name is None:
        message = f"An install line has a variable that cannot be followed: `{urls.shown(text)}`"
        return Skipped("install-variable", message)
    extras = [e.strip() for e in (head["extras"] or "").strip("[]").split(",")]
    return Install(name=name, extras=tuple(sorted(e for e in extras if valid_name(e))))


def _from_url(url: str, *, named: str) -> Install | Skipped:
    requirement, extras = _named(named or urls.fragment_value(urls.fragment_of(url), "egg"))
    clean = urls.strip_credentials(url)
    if not clean or "$" in clean or "{" in clean or "`" in clean:
        message = f"An install line's URL cannot be followed: `{urls.shown(url)}`"
        return Skipped("install-variable", message)
    if url.lower().startswith("file:"):
        message = f"An install line names a file by its URL: `{urls.shown(clean)}`"
        return Skipped("install-file", message)
    if urls.is_vcs(url):
        name = requirement or valid_name(urls.last_segment(url))
        if name is None:
            return _unreadable(clean)
        return Install(
            name=name, extras=extras, source="vcs", url=clean, from_url=requirement is None
        )
    name, _ = archive_name(urls.last_segment(url))
    name = requirement or name
    if name is None:
        message = f"An install line's URL does not tell the package's name: `{urls.shown(clean)}`"
        return Skipped("install-url", message)
    return Install(name=name, extras=extras, source="file", url=clean)


def _named(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Return name and extras of what stands before ``@`` or after ``#egg=``."""
    if not text:
        return None, ()
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None, ()
    return valid_name(requirement.name), tuple(sorted(requirement.extras))


def archive_name(filename: str) -> tuple[str | None, str]:
    """Return name and version that a wheel's or source archive's file name tells."""
    try:
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None, ""
    return valid_name(name), str(version)


def _from_path(text: str, folders: Folders, *, editable: bool) -> Install | Skipped:
    bare = _without_extras(text)
    path = folders.inside(bare)
    if path is None:
        message = f"An install line names a path outside the project: `{urls.shown(text)}`"
        return Skipped("install-path", message)
    if not path.exists():
        message = f"An install line names a path that does not exist: `{urls.shown(text)}`"
        return Skipped("install-path", message)
    if path.is_file():
        name, _ = archive_name(path.name)
        source: Source = "file"
    else:
        name = _project_name(path)
        source = "editable" if editable else "file"
    if name is None:
        message = f"The package's name cannot be told from its path: `{urls.shown(text)}`"
        return Skipped("install-path", message)
    extras = text[len(bare) :].strip("[]").split(",")
    return Install(
        name=name,
        extras=tuple(sorted(e.strip() for e in extras if valid_name(e.strip()))),
        source=source,
        url=path.as_uri(),
    )


def _project_name(folder: Path) -> str | None:
    """Return the name that the folder's pyproject.toml gives."""
    try:
        with (folder / "pyproject.toml").open(encoding="utf-8") as file:
            text = file.read(_LARGEST_FILE)
    except (OSError, UnicodeDecodeError):
        return None
    found = _PROJECT_NAME.search(text)
    return valid_name(found[1]) if found else None


def _without_extras(text: str) -> str:
    return text[: text.rindex("[")] if text.endswith("]") and "[" in text else text


def _unreadable(text: str) -> Skipped:
    message = f"An install line names something that is no package: `{urls.shown(text)}`"
    return Skipped("install-unreadable", message)
