"""What an image holds, told by a program of ours in a container of its own, thrown away after.

The container has no network, no mount and the image's own user. What it says is a stranger's word,
for the image may have another Python than it should: its form is checked before it counts.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine, ExecStream
from jupyter_devbox.errors import ImageContentsError
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec, Limits
from jupyter_devbox.spec.contents import SPARE, ImageContents, PackageSize, PlaceSize
from jupyter_devbox.spec.names import DISTRIBUTION_NAME, normalise

SECONDS = 120.0
"""How long it may take; 60 000 files take a second or two."""
_MOST_BYTES_TOLD = 8_000_000
_MOST_ROWS = 5000
_MOST_BYTES = 1 << 50
_ALIVE = ("sleep", "600")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]{1,100}")
_DEBIAN = re.compile(r"[a-z0-9][a-z0-9+.-]{0,100}")
_LIMITS = Limits(memory=1 << 30, pids=64)


def program() -> str:
    """Return the program's own text."""
    return Path(__file__).with_name("contents_program.py").read_text(encoding="utf-8")


def image_contents(engine: Engine, image: str) -> ImageContents:
    """Return what an image holds.

    Parameters
    ----------
    image
        Its id.

    Raises
    ------
    ImageContentsError
        It has no Python, takes too long, or answers what cannot be read.
    EngineError
        The container cannot be made.
    """
    spec = ContainerSpec(image=image, command=_ALIVE, network="none", limits=_LIMITS)
    container = engine.create(spec)
    # An engine's call has no limit of time of its own; the end of the container ends it.
    watch = threading.Timer(SECONDS, engine.stop, (container, 0))
    watch.daemon = True
    try:
        engine.start(container)
        watch.start()
        command = ("python3", "-I", "-S", "-c", program(), "report")
        text, said = _heard(engine.stream(container, ExecSpec(command=command)))
    finally:
        watch.cancel()
        engine.remove(container)
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(image, said) from error
    return checked(answer, image)


def _heard(stream: ExecStream) -> tuple[str, tuple[str, ...]]:
    """Return what a program printed, "" if that is endless, and its last words of trouble."""
    data = b""
    try:
        while len(data) <= _MOST_BYTES_TOLD and (chunk := stream.read()):
            data += chunk
        said = stream.stderr()
    finally:
        stream.close()
    if len(data) > _MOST_BYTES_TOLD:
        return "", ("It says more than can be true.",)
    return data.decode("utf-8", errors="replace"), tuple(said.strip().splitlines()[-5:])


def checked(answer: object, image: str = "") -> ImageContents:
    """Return an answer whose every value has its type; a row that is not well formed is left out.

    Raises
    ------
    ImageContentsError
        It is no answer of this version's program.
    """
    if not isinstance(answer, dict) or answer.get("schema") != 1:
        raise _unreadable(image)
    total, inside = _size(answer.get("bytes")), _size(answer.get("environment"))
    if total is None or inside is None:
        raise _unreadable(image)
    return ImageContents(
        bytes=total,
        environment=inside,
        packages=tuple(_packages(answer.get("packages"))),
        unowned=tuple(_places(answer.get("unowned"), "path")),
        caches=tuple(_places(answer.get("caches"), "path")),
        debian=tuple(_places(answer.get("debian"), "name", _DEBIAN)),
        spare=_spare(answer.get("spare")),
    )


def _packages(rows: object) -> Iterator[PackageSize]:
    for row in _rows(rows):
        name, version = row.get("name"), row.get("version")
        size, files = _size(row.get("bytes")), _size(row.get("files"))
        named = isinstance(name, str) and DISTRIBUTION_NAME.fullmatch(name)
        told = isinstance(version, str) and _VERSION.fullmatch(version)
        if named and told and size is not None and files is not None:
            yield PackageSize(
                name=normalise(str(name)),
                version=str(version),
                bytes=size,
                files=files,
                spare=_spare(row.get("spare")),
            )


def _places(
    rows: object, key: str, pattern: re.Pattern[str] = re.compile(r"/[^\0\n]{0,400}")
) -> Iterator[PlaceSize]:
    for row in _rows(rows):
        name, size = row.get(key), _size(row.get("bytes"))
        if isinstance(name, str) and pattern.fullmatch(name) and size is not None:
            yield PlaceSize(name=name, bytes=size)


def _spare(told: object) -> dict[str, int]:
    given = told if isinstance(told, dict) else {}
    return {kind: size for kind in SPARE if (size := _size(given.get(kind)))}


def _rows(rows: object) -> Iterator[dict[str, Any]]:
    for row in rows[:_MOST_ROWS] if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield row


def _size(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_BYTES else None


def _unreadable(image: str, said: tuple[str, ...] = ()) -> ImageContentsError:
    message = f"The image does not say what it holds: `{image[:19]}`"
    return ImageContentsError(message, hint="jupyter devbox build", details=said)
