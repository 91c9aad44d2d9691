"""Take secrets and terminal control out of text before anybody sees or keeps it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

PROXY_VARIABLES = tuple(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)
"""What BuildKit and most programs take a proxy from; its URL often holds a password."""

_MASK = "***"
_SHORTEST = 4
# All up to the last @ before the path: a password may itself contain an @.
_USERINFO = re.compile(r"(?<=://)[^/\s\"'<>`\\]+@")
_ESCAPE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|[\]PX^_].*?(?:\x07|\x1b\\|$)"  # titles, links, device strings
    r"|[ -/]*[0-~]"  # the short ones
    r")"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)


class Redactor:
    """Hides credentials in URLs, and known secrets wherever they stand.

    Parameters
    ----------
    secrets
        Values that must not be seen; those shorter than four characters are left alone, as
        hiding them would make holes in ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        known = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        if self._known is not None:
            text = self._known.sub(_MASK, text)
        return _USERINFO.sub(f"{_MASK}@", text)


def netrc_passwords(text: str) -> tuple[str, ...]:
    """Return the passwords in a netrc file, without a complaint about its form."""
    return tuple(re.findall(r"\bpassword\s+(\S+)", text))


def proxy_passwords(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the passwords in the proxies' URLs, as written and as meant."""
    found: list[str] = []
    for name in PROXY_VARIABLES:
        try:
            password = urlsplit(env.get(name, "")).password
        except ValueError:  # not a URL
            continue
        if password:
            found += [password, unquote(password)]
    return tuple(found)


def printable(text: str) -> str:
    """Return one line without terminal escapes, control characters and direction overrides."""
    text = _ESCAPE.sub("", text).replace("\t", "    ")
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
