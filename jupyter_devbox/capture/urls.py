"""URLs of install lines, without the secrets that people put into them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

_VCS = re.compile(r"(git|hg|svn|bzr)\+", re.IGNORECASE)
_SCHEME = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[a-z][a-z0-9]*:", re.IGNORECASE)
_ANY_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://\S*")
_SHA256 = re.compile(r"sha256[=:]([0-9a-f]{64})", re.IGNORECASE)
_SUBDIRECTORY = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")
_SHOWN = 80


def is_url(text: str) -> bool:
    """Tell whether the text begins like a URL, VCS prefixes included."""
    return bool(_SCHEME.match(text)) and ("//" in text or text.lower().startswith("file:"))


def is_vcs(url: str) -> bool:
    """Tell whether the URL names a version control repository (``git+https://…``)."""
    return bool(_VCS.match(url))


def strip_credentials(url: str) -> str:
    """Return the URL without user, password and query; ``git@`` of an SSH address stays.

    A fragment keeps only a SHA-256 and a subdirectory, for tokens hide in fragments too. A text
    that cannot be taken apart gives "".
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if "@" in host:
        return ""
    if ":" in host:
        host = f"[{host}]"
    if port is not None:
        host = f"{host}:{port}"
    user = parts.username or ""
    if parts.scheme.endswith("ssh") and re.fullmatch(r"[a-z_][a-z0-9_-]*", user):
        host = f"{user}@{host}"
    if _may_hold_password(parts.path, vcs=is_vcs(url)):
        return ""
    return urlunsplit((parts.scheme, host, parts.path, "", _kept_fragment(parts.fragment)))


def _may_hold_password(path: str, *, vcs: bool) -> bool:
    """Tell whether an ``@`` in the path may end a password that has a slash in it."""
    before, separator, after = path.partition("@")
    if not separator:
        return False
    return not vcs or "@" in after or after.endswith(".git") or before.count("/") < 2


def _kept_fragment(fragment: str) -> str:
    kept = []
    subdirectory = fragment_value(fragment, "subdirectory")
    if (
        subdirectory
        and _SUBDIRECTORY.fullmatch(subdirectory)
        and ".." not in PurePosixPath(subdirectory).parts
    ):
        kept.append(f"subdirectory={subdirectory}")
    if found := _SHA256.search(fragment):
        kept.append(f"sha256={found[1].lower()}")
    return "&".join(kept)


def fragment_value(fragment: str, key: str) -> str:
    """Return the value of ``key=value`` in a URL's fragment, "" where it is not."""
    for part in fragment.split("&"):
        name, _, value = part.partition("=")
        if name == key:
            return unquote(value)
    return ""


def fragment_of(url: str) -> str:
    """Return what follows ``#``, "" where the text is no URL."""
    try:
        return urlsplit(url).fragment
    except ValueError:
        return ""


def last_segment(url: str) -> str:
    """Return the last part of the URL's path without ``.git`` and ``@revision``."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    name = unquote(PurePosixPath(path).name)
    if is_vcs(url):
        name = name.partition("@")[0] if "@" in name else name
        name = name.removesuffix(".git")
    return name


def shown(text: str) -> str:
    """Return the text as a message may show it: one line, short, URLs without credentials."""
    clean = _ANY_URL.sub(lambda found: strip_credentials(found[0]) or "(URL)", text)
    clean = " ".join(clean.split())
    clean = "".join(char if char.isprintable() else "?" for char in clean)
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"
