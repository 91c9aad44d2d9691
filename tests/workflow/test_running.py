"""`run` with kernels that never answer (Ctrl-C ends both), that talk at their end, or that die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_devbox.errors import KernelStartError
from jupyter_devbox.workflow.running import execute

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
TALKS = """
import atexit, os, sys
atexit.register(os.write, 2, b"Traceback of a kernel that has done its work")
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""
SECONDS = 20


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def install(folder: Path, name: str, program: str, *words: str) -> None:
    """Write the kernelspec of a program."""
    kernels = folder / "kernels" / name
    kernels.mkdir(parents=True)
    spec = {"argv": [sys.executable, "-c", program, *words], "display_name": name}
    (kernels / "kernel.json").write_text(json.dumps({**spec, "language": "python"}))


def test_what_a_kernel_says_as_it_ends_stays_off_the_terminal(tmp_path: Path, monkeypatch, capfd):
    install(tmp_path, "talks", TALKS, "-f", "{connection_file}")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    document = new_notebook(cells=[new_code_cell("1 + 1")])
    assert execute(document, "talks", tmp_path) is None
    assert document.cells[0].outputs[0].data["text/plain"] == "2"
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_a_kernel_said_before_it_died_is_told(tmp_path: Path, monkeypatch, capfd):
    install(tmp_path, "dies", "import devbox_no_such_package", "{connection_file}")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    with pytest.raises(KernelStartError, match="before it answered") as caught:
        execute(new_notebook(cells=[new_code_cell("1")]), "dies", tmp_path)
    assert "No module named 'devbox_no_such_package'" in caught.value.details[-1]
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_while_the_kernel_starts(tmp_path: Path):
    said = tmp_path / "pid"
    install(tmp_path / "data", "mute", MUTE, str(said))
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
