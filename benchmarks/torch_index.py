"""Stands in for torch's own index, which not every machine reaches: one small wheel, here."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jupyter_devbox.lock.wheel_archive import pure_wheel

_NEEDS = ("filelock", "fsspec", "jinja2", "networkx", "setuptools", "sympy", "typing-extensions")


@contextmanager
def torch_index(version: str) -> Iterator[str]:
    """Yield the address, with ``{tag}`` in it, of an index that has the CPU build of a torch."""
    with tempfile.TemporaryDirectory() as name:
        page = Path(name, "cpu", "torch")
        page.mkdir(parents=True)
        wheel = pure_wheel("torch", f"{version}+cpu", {"torch.py": b""}, _NEEDS)
        (page / wheel.filename).write_bytes(wheel.content)
        digest = hashlib.sha256(wheel.content).hexdigest()
        link = f'<a href="{wheel.filename}#sha256={digest}">{wheel.filename}</a>'
        (page / "index.html").write_text(link, encoding="utf-8")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=name))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/{{tag}}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""
