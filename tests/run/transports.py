"""Both ways in and out of a box, for the tests that run on each."""

from __future__ import annotations

import pytest

from jupyter_devbox.run import alone, probe

IMAGE = "jupyter-devbox-test-kernel"
"""Name of the image that `kernel_image` makes."""

both_transports = pytest.mark.parametrize("devbox", ["mount", "stream"], indirect=True)
"""For a module or a test: once with sockets in a shared folder, once over exec streams."""


def cannot_dial(patch: pytest.MonkeyPatch) -> None:
    """Let every box seem unable to dial this machine's sockets, as under Docker Desktop."""

    patch.setattr(probe, "_heard", lambda _: b"")
    patch.setattr(alone, "await_call", lambda *_: None)
