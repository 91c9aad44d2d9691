"""`ports`: what listens in the boxes of this machine, and where it is reached here."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError, PortError, UsageError
from jupyter_devbox.run.forwarding import (
    LOOPBACK,
    ForwardedPort,
    Forwarding,
    Way,
    find_ports,
    recorded,
)
from jupyter_devbox.run.ports import box_way
from jupyter_devbox.run.runtime_dir import RuntimeDir, default_base, runtime_key
from jupyter_devbox.spec.box import LABEL_RUNTIME
from jupyter_devbox.spec.container import ContainerInfo
from jupyter_devbox.spec.ports import ListeningPort
from jupyter_devbox.workflow.boxes import BoxState, found_boxes
from jupyter_devbox.workflow.context import Context

_LIST = "jupyter devbox ports"
_FIRST_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxWithPorts:
    """A running box and what listens in it, by number."""

    box: BoxState
    ports: tuple[ForwardedPort, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows of `ports --json`."""
        group = {"group": self.box.group} if self.box.group else {}
        about = {
            "box": self.box.id,
            "project": self.box.project,
            "target": self.box.target,
            **group,
        }
        return [{**about, **port_json(port)} for port in self.ports]


def port_json(port: ForwardedPort) -> dict[str, Any]:
    """Return a port; `local` is None where it has no number on this machine."""
    return {**port.found.to_json(), "local": port.local or None}


def url(local: int) -> str:
    """Return the address of a forwarded port for a browser on this machine."""
    return f"http://{LOOPBACK}:{local}/"


def list_ports(context: Context, project: Path | None = None) -> tuple[BoxWithPorts, ...]:
    """Return the running boxes with what listens in them now; forwards nothing.

    Parameters
    ----------
    project
        The folder whose boxes are wanted; None for all.

    Raises
    ------
    EngineError
        No engine answers.
    """
    engine = context.connect()
    found = []
    for box, info, runtime in reachable_boxes(context, engine, project):
        try:
            listening = find_ports(engine, box_way(info, runtime))
        except DevboxError:
            if engine.container(box.id) is None:  # it went away this moment
                continue
            raise
        here = recorded(runtime)
        rows = tuple(ForwardedPort(found=p, local=here.get(p.port, 0)) for p in listening)
        found.append(BoxWithPorts(box=box, ports=rows))
    return tuple(found)


class OpenPort:
    """One port of a box, forwarded by this process until `close` or the program's end."""

    def __init__(self, engine: Engine, way: Way, port: int) -> None:
        self._gone = threading.Event()
        self._port = port
        self._forwarding = Forwarding(
            engine, way, asked=frozenset([port]), only=True, on_change=self._look
        )
        self._thread = threading.Thread(
            target=self._forwarding.serve, name="devbox-port", daemon=True
        )
        self._thread.start()
        self._forwarding.wait(_FIRST_SECONDS)

    @property
    def local(self) -> int:
        """Its number on this machine; 0 if it has none."""
        return next((p.local for p in self._forwarding.ports if p.found.port == self._port), 0)

    def wait(self) -> None:
        """Wait until the program in the box has ended."""
        self._gone.wait()

    def close(self) -> None:
        """Listen no more."""
        self._forwarding.close()
        self._thread.join(timeout=5)

    def _look(self) -> None:
        if not self.local:
            self._gone.set()


def open_port(
    context: Context, port: int, project: Path | None = None
) -> tuple[BoxState, ListeningPort, OpenPort]:
    """Forward a port of the one box in which something listens on it.

    Raises
    ------
    PortError
        Nothing listens on it, or no port of this machine can be had.
    UsageError
        Several boxes have it.
    EngineError
        No engine answers.
    """
    engine = context.connect()
    having = []
    for box, info, runtime in reachable_boxes(context, engine, project):
        way = box_way(info, runtime)
        having += [(box, way, found) for found in find_ports(engine, way) if found.port == port]
    if not having:
        message = f"In no running box does anything listen on this port: `{port}`"
        raise PortError(message, hint=_LIST)
    if len(having) > 1:
        message = f"Several boxes have this port: `{port}`"
        raise UsageError(message, hint=f"{_LIST} --open {port} --project FOLDER")
    ((box, way, found),) = having
    opened = OpenPort(engine, way, port)
    if not opened.local:
        opened.close()
        message = f"This port cannot be reached from here: `{port}`"
        raise PortError(message, hint=_LIST)
    return box, found, opened


def reachable_boxes(
    context: Context, engine: Engine, project: Path | None
) -> Iterator[tuple[BoxState, ContainerInfo, RuntimeDir]]:
    """Yield the running boxes of a project, or all, with the folder that each may share."""
    for box, info in found_boxes(context, engine):
        if box.running and project in {None, Path(box.project)}:
            yield box, info, _runtime(box, info)


def _runtime(box: BoxState, info: ContainerInfo) -> RuntimeDir:
    """Return the folder of a box on this machine; it need not be there."""
    key = info.labels.get(LABEL_RUNTIME, "")
    if not re.fullmatch(r"[0-9a-f]{8}", key):
        key = runtime_key(box.project, box.target, *filter(None, [box.group]))
    return RuntimeDir(default_base() / key, os.getuid(), os.getgid())
