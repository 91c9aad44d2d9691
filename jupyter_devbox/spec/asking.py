"""What a box may ask of the host: one line of JSON, a verb from a short list. Pure.

::

    {"verb": "containerize", "notebook": "/workspaces/digits/digits.ipynb"}

What comes is the box's word: nothing of it is used before it has passed `parse_ask`. Which project
is meant is told by the socket, never by the request (DESIGN, Box → host).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from jupyter_devbox.errors import BoxRequestError

LONGEST = 64 * 1024
"""Bytes of a request or an answer (DESIGN §4)."""

_LONGEST_PATH = 4096  # PATH_MAX of Linux

Verb = Literal["containerize"]
State = Literal["current", "waiting", "refused", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A well-formed request; `notebook` is an absolute path in the box, not looked at yet."""

    verb: Verb
    notebook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The host's answer.

    Parameters
    ----------
    state
        ``current``: nothing would change; ``waiting``: somebody has to say yes on the host.
    message
        One sentence.
    hint
        The next command, on the host.
    """

    state: State
    message: str
    hint: str = ""

    def to_line(self) -> bytes:
        """Return the answer as the box reads it."""
        return json.dumps(asdict(self)).encode() + b"\n"


def parse_ask(line: bytes) -> Ask:
    """Return the request in a line.

    Raises
    ------
    BoxRequestError
        It is too long, no JSON object, or asks for something that is not on the list.
    """
    document = _read(line)
    if why := _fault(document):
        message = f"A box's request was not understood: {why}"
        raise BoxRequestError(message, hint="use the same version of jupyter-devbox on both sides")
    return Ask(verb="containerize", notebook=document["notebook"])


def _read(line: bytes) -> Any:  # noqa: ANN401  # JSON
    """Return what a line says; None for one that is too long or no JSON."""
    if len(line) > LONGEST:
        return None
    try:
        return json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        return None


def _fault(document: object) -> str:
    """Return what is wrong with a request, or ""."""
    if not isinstance(document, dict):
        return "it is no JSON object, or longer than 64 KiB"
    if set(document) != {"verb", "notebook"}:
        return "it needs a verb and a notebook, and nothing else"
    verb, notebook = document["verb"], document["notebook"]
    if verb not in get_args(Verb):
        return "its verb is not on the list"
    if not isinstance(notebook, str) or not notebook.startswith("/"):
        return "its notebook is no absolute path"
    if len(notebook) > _LONGEST_PATH or not notebook.isprintable():
        return "its notebook's path is too long or holds control characters"
    return ""
