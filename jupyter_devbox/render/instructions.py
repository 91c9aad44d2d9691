"""Dockerfile instructions with their quoting, in one place.

Everything that reaches a Dockerfile goes through these functions: words of a RUN line are quoted
for the shell, values of ENV, ARG and LABEL for the Dockerfile parser
(docs.docker.com/reference/dockerfile/#parser-directives and #environment-replacement).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_devbox.errors import PlanError

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z0-9_./+!-]+")


@dataclass(frozen=True, slots=True)
class Shell:
    """Shell text of our own making that is not to be quoted."""

    text: str


def word(value: str | Shell) -> str:
    """Return one shell word.

    Raises
    ------
    PlanError
        The value holds a control character: a line end would begin a new instruction.
    """
    if isinstance(value, Shell):
        return value.text
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        message = f"A value for the Dockerfile holds a control character: `{value!r}`"
        raise PlanError(message, hint="rename it, or leave it out with --exclude")
    return shlex.quote(value)


def command(*words: str | Shell) -> str:
    """Return one shell command from its words."""
    return " ".join(word(w) for w in words)


def run(commands: Sequence[str], mounts: Iterable[str] = ()) -> str:
    """Return a RUN instruction; the commands are joined by ``&&``."""
    flags = [f"--mount={mount}" for mount in mounts]
    body = " \\\n && ".join(commands)
    return " \\\n    ".join(["RUN " + flags[0], *flags[1:], body] if flags else [f"RUN {body}"])


def env(values: Sequence[tuple[str, str]]) -> str:
    """Return one ENV instruction."""
    return "ENV " + " \\\n    ".join(f"{key(k)}={quoted(v)}" for k, v in values)


def env_raw(name: str, value: str) -> str:
    """Return an ENV instruction in whose value ``$NAME`` is replaced; text of our own only."""
    return f'ENV {key(name)}="{value}"'


def copy(sources: Iterable[str], destination: str) -> str:
    """Return a COPY instruction of files in the build context.

    Raises
    ------
    PlanError
        A path holds what the parser would replace, or take for a pattern.
    """
    paths = [*sources, destination]
    for path in paths:
        if not _PATH.fullmatch(path):
            message = f"This file cannot be named in a Dockerfile: `{path!r}`"
            raise PlanError(message, hint="rename it, then run it again")
    return f"COPY {' '.join(paths)}"


def arg(name: str, default: str) -> str:
    """Return an ARG instruction with a default."""
    return f"ARG {key(name)}={quoted(default)}"


def key(name: str) -> str:
    """Return a variable's name, or raise `PlanError`."""
    if not _KEY.fullmatch(name):
        message = f"This is not a name for a variable: `{name}`"
        raise PlanError(message)
    return name


def quoted(value: str) -> str:
    """Return a value for ENV, ARG or LABEL, in which nothing is replaced.

    Raises
    ------
    PlanError
        The value holds a control character.
    """
    word(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    plain = re.fullmatch(r"[A-Za-z0-9_.,:/@%+=-]+", value)
    return value if plain else f'"{escaped}"'
