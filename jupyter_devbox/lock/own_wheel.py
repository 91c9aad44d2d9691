"""Our own wheel, made from the installed files: the notebook's own magics must run in the box."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from jupyter_devbox._version import __version__
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.spec.lock import WheelFile

_SUFFIXES = {".py", ".json", ".typed"}


@cache
def own_wheel() -> WheelFile:
    """Return jupyter-devbox as a pure wheel, the same bytes each time.

    It holds Python and data files alone: no lab extension, no server configuration and no
    provisioner entry point, for in the box there is no engine.
    """
    package = Path(str(resources.files(__package__.partition(".")[0])))
    files = {
        f"jupyter_devbox/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in package.rglob("*")
        if path.suffix in _SUFFIXES and path.relative_to(package).parts[0] != "labextension"
    }
    return pure_wheel("jupyter-devbox", __version__, files, requires=("ipython",))
