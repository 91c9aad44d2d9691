"""The one boundary at which the Docker SDK's exceptions become ours.

Docker's own words are kept where no rule knows them: a strange sentence is better than a vague one.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, InvalidVersion

from jupyter_devbox.engine.endpoint import not_permitted, not_running, start_command
from jupyter_devbox.engine.gpu_errors import gpu_error
from jupyter_devbox.errors import (
    DevboxError,
    EngineError,
    EngineNotRunningError,
    ImageMissingError,
)

_FOREIGN = (
    DockerException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
)


_SILENT = (requests.Timeout, TimeoutError)
_ABSENT = (
    ConnectionError,
    FileNotFoundError,
    socket.gaierror,
    requests.ConnectionError,
    HTTPException,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What Docker says, and what we say; the first group of `pattern`, if any, is put last."""

    pattern: str
    message: str
    hint: str
    kind: type[DevboxError] = EngineError


_RULES = (
    _Rule(
        r"no space left on device",
        "The disk that holds Docker's images is full",
        "jupyter devbox prune",
    ),
    _Rule(
        r"No such image: (\S+)|image (?:with reference )?(\S+) (?:was )?not found",
        "This image is not on this machine any more",
        "jupyter devbox build",
        ImageMissingError,
    ),
    _Rule(
        r'container name "/?([^"]+)" is already in use',
        "A container of that name is there already",
        "jupyter devbox prune",
    ),
    _Rule(
        r"image is being used|unable to remove repository reference|image is (?:referenced|in use)",
        "The image is still used by a container",
        "jupyter devbox prune",
    ),
    _Rule(
        r"bind source path does not exist: (.+)",
        "The folder to be mounted does not exist",
        "create it, or remove the mount",
    ),
    _Rule(
        r"mounts denied|path (\S+) is not shared",
        "Docker Desktop does not share that folder with its containers",
        "add the folder under Docker Desktop's Settings, Resources, File sharing",
    ),
    _Rule(
        r"minimum memory limit allowed is (\w+)",
        "The memory limit is below what Docker allows",
        "raise --memory in runArgs",
    ),
    _Rule(
        r"range of CPUs is from .+ only (\d+) CPUs available",
        "The limit asks for more CPUs than this machine has",
        "lower --cpus in runArgs",
    ),
    _Rule(
        r'exec: "?([^":]+)"?: (?:executable file not found|stat .*no such file)',
        "The image lacks the program that was to be started",
        "jupyter devbox build",
    ),
    _Rule(
        r"No such container: (\S+)|no container with name or ID (\S+) found",
        "The container is gone",
        "jupyter devbox status",
    ),
    _Rule(
        r"container (\S+) is (?:not running|paused)|on running containers|state improper",
        "The container is not running",
        "jupyter devbox status",
    ),
    _Rule(
        r"Could not find the file (.+?) in container|could not be found on container",
        "The container has no such folder",
        "jupyter devbox build",
    ),
)


@contextmanager
def translated(address: str = "") -> Iterator[None]:
    """Raise every exception of the SDK, of HTTP and of sockets as an `EngineError`.

    Parameters
    ----------
    address
        What the user would call the engine: a socket's path or a URL.
    """
    try:
        yield
    except DevboxError:
        raise
    except _FOREIGN as error:
        raise translate(error, address) from error


def translate(error: BaseException, address: str) -> DevboxError:
    """Return our error for a foreign one."""
    if isinstance(error, APIError):
        missing = isinstance(error, ImageNotFound)
        return from_message(str(error.explanation or error), missing=missing)
    if isinstance(error, InvalidVersion):
        return EngineError(f"This Docker is too old: `{error}`", hint="install a newer Docker")
    return _unreachable(tuple(causes(error)), address) or from_message(str(error))


def _unreachable(chain: tuple[BaseException, ...], address: str) -> EngineError | None:
    """Return why the engine can't be reached; None if it was, and something else is wrong."""
    if any(isinstance(cause, PermissionError) for cause in chain):
        return not_permitted(address)
    if any(isinstance(cause, _SILENT) for cause in chain):
        msg = f"Docker does not answer in time: `{address}`"
        return EngineNotRunningError(msg, hint=start_command(address))
    if any(isinstance(cause, _ABSENT) for cause in chain):
        return not_running(address)
    return None


def from_message(text: str, *, missing: bool = False) -> DevboxError:
    """Return the error for a sentence of the daemon's."""
    if error := gpu_error(text):
        return error
    for rule in _RULES:
        if found := re.search(rule.pattern, text, re.IGNORECASE):
            value = next((group for group in found.groups() if group), "")
            message = f"{rule.message}: `{_short(value)}`" if value else rule.message
            return rule.kind(message, hint=rule.hint)
    if missing:
        return ImageMissingError(f"The image is missing: `{text}`", hint="jupyter devbox build")
    return EngineError(f"Docker refused: `{_one_line(text)}`", hint="jupyter devbox doctor")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that led to it; urllib3 hides some in `args`."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]


def _short(value: str) -> str:
    """Return a value without its full stop, an id as people see it elsewhere: twelve digits."""
    value = value.strip().rstrip(".")
    return re.sub(r"\b(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", value)


def _one_line(text: str) -> str:
    """Return the first 300 characters of a message, on one line."""
    return " ".join(text.split())[:300]
