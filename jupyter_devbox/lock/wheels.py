"""Requirements that no index has, made into wheels: VCS, editable and local packages."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from jupyter_devbox.engine.process import run_process
from jupyter_devbox.engine.redact import Redactor
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.uv import build_wheel
from jupyter_devbox.errors import DevboxError, LockError, UntrustedProjectError
from jupyter_devbox.lock.tags import fitting
from jupyter_devbox.spec.environment import Decision, DirectRequirement, EnvironmentSpec
from jupyter_devbox.spec.lock import WheelFile
from jupyter_devbox.spec.names import ADDRESS

_NOT_SOURCE = {"node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ipynb_checkpoints"}
_redacted = Redactor()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWheel:
    """A requirement's wheel; `name` and `version` are those that its file name says.

    `requirement` is the name by which it was asked for: that of a repository may be another.
    """

    name: str
    version: str
    wheel: WheelFile
    requirement: str = ""


def collect_wheels(
    spec: EnvironmentSpec, *, trusted: bool = True
) -> tuple[tuple[LocalWheel, ...], tuple[Decision, ...]]:
    """Return a wheel for each requirement with an address, and decisions for those without.

    A file address that leads nowhere (conda packages carry their build machine's) means the
    index's version.

    Parameters
    ----------
    trusted
        Whether the project's own files may say what is built: a build runs code on this machine.
        What a notebook's text alone names is never built: it must be installed here already.

    Raises
    ------
    LockError
        A wheel cannot be built, or it does not fit the image.
    UntrustedProjectError
        Something has to be built, and the project is not trusted.
    """
    wheels: list[LocalWheel] = []
    decisions: list[Decision] = []
    for requirement in spec.requirements:
        if requirement.url is None:
            continue
        path = _file_path(requirement.url)
        if path is not None and not os.path.exists(path):  # noqa: PTH110  (False, never raises)
            decisions.append(
                Decision(
                    what=requirement.name,
                    choice=requirement.text,
                    reason="its file is gone, so the index's version is taken",
                )
            )
            continue
        if not trusted:
            message = (
                f"{requirement.name} would be built from where this project's files say, and they "
                f"are not approved on this machine: `{requirement.url}`"
            )
            raise UntrustedProjectError(message, hint="jupyter devbox trust")
        is_wheel = path is not None and path.suffix == ".whl"
        if not requirement.specifier and not is_wheel:
            message = (
                f"{requirement.name} is not installed here, and would be built on this machine "
                f"from where the notebook says: `{requirement.url}`"
            )
            raise UntrustedProjectError(
                message,
                hint=f"run the notebook's install cell first, or --exclude {requirement.name}",
            )
        if is_wheel_address(requirement.url):
            continue  # uv fetches it from there
        wheel = _wheel_of(requirement, path, spec)
        wheels.append(wheel)
        if wheel.name != requirement.name:
            reason = f"that is the name of what {requirement.name} holds"
            decisions.append(Decision(what=requirement.name, choice=wheel.name, reason=reason))
    return tuple(wheels), tuple(decisions)


def is_wheel_address(url: str | None) -> TypeGuard[str]:
    """Tell whether a wheel lies at that address, on some server."""
    place = (url or "").partition("#")[0]
    try:
        parse_wheel_filename(unquote(place.rpartition("/")[2]))
    except InvalidWheelFilename:
        return False
    return bool(ADDRESS.fullmatch(place))


def _wheel_of(
    requirement: DirectRequirement, path: Path | None, spec: EnvironmentSpec
) -> LocalWheel:
    with scratch("wheel") as folder:
        try:
            built = _obtain(requirement, path, folder)
            content = built.read_bytes()
        except DevboxError as error:
            message = f"{requirement.name} has no wheel and none could be made: {error.message}"
            raise LockError(message, hint=error.hint, details=error.details) from error
        except OSError as error:
            message = f"{requirement.name} has no wheel, and its files cannot be read: `{path}`"
            raise LockError(message, hint=f"--exclude {requirement.name}") from error
        filename = built.name
    try:
        wheel_name, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        message = f"This is not a wheel's file name: `{filename}`"
        raise LockError(
            message, hint=f"pip install {requirement.name}, under its own name"
        ) from error
    if tags.isdisjoint(fitting(spec)):
        message = (
            f"The wheel of {requirement.name} does not fit Python {spec.python} on "
            f"{spec.base_image.platform}: `{filename}`"
        )
        raise LockError(message, hint=f"--exclude {requirement.name}, or install a fitting wheel")
    return LocalWheel(
        name=str(wheel_name),
        version=str(version),
        wheel=WheelFile(filename=filename, content=content),
        requirement=requirement.name,
    )


def _obtain(requirement: DirectRequirement, path: Path | None, folder: Path) -> Path:
    """Return a wheel in `folder` or where it already lies; the user's sources stay untouched."""
    if path is not None and path.suffix == ".whl":
        return path
    if path is not None and path.is_file():
        return build_wheel(path, folder)
    source = folder / "source"
    if path is not None:
        # Build backends write into the source tree, so they get a copy of it.
        shutil.copytree(path, source, ignore=_not_source, symlinks=True)
        return build_wheel(source, folder)
    _check_out(requirement, source)
    parts = urlsplit(requirement.url or "").fragment
    below = next((p[13:] for p in parts.split("&") if p.startswith("subdirectory=")), "")
    inner = (source / unquote(below)).resolve()
    if not inner.is_relative_to(source.resolve()):
        message = f"The address leads out of its repository: `{requirement.url}`"
        raise LockError(message, hint=f"--exclude {requirement.name}")
    return build_wheel(inner, folder)


def _not_source(folder: str, names: list[str]) -> set[str]:
    """Return what of a folder is no source: caches, environments, sockets."""
    entries = [Path(folder, name) for name in names]
    left_out = {e.name for e in entries if e.name in _NOT_SOURCE or (e / "pyvenv.cfg").is_file()}
    odd = {e.name for e in entries if not (e.is_symlink() or e.is_dir() or e.is_file())}
    return left_out | odd


def _check_out(requirement: DirectRequirement, destination: Path) -> None:
    """Clone the commit that was installed."""
    url = requirement.url or ""
    address, _, commit = url.removeprefix("git+").split("#")[0].rpartition("@")
    hint = f"pip install 'git+ADDRESS@COMMIT', or --exclude {requirement.name}"
    if not url.startswith("git+") or not address or not commit or commit.startswith("-"):
        message = f"Only Git addresses with a commit can be locked: `{url}`"
        raise LockError(message, hint=hint)
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    clone = ["git", "clone", "--quiet", "--no-checkout", "--", address, str(destination)]
    checkout = ["git", "-C", str(destination), "checkout", "--quiet", "--detach", commit]
    submodules = ["git", "-C", str(destination), "submodule", "--quiet", "update"]
    for command in (clone, checkout, [*submodules, "--init", "--recursive"]):
        done = run_process(command, env=quiet)
        if done.exit_code:
            message = f"The repository cannot be fetched at its commit: `{url}`"
            said = _redacted(done.stderr).splitlines()[-20:]
            raise LockError(message, hint=hint, details=tuple(said))


def _file_path(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
