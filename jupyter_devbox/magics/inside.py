"""`%containerize` and `%devbox` in a box: ask the host, by the one socket that it listens on.

It needs nothing but the standard library, and whatever happens, the cell goes on: a notebook that
holds this magic must run in the box, in VS Code and on Binder.
"""

from __future__ import annotations

import json
import os
import socket

from jupyter_devbox.run.frames import HOST_VARIABLE

BOX = "JUPYTER_DEVBOX_BOX"
HOST = "/run/devbox/k/host"
SESSION = "JPY_SESSION_NAME"
ALREADY = "This notebook already runs in its box; {} does its work outside of it."
OUTSIDE = "%devbox {} works outside of the box: use a terminal there."
IN_A_BOX = "In a box: %devbox sync, %devbox add NAME or %devbox apt install NAME; others outside."

_CONNECT = 2.0
_ANSWER = 60.0  # the host plans meanwhile, at worst with a slow index
_LONGEST = 64 * 1024


def devbox_in_box(words: list[str]) -> str:
    """Do `%devbox` in a box: ask the host for what a box may ask for; return what to print."""
    verb, *names = words or [""]
    if verb in {"sync", "containerize"} and not names:
        return ask_host(verb, f"%devbox {verb}")
    if verb == "add" and names:
        return ask_host(verb, "%devbox add", names)
    if verb == "apt" and names[:1] == ["install"] and names[1:]:
        return ask_host(verb, "%devbox apt", names[1:])
    return IN_A_BOX if verb in {"", "add", "apt", "sync"} else OUTSIDE.format(verb)


def ask_host(verb: str, magic: str = "%containerize", names: list[str] | None = None) -> str:
    """Ask the host for a verb, for this kernel's notebook; return what to print.

    A notebook that nobody sits at (`jupyter execute`, `run`, `verify`) asks for nothing.

    Parameters
    ----------
    magic
        What the user typed, for people.
    names
        Packages, where the verb takes them; the host looks at them.
    """
    already = ALREADY.format(magic)
    notebook = os.environ.get(SESSION, "")
    if not notebook.startswith("/"):
        return already
    named = {"names": names} if names else {}
    try:
        reply = _dial(json.dumps({"verb": verb, "notebook": notebook, **named}))
    except OSError:  # no host listens: a box that VS Code made, or Binder
        return already
    message, hint = str(reply.get("message", "")), str(reply.get("hint", ""))
    if not message:
        return already
    return f"{message}.\nNext, {hint}" if hint else f"{message}."


def _dial(request: str) -> dict[str, object]:
    """Return the host's answer; raises `OSError` where there is none."""
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(_CONNECT)
        end.connect(os.environ.get(HOST_VARIABLE, HOST))
        end.settimeout(_ANSWER)
        end.sendall(request.encode() + b"\n")
        line = b""
        while not line.endswith(b"\n") and len(line) < _LONGEST:
            chunk = end.recv(4096)
            if not chunk:
                break
            line += chunk
    try:
        reply = json.loads(line)
    except ValueError as error:
        message = "the host's answer is no JSON"
        raise OSError(message) from error
    return reply if isinstance(reply, dict) else {}
