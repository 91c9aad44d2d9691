"""A package index of the tests' own: uv is the real one, the network is not needed."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
from collections.abc import Mapping
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jupyter_devbox.lock.wheel_archive import pure_wheel


class Index:
    """A simple index (PEP 503) with what `add` put into it.

    `asked` are the paths that were asked for; with `login` set, others are turned away.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.files: dict[str, bytes] = {}
        self.pages: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.login = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def add(
        self,
        name: str,
        version: str,
        *requires: str,
        python: str = "",
        hashed: bool = True,
        source: bool = False,
    ) -> None:
        """Publish one version, as a wheel or as a source archive alone."""
        if source:
            filename, content = f"{name}-{version}.tar.gz", _sdist(name, version)
        else:
            wheel = pure_wheel(name, version, {f"{name}.py": b""}, requires)
            filename, content = wheel.filename, wheel.content
        self.files[filename] = content
        digest = f"#sha256={hashlib.sha256(content).hexdigest()}" if hashed else ""
        wants = f' data-requires-python="{escape(python)}"' if python else ""
        anchor = f'<a href="/files/{filename}{digest}"{wants}>{filename}</a>'
        self.pages.setdefault(name, []).append(anchor)

    @property
    def url(self) -> str:
        port = self.server.server_address[1]
        login = f"{self.login}@" if self.login else ""
        return f"http://{login}127.0.0.1:{port}/simple"

    @property
    def env(self) -> Mapping[str, str]:
        """What uv is given: this index, and a cache that nobody else fills."""
        return {
            "UV_DEFAULT_INDEX": self.url,
            "UV_CACHE_DIR": str(self.cache),
            "UV_HTTP_RETRIES": "0",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def close(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                expected = "Basic " + base64.b64encode(index.login.encode()).decode()
                if index.login and self.headers.get("Authorization") != expected:
                    self._answer(401, b"", ("WWW-Authenticate", "Basic"))
                    return
                kind, _, name = self.path.strip("/").partition("/")
                page = index.pages.get(name)
                if kind == "files" and name in index.files:
                    self._answer(200, index.files[name], ("Content-Type", "application/zip"))
                elif kind == "simple" and page:
                    self._answer(200, "".join(page).encode(), ("Content-Type", "text/html"))
                else:
                    self._answer(404, b"")

            do_HEAD = do_GET  # noqa: N815

            def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
                self.send_response(status)
                for header in headers:
                    self.send_header(*header)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler


PROJECT = b'[project]\nname = "%s"\nversion = "%s"\n'


def _sdist(name: str, version: str) -> bytes:
    """Return a source archive with static metadata (PEP 643): nothing is built to read them."""
    about = f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n".encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for file, content in (
            ("PKG-INFO", about),
            ("pyproject.toml", PROJECT % (name.encode(), version.encode())),
        ):
            entry = tarfile.TarInfo(f"{name}-{version}/{file}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
