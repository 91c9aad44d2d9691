"""What wheels hold once they are installed, read from their ends: nothing large is downloaded.

A wheel is a ZIP file: its last part lists every file with its size (PKWARE's APPNOTE.TXT, 4.3.12).
"""

from __future__ import annotations

import io
import sys
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from jupyter_devbox.engine.uv import ResolveRequest, resolve
from jupyter_devbox.lock.tags import fitting
from jupyter_devbox.spec.environment import EnvironmentSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CHUNK = 1 << 17
BYTECODE = 1.36
"""Size of ``.pyc`` ÷ size of ``.py``: 155 MB of 114 MB in the quickstart's image, Python 3.11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """Bytes of a wheel: as downloaded, all its files, and those of them that are Python's."""

    wheel: int
    files: int
    python: int

    @property
    def installed(self) -> float:
        """Return its size in an image, bytecode included."""
        return self.files + BYTECODE * self.python


def unpacked(spec: EnvironmentSpec, pins: Mapping[str, str]) -> Mapping[str, Unpacked]:
    """Return package → what its wheel holds, of each that has one.

    Parameters
    ----------
    pins
        Name → version, such as those of a lock.

    Raises
    ------
    OSError
        The index does not answer, or answers with something else than a part of a file.
    """
    addresses = _addresses(spec, pins)
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(addresses, pool.map(_read, addresses.values()), strict=True))


def _addresses(spec: EnvironmentSpec, pins: Mapping[str, str]) -> Mapping[str, tuple[str, int]]:
    """Return package → address and size of its wheel: uv's answer has them."""
    machine = "aarch64" if spec.base_image.platform.endswith("arm64") else "x86_64"
    major, minor = spec.base_image.glibc
    request = ResolveRequest(
        requirements=[f"{name}=={version}" for name, version in pins.items()],
        preferences=(),
        executable=sys.executable,
        python=spec.base_image.python,
        platform=f"{machine}-manylinux_{major}_{minor}",
        with_dependencies=False,
    )
    tags = fitting(spec)
    found = tomllib.loads(resolve(request, offline=False))["packages"]
    return {
        entry["name"]: min(
            (_rank(file, tags), str(file["url"]), int(file["size"])) for file in entry["wheels"]
        )[1:]
        for entry in found
        if entry.get("wheels")
    }


def _rank(file: Mapping[str, Any], tags: Sequence[Tag]) -> int:
    """Return how well a wheel fits, 0 being best."""
    own = parse_wheel_filename(file["url"].rpartition("/")[2])[3]
    return next((rank for rank, tag in enumerate(tags) if tag in own), len(tags))


def _read(address: tuple[str, int]) -> Unpacked:
    url, size = address
    with zipfile.ZipFile(_Remote(url, size)) as wheel:
        entries = wheel.infolist()
    python = sum(entry.file_size for entry in entries if entry.filename.endswith(".py"))
    return Unpacked(wheel=size, files=sum(entry.file_size for entry in entries), python=python)


class _Remote(io.RawIOBase):
    """A file behind an address, read in parts."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self._size, self._at = url, size, 0
        self._from, self._part = size, b""

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._at + size)
        if self._at < self._from or end > self._from + len(self._part):
            self._from = max(0, min(self._at, self._size - _CHUNK))
            self._part = self._fetch(self._from, max(end, min(self._size, self._from + _CHUNK)))
        data = self._part[self._at - self._from : end - self._from]
        self._at += len(data)
        return data

    def _fetch(self, begin: int, end: int) -> bytes:
        headers = {"Range": f"bytes={begin}-{end - 1}"}
        request = urllib.request.Request(self._url, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            if answer.status != 206:
                message = f"no part of the file was given: {self._url}"
                raise OSError(message)
            return bytes(answer.read())
