"""The curated map from import names to distributions. What it does not know stays unresolved."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_API_VERSION = re.compile(r"_v\d+(p\d+)?((alpha|beta)\d*)?$")
_DATA = Path(__file__).with_name("data") / "import_map.json"


@dataclass(frozen=True, slots=True)
class MapRow:
    """One row of the map.

    Parameters
    ----------
    prefix
        Dotted import name; it holds for the module and all below it.
    dist
        Distribution that provides it, normalised; "" for a module that no index offers.
    alternatives
        Distributions that provide the same module: taken when the notebook installs one.
    """

    prefix: str
    dist: str
    alternatives: tuple[str, ...] = ()

    @property
    def dists(self) -> tuple[str, ...]:
        """Return every distribution that provides the module."""
        return (self.dist, *self.alternatives) if self.dist else ()

    def choose(self, installed: Collection[str]) -> str:
        """Return the distribution: the one that the notebook installs, else the usual one."""
        if self.dist in installed:
            return self.dist
        return next((name for name in self.alternatives if name in installed), self.dist)


@lru_cache(maxsize=1)
def import_map() -> dict[str, MapRow]:
    """Return the map by its dotted prefixes."""
    rows = json.loads(_DATA.read_text(encoding="utf-8"))["rows"]
    return {
        row["import"]: MapRow(row["import"], row["dist"], tuple(row.get("alternatives", ())))
        for row in rows
    }


@lru_cache(maxsize=1)
def mapped_tops() -> frozenset[str]:
    """Return the first segments of all prefixes."""
    return frozenset(prefix.partition(".")[0] for prefix in import_map())


@lru_cache(maxsize=1)
def known_distributions() -> frozenset[str]:
    """Return every distribution that stands in the map."""
    rows = import_map().values()
    return frozenset(name for row in rows for name in row.dists)


def look_up(dotted: str) -> MapRow | None:
    """Return the row of the longest prefix of a dotted name, None where there is none.

    Google publishes each API version as a module of one distribution: ``google.cloud.x_v1beta2``
    is found where ``google.cloud.x`` stands.
    """
    rows = import_map()
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        prefix = ".".join(parts[:end])
        row = rows.get(prefix)
        if row is None and parts[:2] == ["google", "cloud"]:
            row = rows.get(_API_VERSION.sub("", prefix))
        if row is not None:
            return row
    return None
