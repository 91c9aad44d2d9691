"""The kernel behind a shim: a kernel manager whose connection file is another client's."""

from __future__ import annotations

import logging
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.kernelspec import with_provisioner

_SILENT = logging.getLogger(__name__)
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class BoxKernelManager(AsyncKernelManager):
    """Manages a kernel that has the client's key; writes no connection file of its own."""

    def write_connection_file(self, **kwargs: Any) -> None:  # noqa: ANN401  # jupyter_client's
        """Write nothing: the client has its file already."""

    def cleanup_connection_file(self) -> None:
        """Remove nothing: the file is the client's."""


def box_manager(name: str, *, kernel_id: str, key: bytes, scheme: str) -> BoxKernelManager:
    """Return a manager that starts the kernel of a kernelspec through our provisioner.

    Parameters
    ----------
    name
        Of the kernelspec.
    kernel_id
        Jupyter's; names the kernel's sockets.
    key, scheme
        With which the client signs its messages, and how.

    Raises
    ------
    ConfigurationError
        There is no such kernelspec of ours.
    """
    manager = BoxKernelManager(kernel_name=name)
    manager.log = _SILENT  # what it would log of a failed start is a traceback
    manager.kernel_id = kernel_id
    manager.session.key = key
    manager.session.signature_scheme = scheme
    try:
        spec: Any = manager.kernel_spec  # None without a name
        spec.metadata = with_provisioner(spec.metadata)
    except (NoSuchKernel, KeyError, TypeError, AttributeError) as error:
        msg = f"There is no kernel of ours with this name: `{name}`"
        raise ConfigurationError(msg, hint="jupyter devbox kernel install") from error
    return manager
