"""Make what the project's own commands run in: ``.venv``, and the reference client from npm."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

import debian
from steps import ROOT, VENV, CiError, ask, is_root, logged, step

EXTRAS = "test,dev"  # everything; `demo` alone is quicker
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed"
CLIENT = "@devcontainers/cli@0.89"  # the version that the notes and goldens were made with
CLIENT_FOLDER = VENV / "devcontainer-cli"
CLIENT_BIN = CLIENT_FOLDER / "node_modules" / ".bin"


def prepare(extras: str = EXTRAS) -> None:
    """Create ``.venv`` and install the project into it, editable; quick when nothing changed.

    Parameters
    ----------
    extras
        The project's extras; where all of them are installed, so are these.

    Raises
    ------
    CiError
        If this Python cannot make environments, or pip fails.
    """
    if ask([PYTHON, "-m", "pip", "--version"]) is None:
        _require_venv()
        with step(f"made .venv with Python {sys.version.split()[0]}"):
            # Clearing alone would leave half of another Python's environment behind.
            for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg", STAMP.name):
                _remove(VENV / name)
            logged("venv", [sys.executable, "-m", "venv", VENV])
    digest = _digest(extras)
    if STAMP.exists() and STAMP.read_text(encoding="ascii") in {digest, _digest(EXTRAS)}:
        return
    with step(f"installed the project with its extras {extras}"):
        pip: list[str | Path] = [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
        ]
        logged("pip", [*pip, "--editable", f"{ROOT}[{extras}]"])
    STAMP.write_text(digest, encoding="ascii")


def prepare_client(env: dict[str, str]) -> None:
    """Install the reference dev container client from npm; npm itself comes from PyPI.

    Raises
    ------
    CiError
        If npm fails.
    """
    if (CLIENT_BIN / "devcontainer").exists():
        return
    with step(f"installed {CLIENT} from npm"):
        npm = PYTHON.parent / "npm"
        quiet = ["--no-audit", "--no-fund", "--no-update-notifier"]
        CLIENT_FOLDER.mkdir(parents=True, exist_ok=True)
        logged("npm", [npm, "install", *quiet, "--prefix", CLIENT_FOLDER, CLIENT], env=env)


def activate(env: dict[str, str]) -> dict[str, str]:
    """Return ``env`` as it is inside ``.venv``, with the client from npm first on PATH."""
    folders = [str(CLIENT_BIN), str(PYTHON.parent), env.get("PATH", os.defpath)]
    return {**env, "PATH": os.pathsep.join(folders), "VIRTUAL_ENV": str(VENV)}


def _require_venv() -> None:
    """Make sure that this Python can create environments; Debian ships that part separately."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not debian.may_install():
        message = f"this Python cannot create virtual environments: `{sys.executable}`"
        raise CiError(message, f"{'' if is_root() else 'sudo '}apt-get install {package}")
    with step(f"installed {package} from Debian's packages"):
        debian.install([package])


def _digest(extras: str) -> str:
    """Return a digest of what decides the environment's content."""
    text = (ROOT / "pyproject.toml").read_bytes() + f"{extras} {ROOT} {sys.version}".encode()
    return hashlib.sha256(text).hexdigest()


def _remove(path: Path) -> None:
    """Remove a file, link or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
