"""The user's own modules from outside the project, copied into wheels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_devbox.errors import LockError
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.lock.wheels import LocalWheel
from jupyter_devbox.spec.environment import EnvironmentSpec, PackedModule
from jupyter_devbox.spec.lock import WheelFile
from jupyter_devbox.spec.names import normalise
from jupyter_devbox.spec.snapshot import LocalModule

MOST_BYTES = 20_000_000
"""More than this is data, not code, and does not belong into an image layer."""
_LEFT_OUT = {"__pycache__", ".git", ".venv", "venv", "node_modules", ".ipynb_checkpoints"}


def pack_modules(
    spec: EnvironmentSpec, existing: Iterable[WheelFile] = ()
) -> tuple[LocalWheel, ...]:
    """Return a wheel for each module from outside the project.

    One that no captured notebook names keeps its wheel: where its files lie, or whether they are
    on this machine at all, the project does not say.

    Raises
    ------
    LockError
        A module or its wheel is gone, or its folder holds far more than code.
    """
    fresh = [module for module in spec.local_modules if not module.inside]
    names = {module.name for module in fresh}
    kept = (_kept(module, existing) for module in spec.packed if module.name not in names)
    return (*map(_pack, fresh), *kept)


def _distribution(module: str) -> str:
    return f"devbox-local-{normalise(module)}"


def _kept(module: PackedModule, existing: Iterable[WheelFile]) -> LocalWheel:
    name = _distribution(module.name)
    stem = name.replace("-", "_")
    for wheel in existing:
        own, version = wheel.filename.split("-")[:2]
        if own == stem:
            return LocalWheel(name=name, version=version, wheel=wheel)
    message = f"The wheel of your module {module.name} is gone: `.devcontainer/wheels/{stem}-*.whl`"
    raise LockError(message, hint=f"containerize a notebook that imports it: {module.notebooks[0]}")


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
    name = _distribution(module.name)
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
