"""Plan → the whole closure with hashes (I/O: uv)."""

from jupyter_devbox.lock.common import share
from jupyter_devbox.lock.dependents import dependents
from jupyter_devbox.lock.given import given_wheels, link_folders
from jupyter_devbox.lock.locker import lock_environment
from jupyter_devbox.lock.lookup import KnownPackage, look_up
from jupyter_devbox.lock.server import lock_with_server

__all__ = [
    "KnownPackage",
    "dependents",
    "given_wheels",
    "link_folders",
    "lock_environment",
    "lock_with_server",
    "look_up",
    "share",
]
