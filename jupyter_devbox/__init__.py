"""From a running notebook to a container that the notebook, VS Code and Binder share.

In a notebook::

    %load_ext jupyter_devbox
    %containerize

Importing this package costs little: everything else is loaded when it is first used, and in the
box it needs nothing but IPython and the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_devbox._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_devbox.workflow.api import capture, containerize

__all__ = ["__version__", "capture", "containerize", "load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register `%containerize` and `%devbox`; IPython calls it on `%load_ext jupyter_devbox`."""
    from jupyter_devbox.magics import register  # noqa: PLC0415  (deferred: see above)

    register(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server what to load, and where it is."""
    from jupyter_devbox.server.app import DevboxExtension  # noqa: PLC0415  (deferred: see above)

    return [{"module": "jupyter_devbox.server.app", "app": DevboxExtension}]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Load the public functions when they are first asked for (PEP 562)."""
    if name in {"capture", "containerize"}:
        from jupyter_devbox.workflow import api  # noqa: PLC0415  (deferred: see above)

        return getattr(api, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
