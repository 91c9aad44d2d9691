"""What a box and its kernels take over from the host: a short list, never the whole environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_devbox.spec.box import HOME, USER
from jupyter_devbox.spec.container import Mount

IN_BOX = "JUPYTER_DEVBOX_BOX"
"""Set for all that runs in a box; the magics look at it."""
CA_IN_BOX = "/run/devbox/ca.crt"

_CA_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")
_CA_SET = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
_LOCAL = re.compile(r"localhost|127\.[\d.]+|::1|0\.0\.0\.0")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}")


def box_environment(host: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a box, all that runs in it included.

    Parameters
    ----------
    host
        This process's own environment.
    """
    settings = {"HOME": HOME, "USER": USER, IN_BOX: "1"}
    if ca_mount(host):
        settings |= dict.fromkeys(_CA_SET, CA_IN_BOX)
    return settings | carried(host)


def carried(host: Mapping[str, str]) -> dict[str, str]:
    """Return the host's variables that mean the same in a box: time zone and proxies.

    The locale is not among them (an image has C.UTF-8 and rarely another), nor is a proxy on the
    host's own loopback, which a box can't reach.
    """
    taken = {}
    if zone := time_zone(host):
        taken["TZ"] = zone
    for name in (*_PROXIES, *(each.upper() for each in _PROXIES)):
        value = host.get(name, "")
        if value and not _is_local(value):
            taken[name] = value
    if taken.keys() & {*_PROXIES, *(each.upper() for each in _PROXIES)}:
        taken |= {name: host[name] for name in ("no_proxy", "NO_PROXY") if host.get(name)}
    return taken


def ca_mount(host: Mapping[str, str]) -> Mount | None:
    """Return the mount of the certificates that this machine trusts, if its owner named any."""
    for name in _CA_NAMES:
        bundle = Path(host.get(name) or os.devnull)
        if bundle.is_file():
            return Mount(source=str(bundle.resolve()), target=CA_IN_BOX, readonly=True)
    return None


def time_zone(host: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str:
    """Return the host's time zone by name, or "" where it has none."""
    if name := host.get("TZ", ""):
        return name if _ZONE.fullmatch(name) else ""
    try:
        target = str(localtime.resolve())
    except OSError:
        return ""
    name = target.rpartition("/zoneinfo/")[2] if "/zoneinfo/" in target else ""
    return name if _ZONE.fullmatch(name) else ""


def _is_local(proxy: str) -> bool:
    """Tell whether a proxy listens on the host's own loopback."""
    try:
        name = urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname or ""
    except ValueError:
        return True
    return _LOCAL.fullmatch(name) is not None
