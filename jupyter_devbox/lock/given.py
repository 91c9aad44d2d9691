"""Look through wheels that the user names, before anything of them is written into a project.

packaging.python.org, "Binary distribution format": a zip archive whose name and whose METADATA say
the same name and version, and whose files all lie within it.
"""

from __future__ import annotations

import email.parser
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from jupyter_devbox.errors import WheelError
from jupyter_devbox.files.folder import confined
from jupyter_devbox.spec.given import GivenWheel
from jupyter_devbox.spec.written import FOLDER

_MOST_BYTES = 20 * 10**9
"""What a wheel may hold unpacked; the largest ones of CUDA's libraries have 3 GB."""
_CHUNK = 1 << 20
OWN_LINKS = "wheels"
"""What a project remembers of ``--find-links``: what was taken lies in `.devcontainer/wheels/`."""
_SOURCES = (".tar.gz", ".tgz", ".zip")


def given_wheels(project: Path, wheels: Iterable[str]) -> tuple[GivenWheel, ...]:
    """Return the wheels that a project is given, sorted by name, each looked through.

    Parameters
    ----------
    project
        The project's folder; a bare file name is one that lies in it from an earlier run.
    wheels
        Paths and file names.

    Raises
    ------
    WheelError
        One is not there, is no wheel or a damaged one, or there are two of one package.
    """
    found: dict[str, GivenWheel] = {}
    for text in wheels:
        own = os.path.basename(text) == text  # noqa: PTH119  (a path is as the user wrote it)
        wheel = looked_through(confined(project, f"{FOLDER}/wheels/{text}") if own else Path(text))
        before = found.setdefault(wheel.name, wheel)
        if before.filename != wheel.filename:
            message = f"Two wheels are named for {wheel.name}: {before.filename} and `{text}`"
            raise WheelError(message, hint="name one of them")
    return tuple(found[name] for name in sorted(found))


def link_folders(project: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that stand in for what no index has, the user's own ones first.

    Raises
    ------
    WheelError
        One is not there.
    """
    found = []
    for text in folders:
        folder = confined(project, f"{FOLDER}/wheels") if text == OWN_LINKS else Path(text)
        if folder.is_dir():
            found.append(str(folder))
        elif text != OWN_LINKS:
            message = f"This is not a folder: `{text}`"
            raise WheelError(message, hint="--find-links FOLDER, in which wheels lie")
    return tuple(sorted(found, key=lambda path: path == str(project / FOLDER / "wheels")))


def looked_through(path: Path) -> GivenWheel:
    """Return a wheel that holds what it says; raises `WheelError`."""
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        message = f"This is not a wheel's file name: `{path.name}`"
        hint = "give a file like demo-1.0-py3-none-any.whl, under its own name"
        if path.name.endswith(_SOURCES):
            hint = "--find-links ITS/FOLDER --include NAME builds it in a stage with compilers"
        raise WheelError(message, hint=hint) from error
    if not path.is_file():
        message = f"There is no such wheel: `{path}`"
        raise WheelError(message, hint="--wheel PATH/TO/FILE.whl, or --exclude its package")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(archive, path)
            _check_content(archive, path)
            told = _metadata(archive, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path) from error
    except OSError as error:
        message = f"This wheel cannot be read ({error.strerror}): `{path}`"
        raise WheelError(message, hint=f"ls -l {path.name}") from error
    if told != (name, version):
        message = f"The wheel says that it is {told[0]} {told[1]}, and its file name: `{path.name}`"
        raise WheelError(message, hint="build it again, or take it from where it was built")
    return GivenWheel(
        name=str(name), version=str(version), filename=path.name, url=path.absolute().as_uri()
    )


def _check_names(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse an archive with a file that would land outside the environment."""
    for name in archive.namelist():
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            message = f"The wheel {path.name} holds a file that leads out of it: `{name[:200]}`"
            raise WheelError(message, hint="do not install it: no build tool makes such a wheel")


def _check_content(archive: zipfile.ZipFile, path: Path) -> None:
    """Read all of it once, so that a damaged one is found now and not in the middle of a build."""
    if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
        message = f"The wheel holds more than {_MOST_BYTES // 10**9} GB unpacked: `{path.name}`"
        raise WheelError(message, hint="build it again")
    for entry in archive.infolist():
        with archive.open(entry) as file:
            while file.read(_CHUNK):
                pass


def _metadata(archive: zipfile.ZipFile, path: Path) -> tuple[str, Version]:
    """Return the name and version that METADATA says."""
    names = [
        n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA")
    ]
    if len(names) != 1:
        raise _damaged(path)
    told = email.parser.BytesHeaderParser().parsebytes(archive.read(names[0]))
    try:
        return canonicalize_name(str(told["Name"])), Version(str(told["Version"]))
    except InvalidVersion as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> WheelError:
    message = f"The wheel is damaged, or is none: `{path}`"
    return WheelError(message, hint="copy or build it again; python -m zipfile -t FILE tests it")
