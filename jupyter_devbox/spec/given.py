"""Wheels that the user gives by hand, for packages that no index has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenWheel:
    """A wheel that was named by ``--wheel``, looked through.

    Parameters
    ----------
    name, version
        As its own metadata say them; the name is normalised.
    filename
        Its own, without folders.
    url
        Where it lies on this machine, ``file://…``.
    """

    name: str
    version: str
    filename: str
    url: str
