"""Limits as the user says them: ``4g``, ``1.5``, ``off``; and how their files spell them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.run_args import parse_size

OFF = "off"
"""Takes a limit away; never remembered."""

LIMIT_NAMES = ("memory", "cpus", "shm_size", "pids")
"""What `ProjectOptions` and a plan's edits call them."""

_OPTIONS = {
    "memory": ("--memory", "-m"),
    "cpus": ("--cpus",),
    "shm_size": ("--shm-size",),
    "pids": ("--pids-limit",),
}
_COMPOSE = {"memory": "mem_limit", "cpus": "cpus", "shm_size": "shm_size", "pids": "pids_limit"}
"""Keys of a service (compose-spec.io)."""

_LIKE = {
    "memory": "write it like --memory 4g",
    "cpus": "write it like --cpus 2",
    "shm_size": "write it like --shm-size 1g",
    "pids": "write it like --pids 512",
}
_LEAST_MEMORY = 6 * 1024**2
"""Docker's own least limit (docs.docker.com/engine/containers/resource_constraints)."""
_LEAST_SHM = 1024**2
_MOST_BYTES = 2**63 - 1
"""What an engine keeps a size in."""
_CPUS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,9})?")
_LEAST_CPUS = 0.01
"""Docker's own ("Range of CPUs is from 0.01")."""
_PIDS = re.compile(r"[0-9]{1,9}")
_LEAST_PIDS = 64
"""Threads count: a box with one idle kernel has 14 (seen with ipykernel 7), and numerical libraries
start one a processor. Below this a kernel may not start, and says nothing that helps."""
_MOST_PIDS = 2**22
"""Linux has no more process numbers (proc(5), pid_max)."""


def check_limits(words: Mapping[str, str]) -> dict[str, str]:
    """Return limits as they were written, without those that say nothing, by `LIMIT_NAMES`.

    Raises
    ------
    ConfigurationError
        One is not well formed, or so small that no box starts with it.
    """
    said = {name: words.get(name, "").strip() for name in LIMIT_NAMES}
    for name, text in said.items():
        if text not in {"", OFF}:
            _CHECKS[name](text)
    return {name: text for name, text in said.items() if text}


def kept(words: Mapping[str, str]) -> dict[str, str]:
    """Return the limits that are worth remembering."""
    return {name: text for name, text in check_limits(words).items() if text != OFF}


def read_words(words: Mapping[str, str]) -> Limits:
    """Return limits as numbers; raises `ConfigurationError`."""
    said = kept(words)
    return Limits(
        memory=parse_size(said.get("memory", "0")),
        shm=parse_size(said.get("shm_size", "0")),
        cpus=float(said.get("cpus", "0")),
        pids=int(said.get("pids", "0")),
    )


def written(limits: Limits) -> dict[str, str]:
    """Return limits as a user would write them, without those that are none: ``4g``, ``1.5``."""
    words = {
        "memory": _size(limits.memory),
        "cpus": f"{limits.cpus:.9f}".rstrip("0").rstrip(".") if limits.cpus else "",
        "shm_size": _size(limits.shm),
        "pids": str(limits.pids) if limits.pids else "",
    }
    return {name: text for name, text in words.items() if text}


def with_limits(arguments: Iterable[object], words: Mapping[str, str]) -> list[str]:
    """Return `runArgs` with these limits in place of any other of their kind; ``off`` for none.

    Raises
    ------
    ConfigurationError
        One is not well formed.
    """
    said = check_limits(words)
    replaced = {option for name in said for option in _OPTIONS[name]}
    result: list[str] = []
    rest = iter([str(a) for a in arguments])
    for argument in rest:
        if argument in replaced:
            next(rest, None)
        elif not _spells(argument, replaced):
            result.append(argument)
    return [*result, *(f"{_OPTIONS[name][0]}={text}" for name, text in said.items() if text != OFF)]


def compose_limits(words: Mapping[str, str]) -> dict[str, str]:
    """Return limits as keys of a Compose service; raises `ConfigurationError`."""
    return {_COMPOSE[name]: text for name, text in kept(words).items()}


def _spells(argument: str, options: set[str]) -> bool:
    """Tell whether a single word gives one of these options with its value."""
    name, equals, _ = argument.partition("=")
    if equals and name in options:
        return True
    return "-m" in options and re.match(r"-m(?!-)", argument) is not None


def _memory(text: str) -> None:
    if _bytes("memory", text) < _LEAST_MEMORY:
        message = f"This is less memory than Docker gives a container: `{text}`"
        raise ConfigurationError(message, hint=_LIKE["memory"])


def _shm(text: str) -> None:
    if _bytes("shm_size", text) < _LEAST_SHM:
        message = f"This is too little shared memory for any program: `{text}`"
        raise ConfigurationError(message, hint=_LIKE["shm_size"])


def _bytes(name: str, text: str) -> int:
    """Return a size that an engine can take in."""
    try:
        number = parse_size(text)
    except ConfigurationError as error:
        raise ConfigurationError(error.message, hint=f"{_LIKE[name]}, or 512m") from error
    if number > _MOST_BYTES:
        message = f"This is more than any machine has: `{text}`"
        raise ConfigurationError(message, hint=_LIKE[name])
    return number


def _cpus(text: str) -> None:
    if not _CPUS.fullmatch(text) or float(text) < _LEAST_CPUS:
        message = f"This is no number of CPUs, which begins at {_LEAST_CPUS}: `{text}`"
        raise ConfigurationError(message, hint=_LIKE["cpus"])


def _pids(text: str) -> None:
    if not _PIDS.fullmatch(text) or not _LEAST_PIDS <= int(text) <= _MOST_PIDS:
        message = f"This is no limit of processes, from {_LEAST_PIDS} to {_MOST_PIDS}: `{text}`"
        raise ConfigurationError(message, hint=_LIKE["pids"])


_CHECKS = {"memory": _memory, "cpus": _cpus, "shm_size": _shm, "pids": _pids}


def _size(number: int) -> str:
    """Return bytes as Docker writes them: ``4g``, ``512m``; "" for none."""
    for unit, size in (("g", 2**30), ("m", 2**20), ("k", 2**10)):
        if number and number % size == 0:
            return f"{number // size}{unit}"
    return f"{number}b" if number else ""
