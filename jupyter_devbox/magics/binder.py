"""`%containerize` on Binder, where nothing can build: one line says what it would do.

Like everything that a notebook's own magics need, it is standard library alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec

from jupyter_devbox.magics.inside import BOX

LAUNCHED = ("BINDER_LAUNCH_HOST", "BINDER_REQUEST")
"""What BinderHub sets in a server that it launches (jupyterhub/binderhub, the mixin of
its spawner)."""
WOULD = (
    "Binder has no container engine: on your own machine, %containerize builds this notebook's "
    "image and adds its kernel."
)
HERE = " Here: %containerize --target venv"


def on_binder(env: Mapping[str, str], line: str = "") -> str:
    """Return what `%containerize` says on Binder; "" where it can go on.

    An image that was made for Binder says so by itself, for it may be run anywhere; it has our
    package without what containerizing needs. Where all of that is installed, a virtual
    environment can be made on Binder too.

    Parameters
    ----------
    env
        This process's environment.
    line
        The magic's options.
    """
    if env.get(BOX) == "binder":
        return WOULD
    if not any(env.get(name) for name in LAUNCHED):
        return ""
    if find_spec("docker") is None:
        return WOULD
    return "" if "venv" in re.split(r"[\s=,]+", line) else WOULD + HERE
