"""From Jupyter's path of a notebook to its file on this server's own disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_devbox.errors import BadRequestError, NotAvailableError, NotFoundError

_LONGEST = 4096


def notebook_file(contents: Any, path: str) -> Path:  # noqa: ANN401  (a contents manager's traits)
    """Return the resolved path of a notebook below the server's root.

    Parameters
    ----------
    contents
        The server's contents manager.
    path
        As Jupyter's own interface has it: relative to the root, with ``/``.

    Raises
    ------
    NotAvailableError
        Notebooks are not kept on this server's own disk.
    BadRequestError
        It is no path of a notebook.
    NotFoundError
        There is no such notebook below the root, links followed.
    """
    top = root_of(contents)
    if not path or len(path) > _LONGEST or "\0" in path or not path.endswith(".ipynb"):
        message = f"This is no path of a notebook: `{path[:200]}`"
        raise BadRequestError(message, hint="open a notebook")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    hidden = not getattr(contents, "allow_hidden", False) and any(p[0] == "." for p in parts)
    file = None if hidden or ".." in parts else _inside(top, top.joinpath(*parts))
    if file is None:
        message = f"There is no such notebook: `{path}`"
        raise NotFoundError(message, hint="save this notebook first")
    return file


def saved(file: Path) -> int:
    """Return when a file was last written, in nanoseconds; 0 if it is gone."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def path_below(contents: Any, file: Path) -> str | None:  # noqa: ANN401
    """Return Jupyter's path of a file; None for one that is not below the server's root."""
    top = root_of(contents)
    found = _inside(top, file)
    return found.relative_to(top).as_posix() if found else None


def root_of(contents: Any) -> Path:  # noqa: ANN401
    """Return the resolved folder that the server shows; raises `NotAvailableError` for none."""
    from jupyter_server.services.contents.fileio import FileManagerMixin  # noqa: PLC0415

    root = getattr(contents, "root_dir", "")
    if not isinstance(contents, FileManagerMixin) or not isinstance(root, str) or not root:
        message = "Notebooks are not kept on this server's own disk, so nothing can be built here"
        raise NotAvailableError(message, hint="jupyter lab, started where the notebooks are")
    return Path(root).resolve()


def _inside(top: Path, path: Path) -> Path | None:
    """Return the file that a path leads to, None where there is none below the top."""
    try:
        file = path.resolve()
        return file if file.is_relative_to(top) and file.is_file() else None
    except (OSError, RuntimeError, ValueError):  # it leads to itself, or is too long
        return None
