"""`ports` and `ports --open` as a user has them: real boxes with kernels, this process forwards."""

from __future__ import annotations

import threading
import urllib.request

import pytest

from jupyter_devbox.errors import PortError, UsageError
from jupyter_devbox.workflow.ports import list_ports, open_port

pytestmark = pytest.mark.docker

SERVE = """
import http.server, threading
server = http.server.ThreadingHTTPServer(("127.0.0.1", {}), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
"""


def status(number):
    with urllib.request.urlopen(f"http://127.0.0.1:{number}/", timeout=60) as answer:
        return answer.status


def test_list_and_open(context, devbox):
    other = devbox.root / "other"
    other.mkdir()
    with devbox.kernel(name="one") as one, devbox.kernel(name="two", project=other) as two:
        assert [box.ports for box in list_ports(context)] == [(), ()]
        one.run(SERVE.format(7860))
        one.run(SERVE.format(9999))
        two.run(SERVE.format(9999))
        (box,) = list_ports(context, devbox.project)
        rows = box.to_json()
        assert [(r["port"], r["label"], r["local"]) for r in rows] == [
            (7860, "Gradio", None),
            (9999, "", None),
        ]
        assert {r["box"] for r in rows} == {one.container}

        with pytest.raises(PortError, match="`1234`"):
            open_port(context, 1234)
        with pytest.raises(UsageError, match="Several boxes"):
            open_port(context, 9999)
        box, found, opened = open_port(context, 9999, other)
        try:
            assert (box.id, found.port) == (two.container, 9999)
            assert status(opened.local) == 200
            (listed,) = list_ports(context, other)
            assert [port.local for port in listed.ports] == [opened.local]
            ended = threading.Thread(target=opened.wait)
            ended.start()
            two.run("server.shutdown(); server.server_close()")
            ended.join(60)
            assert not ended.is_alive()
        finally:
            opened.close()
        with pytest.raises(PortError):
            open_port(context, 9999, other)
