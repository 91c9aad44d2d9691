"""Start and stop, again and again: nothing is left in the box, on the host, or in this process."""

from __future__ import annotations

import gc
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from jupyter_devbox.provisioner import shared
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.workflow.context import this_machine

pytestmark = [pytest.mark.docker, pytest.mark.slow]

CYCLES = 190
ALONE = 10


def descriptors() -> list[str]:
    """What this process has open, by kind and name."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.append(re.sub(r"\d+", "N", str(path.readlink())))
        except OSError:
            continue
    return found


def in_box(devbox, container) -> int:
    script = "set -- /proc/[0-9]*; echo $#"
    return int(devbox.engine.run(container, ExecSpec(command=("sh", "-c", script))).stdout)


def state(devbox, container):
    """All that a cycle could leave: in the box, in shared folders, on the engine, in here."""
    for client in (devbox.engine, shared.connect()):
        client._client.close()  # its pool of connections: it opens new ones as it needs them
    gc.collect()
    deadline = time.monotonic() + 5  # threads end a moment after what they waited for
    while (
        any(t.name.startswith("devbox") for t in threading.enumerate())
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    files = sorted(str(p.relative_to(devbox.runtime)) for p in Path(devbox.runtime).rglob("*"))
    opened = dict(Counter(descriptors()))
    return {
        "descriptors": opened,
        "processes in the box": in_box(devbox, container),
        "files and sockets": files,
        "files in the box": devbox.engine.run(
            container, ExecSpec(command=("sh", "-c", "ls /tmp"))
        ).stdout,
        "containers": sorted(c.id for c in devbox.containers()),
        # asyncio.to_thread keeps a handful, which it makes as it needs them.
        "threads": sorted(
            t.name for t in threading.enumerate() if not t.name.startswith("asyncio_")
        ),
        "ledger": sorted(e.id for e in this_machine().ledger.entries("*")),
        "children": Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(),
    }


def cycle(devbox, number: int, **config):
    manager = devbox.manager(**config)
    manager.start_kernel(cwd=str(devbox.project))
    container = manager.provisioner._kernel.container
    # Every twentieth is asked politely, as a user's "Shut down" is; that takes a second more.
    manager.shutdown_kernel(now=number % 20 != 0)
    return container


def test_two_hundred_kernels_leave_nothing(devbox):
    with devbox.kernel() as warm:  # as in a lab: the box is in use meanwhile
        for number in range(3):  # connections of the engine's client, the first imports
            assert cycle(devbox, number) == warm.container
            cycle(devbox, number, name="alone", isolation="kernel")
        before = state(devbox, warm.container)
        for number in range(CYCLES):
            assert cycle(devbox, number) == warm.container
        for number in range(ALONE):
            cycle(devbox, number, name="alone", isolation="kernel")
        after = state(devbox, warm.container)
        for name, part in after.items():
            assert part == before[name], name
