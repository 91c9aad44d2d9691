"""The lock as text, both ways: two requirements files in pip's format, every line hashed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from jupyter_devbox.spec.lock import Lock, LockedPackage
from jupyter_devbox.spec.target_files import COMMON, CPU, TargetFiles

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s\\]+)", re.MULTILINE)
_FILE = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*) @ \S+/(?P<file>[^\s/\\]+)", re.MULTILINE)
_ADDRESS = re.compile(r"\S+ @ (?P<url>\S+)")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})\b")
_PYTHON = re.compile(r"^# Locked by jupyter-devbox for Python (?P<python>3\.[0-9.]+) on ")
_INPUTS = re.compile(r"^# Resolved from (?P<inputs>[0-9a-f]+)\.$", re.MULTILINE)


def format_lock(lock: Lock, files: TargetFiles = CPU) -> Mapping[str, str]:
    """Return file name → text of the lock.

    There are two files because a mounted file is part of a layer's cache key: a package more must
    not touch the file of the stable layer. What all environments of a split project have in common
    is a third, the same one for each of them.
    """
    about = lock_heading(lock)
    common = [p for p in lock.packages if p.group == "common"]
    stable = [p for p in lock.packages if p.group == "stable"]
    rest = [p for p in lock.packages if p.group == "rest"]
    return {
        **({COMMON: about + format_lines(common)} if common else {}),
        files.stable: about + (f"-r {COMMON}\n" if common else "") + format_lines(stable),
        files.rest: f"{about}# Resolved from {lock.inputs}.\n-r {files.stable}\n"
        + format_lines(rest),
    }


def lock_heading(lock: Lock) -> str:
    """Return the first line of a lock file, with the place of its digest."""
    return (
        f"# Locked by jupyter-devbox for Python {lock.python} on {lock.platform}; "
        "not to be edited. {digest}\n"
    )


def format_lines(packages: Iterable[LockedPackage]) -> str:
    """Return packages with their hashes, in pip's format."""
    return "".join(
        (f"{p.name} @ {p.url}" if p.url else f"{p.name}=={p.version}")
        + "".join(f" \\\n    --hash={h}" for h in p.hashes)
        + "\n"
        for p in packages
    )


def read_pins(text: str) -> dict[str, str]:
    """Return name → version of one lock file."""
    pins = {match["name"]: match["version"] for match in _PIN.finditer(text)}
    for match in _FILE.finditer(text):
        with suppress(InvalidWheelFilename):
            pins[match["name"]] = str(parse_wheel_filename(unquote(match["file"]))[1])
    return pins


def read_packages(text: str) -> tuple[LockedPackage, ...]:
    """Return the packages of one lock file with their hashes, in their order."""
    packages = []
    for line in text.replace("\\\n", " ").splitlines():
        hashes = tuple(sorted(_HASH.findall(line)))
        for name, version in read_pins(line).items():
            url = found["url"] if (found := _ADDRESS.match(line)) else ""
            packages.append(LockedPackage(name=name, version=version, hashes=hashes, url=url))
    return tuple(packages)


def read_python(text: str) -> str:
    """Return the Python version that a lock file was resolved for; "" when it does not say."""
    match = _PYTHON.search(text)
    return match["python"] if match else ""


def read_inputs(text: str) -> str:
    """Return the digest of what was resolved; "" when the file does not say."""
    match = _INPUTS.search(text)
    return match["inputs"] if match else ""
