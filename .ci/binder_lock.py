"""Lock what ``binder/Dockerfile`` installs: ``.venv/bin/python .ci/binder_lock.py``.

It is to be run when the dependencies in pyproject.toml change; a test says so. Versions that are
locked already stay as long as they fit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from packaging.requirements import Requirement
from steps import ROOT, CiError, end, say

from jupyter_devbox.engine.uv import ResolveRequest, resolve
from jupyter_devbox.errors import LockError
from jupyter_devbox.files.merge import merge
from jupyter_devbox.lock.pylock import read_pylock
from jupyter_devbox.spec.binder import SERVER
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.requirements_txt import format_lines, lock_heading, read_pins
from jupyter_devbox.spec.tree import WholeFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOCK = ROOT / "binder" / "requirements.txt"
PYTHON, PLATFORM, TRIPLE = "3.11.2", "linux/amd64", "x86_64-manylinux_2_36"
"""Of the image that binder/Dockerfile starts from; the lowest patch fits every later one."""
TO_BUILD = ("hatchling", "editables", "pip")
"""What installs this repository in its own image, where nothing else may be fetched."""


def wanted() -> list[str]:
    """Return the requirements: the project's own, those of its demo, and a server."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    demo: Iterable[str] = project["optional-dependencies"]["demo"]
    lines = [*project["dependencies"], *demo, *SERVER, *TO_BUILD]
    return [line for line in lines if _applies(line)]


def _applies(line: str) -> bool:
    marker = Requirement(line).marker
    return marker is None or marker.evaluate({"python_version": "3.11", "extra": ""})


def main() -> int:
    """Write the lock, and say whether it changed."""
    before = LOCK.read_bytes() if LOCK.exists() else None
    request = ResolveRequest(
        requirements=wanted(),
        preferences=sorted(read_pins((before or b"").decode()).items()),
        executable=sys.executable,
        python=PYTHON,
        platform=TRIPLE,
        build=False,
    )
    lock = Lock(
        python=PYTHON, platform=PLATFORM, packages=read_pylock(resolve(request, offline=False))
    )
    text = lock_heading(lock) + format_lines(lock.packages)
    content = merge(WholeFile(path="binder/requirements.txt", text=text), None).content
    LOCK.write_bytes(content)
    say(f"  {len(lock.packages)} packages, {'unchanged' if content == before else 'changed'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LockError as error:
        sys.exit(end(CiError(error.message, error.hint)))
