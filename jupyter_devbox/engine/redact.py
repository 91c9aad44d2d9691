"""Take secrets and terminal control out of text before anybody sees or keeps it. Pure."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

PROXY_VARIABLES = tuple(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)
"""What BuildKit and most programs take a proxy from; its URL often holds a password."""

_MASK = "***"
_SHORTEST = 4
_SHORTEST_TOKEN = 8
# What programs call the variables that hold their tokens: HF_TOKEN, AWS_SECRET_ACCESS_KEY, …
_TOKENS = re.compile(r"TOKEN|SECRET|PASSW|API_?KEY|ACCESS_?KEY|CREDENTIAL", re.IGNORECASE)
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
        Values that must not be seen, as they are, percent-encoded or in base64; those shorter
        than four characters are left alone, as hiding them would make holes in ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        spelt = {way for line in lines if len(line) >= _SHORTEST for way in _spellings(line)}
        known = sorted(spelt, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        if self._known is not None:
            text = self._known.sub(_MASK, text)
        return _USERINFO.sub(f"{_MASK}@", text)


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and as addresses and headers (RFC 7617) spell it."""
    yield secret
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield re.sub("%..", lambda match: match.group().lower(), quoted)
    for encoded in (base64.b64encode, base64.urlsafe_b64encode):
        yield encoded(secret.encode(errors="surrogateescape")).decode().rstrip("=")


def netrc_passwords(text: str) -> tuple[str, ...]:
    """Return the passwords in a netrc file, alone and as login:password, whatever its form."""
    found = []
    for entry in re.split(r"\b(?:machine|default)\b", text):
        login = re.search(r"\blogin\s+(\S+)", entry)
        for password in re.findall(r"\bpassword\s+(\S+)", entry):
            found += [password, f"{login[1]}:{password}"] if login else [password]
    return tuple(found)


def has_login(address: str) -> bool:
    """Tell whether a proxy's address holds a login."""
    return "@" in address


def secrets_in(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment that must not be seen.

    They are those that look like a token by their names, and the logins in proxies' addresses.
    """
    found = [
        value
        for name, value in env.items()
        if _TOKENS.search(name) and len(value) >= _SHORTEST_TOKEN
    ]
    for name in PROXY_VARIABLES:
        userinfo = env.get(name, "").rpartition("@")[0].rpartition("//")[2]
        user, _, password = userinfo.partition(":")
        if userinfo:
            secret = password or user
            found += [secret, unquote(secret), unquote(f"{user}:{password}")]
    return tuple(dict.fromkeys(found))


def printable(text: str) -> str:
    """Return one line without terminal escapes, control characters and direction overrides."""
    text = _ESCAPE.sub("", text).replace("\t", "    ")
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
