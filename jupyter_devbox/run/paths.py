"""Between paths on the host and paths in the box."""

from __future__ import annotations

import os.path
import posixpath
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.spec.box import HOME


@dataclass(frozen=True, slots=True)
class PathMap:
    """The project, here and there. Both absolute; nothing outside the project is mapped."""

    project: Path
    workspace: str

    def to_box(self, path: str | Path) -> str | None:
        """Return where a file of the project is in the box; None if it isn't the project's.

        The project may have been reached through a link, and so may the file: both spellings count.
        """
        spellings = (
            (_spelled(path), _spelled(self.project)),
            (os.path.realpath(path), os.path.realpath(self.project)),
        )
        for file, root in spellings:
            if _inside(file, root):
                inner = os.path.relpath(file, root).replace(os.sep, "/")
                return posixpath.normpath(posixpath.join(self.workspace, inner))
        return None

    def to_host(self, path: str, folder: str) -> Path | None:
        """Return where a file of the box's workspace is on the host; None if it isn't there.

        Parameters
        ----------
        path
            In the box; relative to `folder`.
        folder
            The kernel's folder in the box.
        """
        if path == "~" or path.startswith("~/"):
            path = HOME + path[1:]
        whole = posixpath.normpath(posixpath.join(folder, path))
        if whole != self.workspace and not whole.startswith(f"{self.workspace}/"):
            return None
        return self.project / posixpath.relpath(whole, self.workspace)

    def existing(self, path: str, folder: str) -> str | None:
        """Return the host's path of a file that is there and, links followed, in the project."""
        file = self.to_host(path, folder)
        if file is None:
            return None
        real = os.path.realpath(file)
        inside = _inside(real, os.path.realpath(self.project))
        return str(file) if inside and Path(real).exists() else None


def _spelled(path: str | Path) -> str:
    """Return a path as it is written, absolute and without dots; no link is followed."""
    return os.path.abspath(path)  # noqa: PTH100  # pathlib has no such method


def _inside(path: str, root: str) -> bool:
    """Tell whether an absolute path is the root or lies below it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
