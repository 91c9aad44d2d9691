"""Core dumps of kernels that crash in a real box: kept where the system's pattern allows it."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
from transports import both_transports

from jupyter_devbox.workflow.context import this_machine

pytestmark = [pytest.mark.docker, both_transports]

SECONDS = 60
LIMIT = 1 << 20
PATTERN = Path("/proc/sys/kernel/core_pattern")


@pytest.fixture
def plain():
    """The system puts core dumps where a program works, and gives them to no other program."""
    pattern = PATTERN.read_text().strip()
    if "/" in pattern or pattern.startswith("|"):
        pytest.skip(f"core dumps go elsewhere on this machine: {pattern}")


def crash(devbox, folder: Path, code: str):
    """Return why a kernel ended that runs this in a box with core dumps."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {"project": devbox.root / "dumps", "ulimits": [f"core={LIMIT}:{LIMIT}"]}
    with devbox.kernel(name="dumps", cwd=folder, **options) as kernel:
        kernel.kc.execute(code)
        assert kernel.process.wait(SECONDS) is not None
        deadline = time.monotonic() + SECONDS
        while (why := kernel.provisioner.last_death) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return why


def test_it_is_moved_to_our_logs_and_named(devbox, plain):
    project = devbox.root / "dumps"
    why = crash(devbox, project / "sub", "import ctypes\nctypes.string_at(0)")
    assert f"killed by {signal.SIGSEGV.name}" in why.message
    log = Path(re.search(r"is in (\S+\.log);", why.hint)[1])
    core = Path(re.search(r"its core dump is (\S+\.core);", why.hint)[1])
    assert (core.parent, core.stem) == (this_machine().logs, log.stem)
    assert core.read_bytes().startswith(b"\x7fELF")
    assert 0 < core.stat().st_size <= LIMIT
    assert core.stat().st_mode & 0o077 == 0
    assert [*project.iterdir()] == [project / "sub"]
    assert [*(project / "sub").iterdir()] == []


def test_where_the_kernel_went_elsewhere_it_is_not_looked_for(devbox, plain):
    """An older one that lies in its folder is not taken for it."""
    folder = devbox.root / "dumps" / "old"
    folder.mkdir(parents=True, exist_ok=True)
    old = b"\x7fELF" + bytes(12) + b"\4\0"
    (folder / "core").write_bytes(old)
    why = crash(devbox, folder, "import os\nos.chdir('/tmp')\nos.abort()")
    assert f"killed by {signal.SIGABRT.name}" in why.message
    assert "core dump" not in why.hint
    assert (folder / "core").read_bytes() == old
