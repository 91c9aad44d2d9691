"""The project's files that a build or a run reads, with their digests.

That is the whole build context, for a Dockerfile may copy any of it, every devcontainer.json that
a client may choose, and what those name (containers.dev/implementors/spec, devcontainer.json).
Nothing is followed out of the project, and no link is followed at all.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from jupyter_devbox.errors import FileError, ReadOnlyError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.folder import confined
from jupyter_devbox.spec.compose import compose_names
from jupyter_devbox.spec.written import FOLDER

KEPT_BYTES = 256 * 1024
_ALONE = ".devcontainer.json"
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFile:
    """One file: its path with forward slashes, and its content unless it is large."""

    path: str
    sha256: str
    content: bytes | None = None

    @property
    def text(self) -> str | None:
        """Its text; None where it is large, no UTF-8, or holds secrets by its name."""
        secret = PurePosixPath(self.path).name.startswith(".env") or self.path.endswith(".env")
        try:
            kept = None if secret else self.content
            return None if kept is None else kept.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFiles:
    """All of them, sorted by path; `configurations` are parsed, `compose` are names."""

    files: tuple[BuildFile, ...] = ()
    configurations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    compose: tuple[str, ...] = ()

    def text(self, path: str) -> str | None:
        """Return the text of one of the files."""
        return next((file.text for file in self.files if file.path == path), None)


def read_build_files(project: Path) -> BuildFiles:
    """Return the files that a build or a run reads, as they are now.

    Raises
    ------
    ConfigurationError
        A devcontainer.json is broken.
    FileError
        A link, or a path out of the project, stands among them.
    """
    found = {path: read_file(project, path) for path in _context(project)}
    if (project / _ALONE).exists() or (project / _ALONE).is_symlink():
        found[_ALONE] = read_file(project, _ALONE)
    configurations = {
        path: parse_configuration(file) for path, file in found.items() if is_configuration(path)
    }
    compose: list[str] = []
    for path, value in configurations.items():
        recipes, composed = _named(path, value)
        compose += composed
        for name in (*recipes, *composed):
            if name not in found and os.path.lexists(_inside(project, name)):
                found[name] = read_file(project, name)
    return BuildFiles(
        files=tuple(found[path] for path in sorted(found)),
        configurations=dict(sorted(configurations.items())),
        compose=tuple(name for name in dict.fromkeys(compose) if name in found),
    )


def read_file(project: Path, path: str) -> BuildFile:
    """Return one file with its digest.

    Raises
    ------
    FileError
        It is a link, or no ordinary file.
    ReadOnlyError
        It cannot be read.
    """
    digest, kept = hashlib.sha256(), b""
    with _opened(project, path) as file:
        size = os.fstat(file.fileno()).st_size
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            kept = kept + chunk if size <= KEPT_BYTES and len(kept) <= KEPT_BYTES else b""
    whole = size <= KEPT_BYTES and len(kept) <= KEPT_BYTES
    return BuildFile(path=path, sha256=digest.hexdigest(), content=kept if whole else None)


def copy_context(project: Path, destination: Path) -> dict[str, str]:
    """Copy the build context, and return path → digest of the very bytes that were copied.

    Whoever builds from the copy builds what the digests say, whatever becomes of the project's
    files meanwhile: a box may write them.
    """
    digests: dict[str, str] = {}
    for path in _context(project):
        target = destination / PurePosixPath(path).relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with _opened(project, path) as file, target.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
            target.chmod(os.fstat(file.fileno()).st_mode & 0o777 | stat.S_IRUSR | stat.S_IWUSR)
        digests[path] = digest.hexdigest()
    (destination / "wheels").mkdir(exist_ok=True)
    return digests


def is_configuration(path: str) -> bool:
    """Tell whether clients look for a devcontainer.json at this path."""
    parts = PurePosixPath(path).parts
    below = parts[:1] == (FOLDER,) and len(parts) in {2, 3} and parts[-1] == "devcontainer.json"
    return below or path == _ALONE


def parse_configuration(file: BuildFile) -> Mapping[str, Any]:
    """Return the object that a devcontainer.json holds.

    Raises
    ------
    ConfigurationError
        It is broken.
    FileError
        It is too large to be one, or no text.
    """
    if file.text is None:
        message = f"This is no devcontainer.json that anybody could read: `{file.path}`"
        raise FileError(message, hint=f"mend {file.path}, or move it away")
    value: Mapping[str, Any] = jsonc.parse(file.text, file.path).value
    return value


def _context(project: Path) -> Iterator[str]:
    """Yield the paths of all files in the build context."""
    top = confined(project, FOLDER)
    if not top.is_dir():
        return
    for folder, folders, names in os.walk(top, onerror=_unreadable):
        folders.sort()
        for name in sorted([*names, *(n for n in folders if Path(folder, n).is_symlink())]):
            yield Path(folder, name).relative_to(project.resolve()).as_posix()


def _unreadable(error: OSError) -> None:
    message = f"This folder cannot be read ({error.strerror}): `{error.filename}`"
    raise ReadOnlyError(message, hint="ls -l shows who may") from error


def _opened(project: Path, path: str) -> IO[bytes]:
    """Open an ordinary file of the project; never a link, and never waiting for a pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        file = os.fdopen(os.open(confined(project, path), flags), "rb")
    except OSError as error:
        message = f"This file cannot be read ({error.strerror}): `{path}`"
        raise ReadOnlyError(message, hint="ls -l shows who may") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        message = f"This is no ordinary file, and a build would read it: `{path}`"
        raise FileError(message, hint="remove it, then run it again")
    return file


def _inside(project: Path, path: str) -> Path:
    """Return the path of a file that a configuration names; it may be absent."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        message = f"The configuration names a file outside of the project: `{path}`"
        raise FileError(message, hint="keep the file in the project, and name it there")
    return confined(project, path)


def _named(path: str, value: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the Dockerfiles and the Compose files that a configuration names."""
    build = value.get("build")
    recipes = [value.get("dockerFile")]
    recipes += [build.get("dockerfile")] if isinstance(build, dict) else []
    compose = value.get("dockerComposeFile")
    composed = compose if isinstance(compose, list) else [compose]
    return _joined(path, recipes), _joined(path, composed)


def compose_paths(path: str, value: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the Compose files that a configuration names, as paths of the project, in its order.

    What is no name, leads out of the project, or holds a variable is left out.
    """
    found = _joined(path, compose_names(value.get("dockerComposeFile")))
    return tuple(name for name in found if not name.startswith(("../", "/")))


def _joined(path: str, names: Iterable[object]) -> list[str]:
    """Return the names as paths of the project; those with a variable nobody here reads."""
    folder = posixpath.dirname(path)
    texts = [name for name in names if isinstance(name, str)]
    usable = [name for name in texts if name and "\0" not in name and "${" not in name]
    return [posixpath.normpath(posixpath.join(folder, name)) for name in usable]
