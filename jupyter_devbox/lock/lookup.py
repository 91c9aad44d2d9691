"""What an index knows of a package by its name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser

from jupyter_devbox.engine.fetch import fetch_text
from jupyter_devbox.engine.uv import ResolveRequest, resolve
from jupyter_devbox.errors import ResolutionError
from jupyter_devbox.lock.pylock import wheel_address

_UNKNOWN = "was not found in the package registry"
_NO_WHEEL = "no usable wheels"
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPackage:
    """A package of the index.

    Parameters
    ----------
    version
        The newest that this machine's Python can have as a wheel; None where there is none.
    summary
        Its own line about itself: untrusted; "" where the index does not say.
    """

    name: str
    version: str | None
    summary: str = ""


def look_up(name: str, index: Mapping[str, str], *, ca_bundle: str = "") -> KnownPackage | None:
    """Return what the index knows of a package, None if it has none; no code of it runs.

    Parameters
    ----------
    name
        Normalised.
    index
        Variables that name this machine's index, logins included.

    Raises
    ------
    IndexUnreachableError
        Nobody answers.
    ResolutionError
        uv does not say either.
    """
    request = ResolveRequest(
        requirements=(name,),
        preferences=(),
        executable=sys.executable,
        python=None,
        platform=None,
        index=index,
        with_dependencies=False,
        build=False,
    )
    try:
        version, address = wheel_address(resolve(request, offline=False), name)
    except ResolutionError as error:
        said = " ".join(error.details)
        if _UNKNOWN in said:
            return None
        if _NO_WHEEL in said:
            return KnownPackage(name=name, version=None)
        raise
    # The index serves a wheel's metadata beside it (PEP 658).
    text = fetch_text(f"{address}.metadata", ca_bundle=ca_bundle) if address else ""
    return KnownPackage(name=name, version=version, summary=_summary(text))


def _summary(metadata: str) -> str:
    """Return the summary in a wheel's metadata, as one line."""
    found = str(HeaderParser().parsestr(metadata).get("Summary", ""))
    return " ".join(found.split())[:_LONGEST]
