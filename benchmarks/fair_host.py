"""The same kernel on the host: the box's Python version, and every package of its lock."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_devbox.engine.uv import install_lock, make_venv, run_uv
from jupyter_devbox.spec.target_files import CPU


def fair_python(folder: Path, files: Path, version: str) -> tuple[Path, str]:
    """Make an environment from a project's lock; return its interpreter and its version.

    Parameters
    ----------
    folder
        Where the environment is made.
    files
        The project's `.devcontainer/`.
    version
        Of the Python in the box, such as ``3.11.2``; where this machine has none of that version,
        this process's own is taken, and the returned version says so.
    """
    done = run_uv(["python", "find", "--no-python-downloads", "--system", version])
    python = done.stdout.strip() if done.exit_code == 0 else sys.executable
    make_venv(folder, python)
    mine = folder / "bin/python"
    install_lock(mine, files / CPU.rest, wheels=files / "wheels")
    own = ".".join(map(str, sys.version_info[:3]))
    return mine, version if done.exit_code == 0 else own
