"""Installs Debian packages in a running box, as root: by an exec, never by more rights for the box.

What was allowed is gone with the exec: the box's own user stays as it was. Names are looked up
first, for apt-get takes some for patterns, or for something to be removed (apt-get(8), install).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RequirementError, RunError
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.spec.names import check_apt_name

ROOT = "0"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Root's: the box's own begins with a folder in which its user may write."""
_APT = 'exec /usr/bin/apt-get ${SSL_CERT_FILE:+-o "Acquire::https::CaInfo=$SSL_CERT_FILE"} "$@"'
"""Names come as arguments of their own; no text of anybody's is part of the script."""
_ENV = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "PATH": PATH}
_OPTIONS = ("install", "--quiet=2", "--yes", "--no-install-recommends", "--")


def install_command(names: Iterable[str]) -> str:
    """Return what is run in the box, for people."""
    return f"apt-get {' '.join((*_OPTIONS[:-1], *names))}"


def install_debian(
    engine: Engine, container: str, names: tuple[str, ...], on_line: Callable[[str], None]
) -> None:
    """Install Debian packages in a running box.

    Parameters
    ----------
    on_line
        Told of what apt-get prints, line by line.

    Raises
    ------
    RequirementError
        One is no Debian package's name, or there is no such package.
    RunError
        apt-get gave up; `details` are its last lines.
    """
    for name in names:
        check_apt_name(name)
    _apt(engine, container, ("update", "--quiet=2"), on_line)
    for name in names:
        _refuse_unknown(engine, container, name)
    _apt(engine, container, (*_OPTIONS, *names), on_line)
    # The lists are of no use to the box's user, who may not install: 20 MB.
    _apt(engine, container, ("clean",), on_line)


def _refuse_unknown(engine: Engine, container: str, name: str) -> None:
    command = ExecSpec(command=("/usr/bin/apt-cache", "pkgnames", "--", name), user=ROOT, env=_ENV)
    if name not in engine.run(container, command).stdout.split():
        message = f"Debian has no package of this name: `{name}`"
        raise RequirementError(message, hint="look for it with: apt-cache search, in the box")


def _apt(
    engine: Engine, container: str, words: tuple[str, ...], on_line: Callable[[str], None]
) -> None:
    command = ("/bin/sh", "-c", _APT, "apt-get", *words)
    done = engine.run(container, ExecSpec(command=command, user=ROOT, env=_ENV))
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    for line in lines:
        on_line(line)
    if done.exit_code:
        message = f"apt-get gave up in the box: `{words[0]}`"
        said = [line for line in lines if line.startswith(("E:", "W:"))] or lines
        raise RunError(message, hint="jupyter devbox doctor", details=tuple(said[-8:]))
