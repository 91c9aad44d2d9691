"""Plan → the whole closure with hashes (I/O: uv)."""

from jupyter_devbox.lock.dependents import dependents
from jupyter_devbox.lock.locker import lock_environment
from jupyter_devbox.lock.lookup import KnownPackage, look_up

__all__ = ["KnownPackage", "dependents", "lock_environment", "look_up"]
