"""Ports in words."""

from __future__ import annotations

import pytest

from jupyter_devbox.run.forwarding import ForwardedPort
from jupyter_devbox.spec.ports import ListeningPort
from jupyter_devbox.view.ports import described, located

APP = ListeningPort(port=8501, address="127.0.0.1", pid=7, process="streamlit", label="Streamlit")
DASH = ListeningPort(port=80, address="::1", pid=7, process="app.py", label="Dash")
OTHER = ListeningPort(port=5432, address="127.0.0.1")


@pytest.mark.parametrize(
    ("port", "said"),
    [
        (APP, "Port 8501 (Streamlit)"),
        (DASH, "Port 80 (Dash)"),
        (OTHER, "Port 5432 (a program of another user's)"),
    ],
)
def test_which_program(port, said):
    assert described(port) == said


@pytest.mark.parametrize(
    ("port", "local", "words"),
    [
        (APP, 40000, [" 8501", "streamlit", "http://127.0.0.1:40000/"]),
        (DASH, 80, ["   80", "app.py Dash", "http://127.0.0.1:80/"]),
        (OTHER, 0, [" 5432", "a program of another user's", "not forwarded"]),
    ],
)
def test_where_it_is(port, local, words):
    assert located(ForwardedPort(found=port, local=local)).split("  ")[-1].strip() == words[-1]
    assert all(word in located(ForwardedPort(found=port, local=local)) for word in words)
