"""Read what a project has for Binder."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files.folder import read_inside
from jupyter_devbox.spec.binder import FOLDER, LOCK, RIVAL, BinderFolder
from jupyter_devbox.spec.requirements_txt import read_pins, read_python


def read_binder(project: Path) -> BinderFolder:
    """Return what a project has for Binder; nothing is followed out of the project.

    Raises
    ------
    ConfigurationError
        A file of it cannot be read.
    FileError
        ``binder/`` leads out of the project.
    """
    lock = f"{FOLDER}/{LOCK}"
    try:
        content = read_inside(project, lock)
        text = "" if content is None else content.decode("utf-8-sig").replace("\r\n", "\n")
        return BinderFolder(
            there=_is_folder(project / FOLDER),
            rival=_is_folder(project / RIVAL),
            names=_files(project / FOLDER),
            top=_files(project),
            pins=read_pins(text),
            python=read_python(text),
        )
    except (OSError, UnicodeDecodeError) as error:
        message = f"What Binder reads cannot be read here ({type(error).__name__}): `{lock}`"
        raise ConfigurationError(message, hint=f"mend {FOLDER}/, or move it away") from error


def _is_folder(path: Path) -> bool:
    """Tell whether repo2docker takes it for a folder: it follows links."""
    return os.path.isdir(path)  # noqa: PTH112  (False, never raises)


def _files(folder: Path) -> frozenset[str]:
    return frozenset(p.name for p in folder.iterdir()) if _is_folder(folder) else frozenset()
