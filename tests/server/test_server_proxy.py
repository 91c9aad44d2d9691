"""A forwarded port at the server's own address, by jupyter-server-proxy."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tornado.httpclient import HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from jupyter_devbox.provisioner.shared import Frames
from jupyter_devbox.run.forwarding import listen_on_loopback
from jupyter_devbox.server.proxy import frame_address


class Page(RequestHandler):
    def get(self):
        self.write(self.request.uri)


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


@pytest.fixture
def jp_server_config():
    extensions = {"jupyter_devbox": True, "jupyter_server_proxy": True}
    return {"ServerApp": {"jpserver_extensions": extensions, "allow_root": True}}


@pytest.fixture
def program(jp_serverapp, jp_asyncio_loop):
    """Something that listens at a port as forwarding opens it."""
    listener = listen_on_loopback(0)
    listener.setblocking(False)

    async def begin():
        server = HTTPServer(Application([("/ws", Echo), ("/.*", Page)]))
        server.add_socket(listener)
        return server

    async def end(server):
        server.stop()
        await server.close_all_connections()

    server = jp_asyncio_loop.run_until_complete(begin())
    yield str(listener.getsockname()[1])
    jp_asyncio_loop.run_until_complete(end(server))


async def test_a_page_with_its_trailing_slash(jp_fetch, program):
    for path in ("/", "/a/", "/a/b?c=d"):
        answer = await jp_fetch("proxy", program, path.partition("?")[0][1:], params={"c": "d"})
        assert answer.body.decode() == path.partition("?")[0] + "?c=d"


async def test_a_web_socket(jp_ws_fetch, program):
    socket = await jp_ws_fetch("proxy", program, "ws")
    await socket.write_message("hello")
    assert await socket.read_message() == "hello"
    socket.close()


async def test_a_stranger_gets_nothing(http_server_client, jp_base_url, program):
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(f"{jp_base_url}proxy/{program}/", follow_redirects=False)
    assert caught.value.code in {302, 403}


async def test_the_ports_say_so(call):
    assert await call("GET", "ports") == (200, {"boxes": [], "proxied": True})


def server(ip, *, proxy=True, enabled=True):
    extensions = {"jupyter_server_proxy": SimpleNamespace(enabled=enabled)} if proxy else {}
    manager = SimpleNamespace(extensions=extensions)
    return SimpleNamespace(ip=ip, base_url="/user/me/", extension_manager=manager)


@pytest.mark.parametrize(
    ("given", "env", "address"),
    [
        (server("localhost"), {}, ""),
        (server("127.0.0.1"), {}, ""),
        (server("0.0.0.0"), {}, "/user/me/proxy/%PORT%/"),
        (server("127.0.0.1"), {"JUPYTERHUB_SERVICE_PREFIX": "/user/me/"}, "/user/me/proxy/%PORT%/"),
        (server("0.0.0.0", proxy=False), {}, ""),
        (server("0.0.0.0", enabled=False), {}, ""),
        (None, {}, ""),
    ],
)
def test_where_frames_come_from(given, env, address):
    assert frame_address(given, env) == address
    said = Frames(address).variables()
    assert said == ({"TENSORBOARD_PROXY_URL": address} if address else {})
