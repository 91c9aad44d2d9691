"""What a terminal, a box or another server changes is told to the pages."""

from __future__ import annotations

import asyncio
import time

import pytest

from jupyter_devbox.ledger.asks import Asks
from jupyter_devbox.run.kernelspec import install_kernelspec
from jupyter_devbox.server import watch
from jupyter_devbox.workflow.context import this_machine

CHANGED = "urn:jupyter-devbox:changed"


@pytest.fixture
def told(call, events, monkeypatch):
    """Do something behind the server's back; returns what the pages were told."""
    monkeypatch.setattr(watch, "EVERY", 0.1)

    async def after(act) -> set[str]:
        await call("GET", "kernels")  # the first request begins it
        await asyncio.sleep(0.3)
        events.clear()
        act(this_machine())
        for _ in range(50):
            await asyncio.sleep(0.1)
            if events:
                break
        await asyncio.sleep(0.3)
        return {event["what"] for event in events if event["schema"] == CHANGED}

    return after


def ask(context) -> None:
    Asks(context.data / "asks", time.time()).add(
        project="/p", box="b", verb="containerize", notebook="n.ipynb", diff=("+x",), digest="d"
    )


def register(context) -> None:
    ours = {"target": "cpu", "project": "/p", "image": "sha256:1"}
    content = {"argv": ["x"], "display_name": "p", "metadata": {"jupyter_devbox": ours}}
    install_kernelspec(context.kernels, "devbox-p-1-cpu", content)


def note(context) -> None:
    context.ledger.record("box", "0123", project="/p")


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (ask, {"asks"}),
        (register, {"kernels"}),
        (note, {"boxes", "images"}),
        (lambda _: None, set()),
    ],
)
async def test_it_is_told(told, act, what):
    assert await told(act) == what
