"""What a box may ask of the host: one line of JSON, a verb from a short list. Pure.

::

    {"verb": "containerize", "notebook": "/workspaces/digits/digits.ipynb"}
    {"verb": "add", "notebook": "/workspaces/digits/digits.ipynb", "names": ["equinox"]}

What comes is the box's word: nothing of it is used before it has passed `parse_ask`. Which project
is meant is told by the socket, never by the request (DESIGN, Box → host).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from jupyter_devbox.errors import BoxRequestError, RequirementError
from jupyter_devbox.spec.names import check_apt_name, parse_requirement

LONGEST = 64 * 1024
"""Bytes of a request or an answer (DESIGN §4)."""

_LONGEST_PATH = 4096  # PATH_MAX of Linux

_MOST_NAMES = 20
_LONGEST_NAME = 200

Verb = Literal["containerize", "sync", "add", "apt"]
NAMED: tuple[Verb, ...] = ("add", "apt")
"""The verbs that take packages' names."""
State = Literal["current", "waiting", "refused", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A well-formed request; `notebook` is an absolute path in the box, not looked at yet.

    `names` are requirements to add, or Debian packages to install; each once.
    """

    verb: Verb
    notebook: str
    names: tuple[str, ...] = ()


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
    names = (str(name) for name in document.get("names", ()))
    return Ask(
        verb=document["verb"],
        notebook=document["notebook"],
        names=tuple(dict.fromkeys(names)),
    )


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
    verb, notebook = document.get("verb"), document.get("notebook")
    if verb not in get_args(Verb):
        return "its verb is not on the list"
    if set(document) != {"verb", "notebook", *(["names"] if verb in NAMED else [])}:
        return "it needs a verb and a notebook, names where the verb takes them, and nothing else"
    if verb in NAMED and (why := _names_fault(verb, document["names"])):
        return why
    return _path_fault(notebook)


def _path_fault(notebook: object) -> str:
    """Return what is wrong with the path of a notebook, or ""."""
    if not isinstance(notebook, str) or not notebook.startswith("/"):
        return "its notebook is no absolute path"
    if len(notebook) > _LONGEST_PATH or not notebook.isprintable():
        return "its notebook's path is too long or holds control characters"
    return ""


def _names_fault(verb: Verb, names: object) -> str:
    """Return what is wrong with the names of a request, or ""."""
    if not isinstance(names, list) or not 0 < len(names) <= _MOST_NAMES:
        return f"its names are no list of 1 to {_MOST_NAMES}"
    if not all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in names):
        return "one of its names is no text, or too long"
    try:
        for name in names:
            if verb == "apt":
                check_apt_name(name)
            else:
                parse_requirement(name)
    except RequirementError:
        return "one of its names is no package's"
    return "" if all(name.isprintable() for name in names) else "its names hold control characters"
