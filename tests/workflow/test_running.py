"""`run` with a kernel that never answers: Ctrl-C ends both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MUTE = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # jupyter_client interrupts before it kills
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""
RUNS = """
import nbformat, sys
from pathlib import Path
from jupyter_devbox.workflow.running import execute
document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
try:
    execute(document, "mute", Path(sys.argv[1]))
except KeyboardInterrupt:
    sys.exit(130)
"""
SECONDS = 20


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_while_the_kernel_starts(tmp_path: Path):
    said, kernels = tmp_path / "pid", tmp_path / "data" / "kernels" / "mute"
    kernels.mkdir(parents=True)
    argv = [sys.executable, "-c", MUTE, str(said)]
    spec = {"argv": argv, "display_name": "mute", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS, str(tmp_path)],
        env={**os.environ, "JUPYTER_PATH": str(tmp_path / "data")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        ends = time.monotonic() + SECONDS
        while not (said.exists() and said.read_text()):
            assert time.monotonic() < ends
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not alive(int(said.read_text()))
