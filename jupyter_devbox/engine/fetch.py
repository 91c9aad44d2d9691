"""Fetch a small text of a package index. Nothing secret is sent along."""

from __future__ import annotations

import ssl
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

MOST = 1024 * 1024
"""Bytes; what is longer is cut."""

_SECONDS = 5.0


def fetch_text(address: str, *, ca_bundle: str = "") -> str:
    """Return the text at an address; "" where there is none, or nobody answers in five seconds.

    Parameters
    ----------
    address
        Of http or https; a login in it is refused.
    ca_bundle
        File of the certificates to trust; "" for the system's own.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"https", "http"} or parts.username:
        return ""
    trusted = ssl.create_default_context(cafile=ca_bundle or None)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusted))
    try:
        with opener.open(address, timeout=_SECONDS) as answer:
            content: bytes = answer.read(MOST)
    except (OSError, HTTPException, ValueError):
        return ""
    return content.decode("utf-8", "replace")
