"""Find the `docker` command that can build: the SDK has no BuildKit, its plugin buildx has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from jupyter_devbox.errors import BuildxMissingError

_FIRST_WITH_RAWJSON = (0, 13)
_USUAL = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/snap/bin")


def find_docker_cli(env: Mapping[str, str] | None = None) -> str:
    """Return the first `docker` that has the buildx plugin.

    Several may be installed, and the first on PATH may be one without plugins.

    Parameters
    ----------
    env
        Whose PATH is searched; this process's if None.

    Raises
    ------
    BuildxMissingError
        There is no `docker` command, or none has the plugin.
    """
    found = tuple(docker_clis(env))
    old = ""
    for path in found:
        version = _buildx_version(path)
        if version is not None and version >= _FIRST_WITH_RAWJSON:
            return path
        if version is not None:
            old = old or ".".join(map(str, version))
    if old:
        msg = f"Docker's buildx plugin is too old, 0.13 is needed: `{old}`"
        raise BuildxMissingError(msg, hint="install a newer docker-buildx plugin", details=found)
    if not found:
        msg = "Images are built by the docker command, and there is none on this machine"
        raise BuildxMissingError(msg, hint="install docker-cli and its docker-buildx plugin")
    msg = f"This docker command lacks the buildx plugin, which builds images: `{found[0]}`"
    raise BuildxMissingError(msg, hint="sudo apt-get install docker-buildx-plugin", details=found)


def docker_clis(env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield every `docker` command: first those on PATH, then where packages usually put one."""
    search = (os.environ if env is None else env).get("PATH", os.defpath)
    seen = set[str]()
    for folder in dict.fromkeys([*search.split(os.pathsep), *_USUAL]):
        path = shutil.which("docker", path=folder) if folder else None
        if path and (real := os.path.realpath(path)) not in seen:
            seen.add(real)
            yield path


def _buildx_version(docker: str) -> tuple[int, int] | None:
    """Ask a `docker` for its plugin; neither a daemon nor the network is needed.

    Returns
    -------
    tuple or None
        Major and minor version; None without the plugin.
    """
    try:
        done = subprocess.run(
            [docker, "buildx", "version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # A docker without the plugin may show its help instead, and end well.
    if done.returncode or b"buildx" not in done.stdout:
        return None
    found = re.search(rb"\bv?(\d+)\.(\d+)", done.stdout)
    # A build from source has no number: it is new.
    return (int(found[1]), int(found[2])) if found else _FIRST_WITH_RAWJSON
