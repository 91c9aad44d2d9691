"""Limits and graphics cards of a box, as they stand in `runArgs` of devcontainer.json."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_words import docker_gpus

_SIZE = re.compile(
    r"(?P<number>[0-9]{1,18}(?:\.[0-9]{1,18})?) ?(?P<unit>[kmgtp]?)i?b?", re.IGNORECASE
)
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}
_NAMES = {
    "--memory": "memory",
    "-m": "memory",
    "--shm-size": "shm",
    "--cpus": "cpus",
    "--pids-limit": "pids",
    "--ulimit": "ulimit",
    "--gpus": "gpus",
}
_ULIMIT = re.compile(r"[a-z]{1,20}=(?:-1|[0-9]{1,18})(?::(?:-1|[0-9]{1,18}))?")


def parse_size(text: str) -> int:
    """Return bytes of a size as Docker writes it (``512m``, ``2g``, ``1.5GiB``; binary units).

    Raises
    ------
    ConfigurationError
        It is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        message = f"This is not a size: `{text}`"
        raise ConfigurationError(message, hint="write it like 512m or 2g")
    return int(float(match["number"]) * _UNITS[match["unit"].lower()])


def read_limits(arguments: Iterable[object]) -> Limits:
    """Return the limits among run arguments; other arguments are passed over.

    Raises
    ------
    ConfigurationError
        A limit's value is not well formed.
    """
    pairs = list(_pairs([str(a) for a in arguments]))
    found = dict(pairs)
    return Limits(
        memory=parse_size(found.get("memory", "0")),
        shm=parse_size(found.get("shm", "0")),
        cpus=_number(found.get("cpus", "0"), like="--cpus=2"),
        # -1 is Docker's word for no limit, 0 is ours.
        pids=max(0, int(_number(found.get("pids", "0"), like="--pids-limit=512", lowest=-1))),
        ulimits=tuple(_ulimit(value) for name, value in pairs if name == "ulimit"),
    )


def read_gpus(arguments: Iterable[object]) -> GpuRequest | None:
    """Return the graphics cards that run arguments ask for, the last word counting; None for none.

    Words that are not understood are passed over: `spec.run_options` names them.
    """
    values = (value for name, value in _pairs([str(a) for a in arguments]) if name == "gpus")
    requests = [request for request in map(docker_gpus, values) if request is not None]
    return requests[-1] if requests else None


def _ulimit(text: str) -> str:
    if _ULIMIT.fullmatch(text):
        return text
    message = f"A limit in runArgs is not well formed: `{text}`"
    raise ConfigurationError(message, hint="write it like --ulimit=nofile=1024:2048")


def _number(text: str, *, like: str, lowest: int = 0) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not lowest <= number < math.inf:  # nan is neither
        message = f"A limit in runArgs is not a number: `{text}`"
        raise ConfigurationError(message, hint=f"write it like {like}")
    return number


def _pairs(arguments: list[str]) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(arguments):
        name, equals, value = arguments[position].partition("=")
        if re.fullmatch(r"-m[^=].*", arguments[position]):
            yield "memory", arguments[position][2:]
        elif name in _NAMES:
            if not equals:
                position += 1
                value = arguments[position] if position < len(arguments) else ""
            yield _NAMES[name], value
        position += 1
