"""An index that stops answering half-way, while uv resolves or installs."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_devbox.engine.uv import ResolveRequest, install_lock, make_venv, resolve
from jupyter_devbox.errors import IndexUnreachableError

NAME = "sample-1.0-py3-none-any.whl"


def wheel() -> bytes:
    """A wheel of 200 kB, its metadata at the end."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("sample.py", os.urandom(100_000).hex())
        about = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
        archive.writestr("sample-1.0.dist-info/METADATA", about)
        tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("sample-1.0.dist-info/WHEEL", tags)
        archive.writestr("sample-1.0.dist-info/RECORD", "")
    return file.getvalue()


CONTENT = wheel()
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUICK = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "1", "UV_NO_CACHE": "1", "NO_PROXY": "*"}


class Index(http.server.BaseHTTPRequestHandler):
    """Names one wheel, sends half of it or of its page, and falls silent or hangs up."""

    silent = False
    page = False
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        wheel = self.path.endswith(".whl")
        content = CONTENT if wheel else f'<a href="/{NAME}#sha256={DIGEST}">{NAME}</a>'.encode()
        broken = wheel != self.page
        self._answer(content[: len(content) // 2] if broken else content, len(content))
        if broken and self.silent:
            time.sleep(3)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def _answer(self, body: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[True, False], ids=["silent", "hangs up"])
def index(request) -> Iterator[tuple[dict[str, str], type[Index]]]:
    handler = type("Half", (Index,), {"silent": request.param, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/simple"
    yield {**QUICK, "UV_DEFAULT_INDEX": address}, handler
    server.shutdown()
    server.server_close()


def test_while_resolving(index):
    variables, handler = index
    handler.page = True
    request = ResolveRequest(
        requirements=["sample"],
        preferences=[],
        executable=sys.executable,
        python=None,
        platform=None,
        index=variables,
    )
    with pytest.raises(IndexUnreachableError) as caught:
        resolve(request, offline=False)
    assert "network" in caught.value.hint
    assert handler.asked


def test_while_installing(index, tmp_path: Path):
    variables, handler = index
    make_venv(tmp_path / "venv", sys.executable)
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"sample==1.0 --hash=sha256:{DIGEST}\n")
    with pytest.raises(IndexUnreachableError) as caught:
        install_lock(tmp_path / "venv/bin/python", lock, wheels=None, index=variables)
    assert "network" in caught.value.hint
    assert any(path.endswith(".whl") for path in handler.asked), "it never came to the file"
    assert not list((tmp_path / "venv").rglob("sample*"))
