"""What is said of a kernel that starts, runs or has ended, by itself or by Jupyter's own hand."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from jupyter_devbox.server.kernels import kernel_state


def ready(outcome: str) -> Future[None]:
    """Return jupyter_client's promise of a kernel: pending, kept, broken or taken back."""
    future: Future[None] = Future()
    if outcome == "kept":
        future.set_result(None)
    elif outcome == "broken":
        future.set_exception(RuntimeError("no engine"))
    elif outcome == "taken back":
        future.cancel()
    return future


@pytest.mark.parametrize(
    ("outcome", "running", "autorestart", "said"),
    [
        ("kept", True, True, "running"),
        ("pending", False, True, "starting"),  # for the first time, or again
        ("pending", True, True, "starting"),  # one that is being ended
        ("kept", False, True, "starting"),  # died; Jupyter looks every three seconds
        ("kept", False, False, "ended"),  # died, with KernelManager.autorestart = False
        ("broken", False, True, "ended"),  # could not be restarted, and is tried again
        ("taken back", False, True, "ended"),
    ],
)
def test_the_state_of_a_box_kernel(outcome, running, autorestart, said):
    manager = SimpleNamespace(
        ready=ready(outcome),
        autorestart=autorestart,
        provisioner=SimpleNamespace(running=running),
    )
    assert kernel_state(manager) == said


@pytest.mark.parametrize(("outcome", "said"), [("kept", "running"), ("pending", "starting")])
def test_the_state_of_any_other_kernel(outcome, said):
    manager = SimpleNamespace(ready=ready(outcome), autorestart=True, provisioner=SimpleNamespace())
    assert kernel_state(manager) == said
