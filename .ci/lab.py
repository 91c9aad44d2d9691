"""Check and build the JupyterLab extension: TypeScript, with node and yarn from PyPI."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import environment
from steps import ROOT, VENV, logged, step

HERE = ROOT / "labextension"
MODULES = HERE / "node_modules"
INSTALLED = MODULES / ".devbox-installed"
CHECKED = VENV / "labextension.checked"
LINK = VENV / "share" / "jupyter" / "labextensions" / "jupyter-devbox"
BUILT = ROOT / "jupyter_devbox" / "labextension"
MADE = ("node_modules", "lib", "coverage", ".yarn")
CHECKERS = ("tsc", "lint", "test")  # scripts of package.json


def prepare(env: dict[str, str]) -> None:
    """Install the packages of yarn.lock, unless that was done.

    Raises
    ------
    CiError
        If yarn fails.
    """
    wanted = _digest([HERE / name for name in ("package.json", "yarn.lock", ".yarnrc.yml")])
    if INSTALLED.is_file() and INSTALLED.read_text(encoding="ascii") == wanted:
        return
    with step("installed the lab extension's packages from npm"):
        jlpm = environment.PYTHON.parent / "jlpm"
        logged("jlpm", [jlpm, "install", "--immutable"], env=env, cwd=HERE)
    INSTALLED.write_text(wanted, encoding="ascii")


def changed() -> bool:
    """Tell whether the files are others than those that last passed the checkers."""
    return not CHECKED.is_file() or CHECKED.read_text(encoding="ascii") != _digest(_files())


def passed() -> None:
    """Note that the checkers found nothing in the files as they are."""
    CHECKED.write_text(_digest(_files()), encoding="ascii")


def build(env: dict[str, str]) -> None:
    """Build what JupyterLab loads, and let the environment's own JupyterLab find it.

    Raises
    ------
    CiError
        If the build fails.
    """
    prepare(env)
    with step("built the lab extension"):
        logged("labextension", [environment.PYTHON, HERE / "assets.py"], env=env)
    if LINK.is_symlink() or LINK.exists():
        return
    LINK.parent.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":  # links need rights there
        shutil.copytree(BUILT, LINK)
    else:
        LINK.symlink_to(BUILT)


def _files() -> list[Path]:
    """Return all that the checkers read."""
    return [
        path
        for path in sorted(HERE.rglob("*"))
        if path.relative_to(HERE).parts[0] not in MADE and path.is_file()
    ]


def _digest(files: Sequence[Path]) -> str:
    """Return a digest of names and contents."""
    total = hashlib.sha256()
    for path in files:
        total.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
