"""The Jupyter servers that will start kernels, and whether they know our provisioner.

A server that lacks the provisioner refuses a kernelspec that names it; without it every client
runs the kernelspec's `argv`, which works anywhere and takes a little longer to start.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from jupyter_devbox.engine.process import run_process
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.kernelspec import PROVISIONER

GROUP = "jupyter_client.kernel_provisioners"
_ASK = f"""
import importlib.metadata as m
points = m.entry_points()
group = points.select(group={GROUP!r}) if hasattr(points, "select") else points.get({GROUP!r}, ())
print(any(point.name == {PROVISIONER!r} for point in group))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Jupyter server, or the environment that one would be started from.

    Parameters
    ----------
    python
        Its interpreter; "" where it can't be seen.
    url
        Its address; "" if it does not run.
    provisioner
        Whether it knows our provisioner.
    """

    python: str
    url: str = ""
    provisioner: bool


def servers(runtime: Path | None = None) -> tuple[Server, ...]:
    """Return this user's running servers; where none runs, our own environment if it has one.

    Empty where nothing is known: then no server can be counted on to have the provisioner.

    Parameters
    ----------
    runtime
        Where servers note that they run; by default Jupyter's runtime folder.
    """
    if runtime is None:
        from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415  (magics load quickly)

        runtime = Path(jupyter_runtime_dir())
    if running := tuple(_running(runtime)):
        return running
    if importlib.util.find_spec("jupyter_server") is None:
        return ()
    return (Server(python=sys.executable, provisioner=_here()),)


def all_have_provisioner(found: tuple[Server, ...]) -> bool:
    """Tell whether a kernelspec may name the provisioner."""
    return bool(found) and all(server.provisioner for server in found)


def _running(runtime: Path) -> Iterator[Server]:
    """Yield the servers whose process is there. jupyter_server writes ``jpserver-<pid>.json``."""
    for file in sorted(runtime.glob("jpserver-*.json")):
        try:
            known = json.loads(file.read_bytes())
            pid, url = int(known["pid"]), str(known["url"])
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # damaged, or of a server that was killed
        python = sys.executable if pid == os.getpid() else _interpreter(pid)
        yield Server(python=python, url=url, provisioner=_has_provisioner(python))


def _interpreter(pid: int) -> str:
    """Return the interpreter that a process was started with, in its environment; "" if unknown.

    Its own words, not what they link to: a virtual environment's interpreter is a link.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:  # no /proc on this system, or another user's
        return ""
    program = Path(os.fsdecode(words[0]))
    return str(program) if program.is_absolute() and os.access(program, os.X_OK) else ""


def _has_provisioner(python: str) -> bool:
    """Ask an interpreter; one that can't be asked has none."""
    if not python:
        return False
    if python == sys.executable:
        return _here()
    try:
        said = run_process([python, "-c", _ASK], cwd=Path(python).parent, timeout=20)
    except EngineError:
        return False
    return said.exit_code == 0 and said.stdout.strip() == "True"


def _here() -> bool:
    """Tell whether our own environment has the provisioner: it was installed, not put on a path."""
    return any(point.name == PROVISIONER for point in entry_points(group=GROUP))
