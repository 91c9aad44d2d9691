"""The user's own modules from outside the project, copied into wheels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_devbox.errors import LockError
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.lock.wheels import LocalWheel
from jupyter_devbox.spec.names import normalise
from jupyter_devbox.spec.snapshot import LocalModule

MOST_BYTES = 20_000_000
"""More than this is data, not code, and does not belong into an image layer."""
_LEFT_OUT = {"__pycache__", ".git", ".venv", "venv", "node_modules", ".ipynb_checkpoints"}


def pack_modules(modules: Iterable[LocalModule]) -> tuple[LocalWheel, ...]:
    """Return a wheel for each module that lies outside the project.

    Raises
    ------
    LockError
        A module is gone, or its folder holds far more than code.
    """
    return tuple(_pack(module) for module in modules if not module.inside)


def _pack(module: LocalModule) -> LocalWheel:
    path = Path(module.path)
    base = path.parent
    files: dict[str, bytes] = {}
    total = 0
    for file in _files(path):
        content = file.read_bytes()
        total += len(content)
        if total > MOST_BYTES:
            message = f"The folder of your module {module.name} holds more than code: `{path}`"
            raise LockError(message, hint="move its data elsewhere, or the module into the project")
        files[file.relative_to(base).as_posix()] = content
    if not files:
        message = f"Your module {module.name} is not there any more: `{path}`"
        raise LockError(message, hint="run the cell that imports it, then containerize again")
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    name = f"devbox-local-{normalise(module.name)}"
    version = f"0+{digest.hexdigest()[:12]}"
    return LocalWheel(name=name, version=version, wheel=pure_wheel(name, version, files))


def _files(path: Path) -> Iterator[Path]:
    """Yield the module's files; links are left out, for they may lead anywhere."""
    if path.is_file() and not path.is_symlink():
        yield path
        return
    for file in sorted(path.rglob("*")) if path.is_dir() else ():
        inside = file.relative_to(path).parts
        if file.is_file() and not file.is_symlink() and not _LEFT_OUT.intersection(inside):
            yield file
