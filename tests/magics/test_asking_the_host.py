"""`%devbox` in a box: what is asked of the host, and what is only said."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_devbox.magics.inside import devbox_in_box
from jupyter_devbox.spec.asking import parse_ask


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A host that says yes, and the lines that it heard."""
    heard: list[bytes] = []
    place = tmp_path / "host"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                end, _ = listener.accept()
            except OSError:
                return
            with end:
                heard.append(end.recv(65536))
                end.sendall(json.dumps({"message": "It waits", "hint": "say yes"}).encode() + b"\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    monkeypatch.setenv("JUPYTER_DEVBOX_HOST", str(place))
    monkeypatch.setenv("JPY_SESSION_NAME", "/workspaces/p/n.ipynb")
    yield heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.parametrize(
    ("words", "verb", "names"),
    [
        (["sync"], "sync", ()),
        (["containerize"], "containerize", ()),
        (["add", "equinox", "numpy<2"], "add", ("equinox", "numpy<2")),
        (["apt", "install", "ffmpeg"], "apt", ("ffmpeg",)),
    ],
)
def test_what_is_asked_is_what_the_host_reads(host, words, verb, names):
    assert devbox_in_box(words) == "It waits.\nNext, say yes"
    ask = parse_ask(host[0].strip())
    assert (ask.verb, ask.names, ask.notebook) == (verb, names, "/workspaces/p/n.ipynb")


@pytest.mark.parametrize(
    "words",
    [[], ["status"], ["add"], ["apt"], ["apt", "install"], ["apt", "remove", "x"], ["sync", "x"]],
)
def test_what_is_not_asked_is_one_line(host, words):
    said = devbox_in_box(words)
    assert "box" in said
    assert "\n" not in said
    assert host == []


def test_nobody_listens_or_nobody_sits_there(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DEVBOX_HOST", str(tmp_path / "none"))
    monkeypatch.setenv("JPY_SESSION_NAME", "/workspaces/p/n.ipynb")
    assert devbox_in_box(["sync"]).startswith("This notebook already runs in its box; %devbox sync")
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert "%devbox apt does its work outside" in devbox_in_box(["apt", "install", "jq"])
