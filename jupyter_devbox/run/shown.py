"""Where the frames that kernels show come from: told by a server to the kernels that it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Frames:
    """An address of the server's that leads on to a port of a kernel's box.

    Parameters
    ----------
    address
        Absolute path, with ``%PORT%`` for the port in the box; "" where no server of ours runs.
    """

    address: str = ""

    def variables(self, kernel: str) -> dict[str, str]:
        """Return what tells it to a kernel's programs: so far TensorBoard's own variable."""
        if not self.address:
            return {}
        return {"TENSORBOARD_PROXY_URL": f"{self.address}?kernel={kernel}"}


FRAMES = Frames()
"""This process's."""
