"""Where others find a repository: a remote's address without whatever is secret in it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_SCHEMES = {"https", "http", "ssh", "git", "git+ssh"}
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[^@/:]+):(?P<path>[^:]*)")
"""``user@host:path``, Git's short form of ssh (git-clone(1), "GIT URLS")."""
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_PART = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_SAME = {
    "www.github.com": "github.com",
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository on a host: ``github.com`` and ``owner/name``."""

    host: str
    path: str

    @property
    def address(self) -> str:
        """The address to clone from without an account."""
        return f"https://{self.host}/{self.path}"

    @property
    def name(self) -> str:
        """What a clone's folder is called."""
        return self.path.rpartition("/")[2]


def parse_remote(address: str) -> Remote | None:
    """Return the host and path of a remote's address; None for a folder, or for anything odd.

    User names, passwords, tokens, ports and queries are left behind: nothing of them is shown.
    """
    if "://" in address:
        try:
            parts = urlsplit(address)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
        if parts.scheme not in _SCHEMES:
            return None
    else:
        short = _SCP.fullmatch(address)
        if short is None:
            return None
        host, path = short["host"].lower(), short["path"]
    host = _SAME.get(host, host)
    path = path.strip("/").removesuffix(".git")
    names = path.split("/")
    if not _HOST.fullmatch(host) or len(names) < 2 or not all(map(_PART.fullmatch, names)):
        return None
    return Remote(host=host, path=path)
