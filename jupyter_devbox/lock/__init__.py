"""Plan → the whole closure with hashes (I/O: uv)."""

from jupyter_devbox.lock.locker import lock_environment

__all__ = ["lock_environment"]
