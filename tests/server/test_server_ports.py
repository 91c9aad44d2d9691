"""Ports of boxes over REST."""

from __future__ import annotations

import asyncio
import urllib.request

import pytest
from test_server_boxes import box_engine, boxed, until  # noqa: F401
from test_server_kernels import start  # noqa: F401

from jupyter_devbox.run.ports import PORTS

SERVE = """
import http.server, threading
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8050), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
"""


def status(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status


async def test_without_kernels_there_is_nothing(call):
    assert await call("GET", "ports") == (200, {"boxes": [], "proxied": False})


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
async def test_a_program_in_the_box_is_listed_and_told_of(call, project, boxed, events):  # noqa: F811
    _, execute = await boxed("print(1)")
    _, said = await call("GET", "ports")
    (box,) = said["boxes"]
    assert (box["project"]["name"], box["target"]) == ("digits", "cpu")
    await execute(SERVE)

    async def listed():
        _, said = await call("GET", "ports")
        return [port for port in said["boxes"][0]["ports"] if port["local"]]

    (port,) = await until(listed)
    assert (port["port"], port["address"], port["label"]) == (8050, "127.0.0.1", "Dash")
    assert {"what": "ports", "schema": "urn:jupyter-devbox:changed"} in events
    assert await asyncio.to_thread(status, f"http://127.0.0.1:{port['local']}/") == 200
    await execute("server.shutdown(); server.server_close()")

    async def gone():
        return not await listed()

    assert await until(gone)


async def test_a_server_that_ends_forwards_no_more(call, jp_serverapp):
    await call("GET", "ports")
    assert PORTS._enabled
    await jp_serverapp.cleanup_extensions()
    assert not PORTS._enabled
