"""How many packages uv has dealt with, read from what it prints. Pure."""

from __future__ import annotations

import re

_RESOLVED = re.compile(r"^Resolved (\d+) packages?\b")
_BEGUN = re.compile(r"^Downloading (\S+) \(([^)]+)\)")
_FETCHED = re.compile(r"^\s+(?:Downloaded|Downloading|Built) (\S+)")
_PREPARED = re.compile(r"^Prepared (\d+) packages?\b")
_INSTALLED = re.compile(r"^ \+ (\S+?)(?:==| @ )(\S+)")
_SIZE = re.compile(r"([\d.]+)\s*([KMG])iB")
_POWERS = {"K": 1, "M": 2, "G": 3}


class PackageCount:
    """Counts packages over all of uv's runs in one build.

    Parameters
    ----------
    expected
        Number of packages in the lock; 0 takes uv's word for it.
    """

    def __init__(self, expected: int = 0) -> None:
        self._expected = expected
        self._resolved = 0
        self._installed: set[str] = set()
        self._fetched: set[str] = set()
        self._prepared = 0
        self.detail = ""
        """What it is busy with: ``scikit-learn (9.7 MB)``."""

    @property
    def total(self) -> int:
        """All packages; 0 as long as nobody knows."""
        return self._expected or max(self._resolved, len(self._installed))

    @property
    def current(self) -> int:
        """Packages dealt with, never more than there are."""
        # A prepared package is one of those that will be installed: not to be counted twice.
        number = max(len(self._installed | self._fetched), self._prepared)
        return min(number, self.total) if self.total else number

    def see(self, line: str) -> bool:
        """Take note of a line; tell whether it changed anything worth showing."""
        before = (self.current, self.total, self.detail)
        if found := _RESOLVED.match(line):
            self._resolved = max(self._resolved, int(found[1]))
        elif found := _BEGUN.match(line):
            self.detail = f"{found[1]} ({_size(found[2])})"
        elif found := _FETCHED.match(line):
            self._fetched.add(_name(found[1]))
        elif found := _PREPARED.match(line):
            self._prepared = len(self._installed) + int(found[1])
        elif found := _INSTALLED.match(line):
            self._installed.add(_name(found[1]))
            self.detail = f"{found[1]} {found[2]}"
        return before != (self.current, self.total, self.detail)


def _name(text: str) -> str:
    """Return a package's normalised name; uv adds the version in some lines."""
    return re.sub(r"[-_.]+", "-", text.partition("==")[0]).lower()


def _size(text: str) -> str:
    """Return uv's ``17.4MiB`` in the units of every other number that we show: ``18.2 MB``."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return text
    return f"{float(found[1]) * 1.024 ** _POWERS[found[2]]:.1f} {found[2].replace('K', 'k')}B"
