"""Runs in a container: gives it kernels of the names that the project's notebooks remember.

A notebook's metadata names the kernel that ran it last. On this project's machine that may be
``devbox-digits-3fa2c1-cpu`` or a kernel of the user's own; no container has one of that name, so
that VS Code would ask for a kernel each time. Dev container clients run this module when they
attach (`spec.written.ATTACH_COMMAND`). It says in a line what it could not do, and never fails:
a failing command would keep the container from its user.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files import jsonc
from jupyter_devbox.spec.groups import read_groups
from jupyter_devbox.spec.target_files import target_files
from jupyter_devbox.spec.written import LOCK_VARIABLE

CONFIGURATION = Path(".devcontainer", "devcontainer.json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What jupyter_client takes for a kernelspec's name, less what is no folder's."""
_LONGEST_TITLE = 80


def install(project: Path, kernels: Path, lock: str = "") -> tuple[str, ...]:
    """Write a kernelspec for each name that a notebook has and this folder lacks; return them.

    Parameters
    ----------
    project
        The project's folder; its notebooks are those that devcontainer.json lists.
    kernels
        Folder of the kernelspecs of this interpreter's environment.
    lock
        Name of the lock that this container is made from, where the project is split: then only
        the notebooks of its group are at home here.

    Raises
    ------
    OSError, ValueError
        The folder cannot be written, or the configuration not be read.
    ConfigurationError
        devcontainer.json is broken.
    """
    there = {entry.name.lower() for entry in kernels.iterdir()} if kernels.is_dir() else set()
    made = []
    for notebook in _notebooks(project, lock):
        name, title = _kernel(notebook)
        if name and name.lower() not in there:
            _write(kernels / name.lower(), title or name)
            there.add(name.lower())
            made.append(name.lower())
    return tuple(made)


def _notebooks(project: Path, lock: str) -> Iterator[Path]:
    text = (project / CONFIGURATION).read_text(encoding="utf-8-sig")
    value: Any = jsonc.parse(text).value
    mine = {
        notebook
        for group in read_groups(value)
        for notebook in group.notebooks
        if lock in {target_files(target, group.name).lock for target in ("cpu", "cuda")}
    }
    for key in ("customizations", "jupyter_devbox", "notebooks"):
        value = value.get(key) if isinstance(value, dict) else None
    for name in value if isinstance(value, list) else ():
        if isinstance(name, str) and "\0" not in name and (name in mine or not mine):
            yield project / name


def _kernel(notebook: Path) -> tuple[str, str]:
    """Return name and title of a notebook's kernel, as far as they can be used; else ""."""
    try:
        document = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return "", ""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    if not isinstance(spec, dict) or spec.get("language", "python") != "python":
        return "", ""
    name, title = spec.get("name"), spec.get("display_name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "", ""
    shown = title if isinstance(title, str) and title.isprintable() else ""
    return name, shown[:_LONGEST_TITLE]


def _write(folder: Path, title: str) -> None:
    """Write one kernelspec of this interpreter's, whole or not at all."""
    content = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": title,
        "language": "python",
        "metadata": {"debugger": True},
    }
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    (draft / "kernel.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    try:
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft)
        if not folder.is_dir():  # else a second window attached at the same moment
            raise


def main() -> None:
    """Do it for the folder that this process works in."""
    try:
        lock = os.environ.get(LOCK_VARIABLE, "")
        made = install(Path.cwd(), Path(sys.prefix, "share", "jupyter", "kernels"), lock)
    except (OSError, ValueError, ConfigurationError) as error:
        print(f"jupyter-devbox: VS Code may ask for the kernel: {error}")  # noqa: T201
        return
    for name in made:
        print(f"jupyter-devbox: the kernel {name} is this container's Python")  # noqa: T201


if __name__ == "__main__":
    main()
