"""Requirements files that an install line names with ``-r``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jupyter_devbox.capture import urls
from jupyter_devbox.capture.requirement import (
    Folders,
    Install,
    Place,
    Skipped,
    parse_requirement,
)

_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]\s*(\S+)")
_EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*(\S+)")
_PLACE = re.compile(
    r"(?:-i|--index-url|--pypi-url|--extra-index-url|-f|--find-links)[ =]\s*(?P<url>\S+)"
)
_OPTION_TAIL = re.compile(r"\s--?[a-z].*$")
_LARGEST_FILE = 1_000_000
_DEEPEST = 5


def read_requirements(
    name: str, folders: Folders, *, depth: int = 0
) -> Iterator[Install | Skipped | Place]:
    """Yield what the requirements file at `name`, relative to the current folder, installs."""
    path = folders.inside(name)
    if path is None or depth > _DEEPEST:
        message = f"A requirements file lies outside the project: `{urls.shown(name)}`"
        yield Skipped("requirements-file", message)
        return
    text = _text(path)
    if text is None:
        message = f"A requirements file cannot be read: `{urls.shown(name)}`"
        yield Skipped("requirements-file", message)
        return
    here = Folders(here=path.parent, project=folders.project)
    for line in _lines(text):
        if include := _INCLUDE.match(line):
            yield from read_requirements(include[1], here, depth=depth + 1)
        elif editable := _EDITABLE.match(line):
            yield parse_requirement(editable[1], here, editable=True)
        elif named := _PLACE.match(line):
            if place := Place.named(named["url"]):
                yield place
        elif not line.startswith("-"):
            token = _OPTION_TAIL.sub("", line)
            yield parse_requirement(token, here, known="${" not in token)


def _text(path: Path) -> str | None:
    try:
        # Whoever opens a pipe waits for its writer.
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _lines(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    for raw in joined.splitlines():
        line = _COMMENT.sub("", raw).strip()
        if line:
            yield line
