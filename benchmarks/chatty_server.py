"""A Jupyter server whose builds say 2,000 lines a second, for `benchmarks.labextension`.

Everything but the work itself is the real thing: jobs, log files, events, handlers. The work
writes down when it said which line; each line begins with its number.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from jupyterlab.labapp import LabApp

from jupyter_devbox.errors import BuildCancelledError
from jupyter_devbox.server import common
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event

RATE = 2000
"""Lines a second."""

SECONDS = float(os.environ.get("DEVBOX_CHATTER", "10"))
TIMES = Path(os.environ.get("DEVBOX_CHATTER_TIMES", "times.json"))
TEXT = "Get:1 bookworm/main amd64 libexample-common all 2.36.0-1 [17.4 kB] and what else is said "
TICK = 0.01


def chatter(
    _context: Context,
    _request: ContainerizeRequest,
    on_event: Callable[[Event], None],
    cancel: threading.Event,
) -> ContainerizeResult:
    """Say lines at an even rate, then end as one that was cancelled."""
    said: list[float] = []
    on_event(PhaseEvent(phase="Write files", status="done"))
    on_event(PhaseEvent(phase="Python packages", status="started"))
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < SECONDS and not cancel.is_set():
        while len(said) < passed * RATE:
            said.append(time.time() * 1000)
            on_event(LogEvent(phase="Python packages", line=f"{len(said)} {TEXT}"))
        time.sleep(TICK)
    TIMES.write_text(json.dumps(said), encoding="ascii")
    message = "The build was cancelled"
    raise BuildCancelledError(message)


def main() -> None:
    """Run JupyterLab with such builds."""
    with mock.patch.object(common, "containerize", chatter):
        LabApp.launch_instance()


if __name__ == "__main__":
    main()
