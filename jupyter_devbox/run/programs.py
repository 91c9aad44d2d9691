"""The programs of ours that a box runs from the folder that it may only read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jupyter_devbox.run import launcher, main_process
from jupyter_devbox.run.runtime_dir import RuntimeDir

PYTHON = ("python3", "-I", "-S")
"""No site-packages, no user's settings: 10 ms instead of 25."""

LAUNCHER = "launcher.py"
MAIN_PROCESS = "main.py"

# Ends at once whenever it is stopped: its own text takes 8 ms to read.
_WHOLE = """\
import os, signal, sys, types
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
for name, text in {!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
sys.exit(module.main(sys.argv[1:]))
"""


def share_launcher(runtime: RuntimeDir) -> str:
    """Put the launcher where the box can read it, and return its path there."""
    return runtime.share(LAUNCHER, launcher_source())


def share_main_process(runtime: RuntimeDir) -> str:
    """Put the box's main process where the box can read it, and return its path there."""
    return runtime.share(MAIN_PROCESS, main_process_source())


@cache
def launcher_source() -> bytes:
    """Return the launcher's own text."""
    return Path(launcher.__file__).read_bytes()


@cache
def main_process_source() -> bytes:
    """Return the main process as one file, the launcher inside."""
    files = [(launcher.__name__, launcher.__file__), (main_process.__name__, main_process.__file__)]
    return _WHOLE.format([(name, Path(file).read_text("utf-8")) for name, file in files]).encode()
