"""What several stages of the Dockerfile do alike: reach the network, install Debian packages."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_devbox.render.instructions import command
from jupyter_devbox.spec.environment import EnvironmentSpec

UV = "/opt/uv/bin/uv"
UV_MOUNT = "type=bind,from=tools,source=/opt/uv,target=/opt/uv"
UV_CACHE = "/run/devbox/cache"
UV_CACHE_MOUNT = f"type=cache,id=jupyter-devbox-uv,target={UV_CACHE}"
CA = "type=secret,id=ca,target=/run/secrets/ca"
PROXY = "type=secret,id=proxy,target=/run/secrets/proxy"
NETWORK = (CA, PROXY, "type=secret,id=netrc,target=/run/secrets/netrc")
TRUST = (
    "if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca "
    "PIP_CERT=/run/secrets/ca; fi"
)
ROUTE = "if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi"
LOGIN = "if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi"
REACH = (TRUST, ROUTE, LOGIN)
_SILENT = "export DEBIAN_FRONTEND=noninteractive"


def apt_install(packages: Iterable[str]) -> list[str]:
    """Return the commands that install Debian packages and leave no lists behind."""
    reach = "if [ -s /run/secrets/ca ]; then set -- -o Acquire::https::CaInfo=/run/secrets/ca; fi"
    return [_SILENT, ROUTE, reach, *_installed('apt-get "$@"', packages)]


def apt_plainly(packages: Iterable[str]) -> list[str]:
    """Return the same commands for a build that has no secrets."""
    return [_SILENT, *_installed("apt-get", packages)]


def _installed(apt: str, packages: Iterable[str]) -> list[str]:
    options = "install --quiet=2 --yes --no-install-recommends"
    return [
        f"{apt} update --quiet=2",
        f"{apt} {options} {command(*sorted(set(packages)))}",
        "rm -rf /var/lib/apt/lists/*",
    ]


def mounted(stage: str, name: str) -> str:
    """Return a stage that is another one under the name by which later stages mount it.

    Podman 4.3 mounts a stage whose last step came from the cache as it was before that step; one
    without steps of its own it mounts as it is.
    """
    return f"FROM {stage} AS {name}\n"


def pip_index(spec: EnvironmentSpec) -> list[str]:
    """Return pip's option for this machine's index."""
    return ["--index-url", spec.indexes[0]] if spec.indexes else []


def uv_index(spec: EnvironmentSpec) -> list[str]:
    """Return uv's option for this machine's index."""
    return ["--default-index", spec.indexes[0]] if spec.indexes else []
