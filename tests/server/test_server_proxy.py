"""A forwarded port at the server's own address, by jupyter-server-proxy."""

from __future__ import annotations

import pytest
from tornado.httpclient import HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from jupyter_devbox.run.forwarding import listen_on_loopback
from jupyter_devbox.run.shown import FRAMES, Frames
from jupyter_devbox.server.proxy import loopback_addresses, proxied_address


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


@pytest.mark.parametrize(
    ("host", "hub", "address"),
    [
        ("localhost", False, ""),
        ("127.0.0.1", False, ""),
        ("::1", False, ""),
        ("lab.example", False, "/user/me/proxy/80/"),
        ("localhost", True, "/user/me/proxy/80/"),
    ],
)
def test_where_a_frame_is_led(monkeypatch, host, hub, address):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me/" if hub else "")
    assert proxied_address(host, "/user/me/", 80) == address


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "::1", "lab.example", "x'; script-src *"]
)
def test_a_frames_addresses_are_loopbacks(host):
    """Whatever a client calls the server."""
    near, far = loopback_addresses(host, 80)
    assert {near, far} == {"http://localhost:80/", "http://127.0.0.1:80/"}
    assert (near == "http://localhost:80/") == (host == "localhost")


async def test_a_frame_of_no_box_is_not_found(call, jp_base_url):
    assert FRAMES.address == f"{jp_base_url}jupyter-devbox/frame/%PORT%"
    assert FRAMES.variables("k") == {"TENSORBOARD_PROXY_URL": f"{FRAMES.address}?kernel=k"}
    assert Frames().variables("k") == {}
    for port in ("6006", "x", "99999999"):
        status, said = await call("GET", "frame", port, kernel="nobody")
        assert (status, said["code"]) == (404, "not_found")
