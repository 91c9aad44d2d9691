"""`%containerize` in a box: asks the host, by the one socket that it listens on.

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
ALREADY = "This notebook already runs in its box; %containerize does its work outside of it."

_CONNECT = 2.0
_ANSWER = 60.0  # the host plans meanwhile, at worst with a slow index
_LONGEST = 64 * 1024


def ask_host(verb: str) -> str:
    """Ask the host for a verb, for this kernel's notebook; return what to print.

    A notebook that nobody sits at (`jupyter execute`, `run`, `verify`) asks for nothing.
    """
    notebook = os.environ.get(SESSION, "")
    if not notebook.startswith("/"):
        return ALREADY
    try:
        reply = _dial(json.dumps({"verb": verb, "notebook": notebook}))
    except OSError:  # no host listens: a box that VS Code made, or Binder
        return ALREADY
    message, hint = str(reply.get("message", "")), str(reply.get("hint", ""))
    if not message:
        return ALREADY
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
