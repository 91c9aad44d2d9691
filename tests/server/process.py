"""A Jupyter server in a process of its own, to be killed and started again on the same data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "secret-of-the-test"
PREFIX = "/user/ann%40lab/"


class ServerProcess:
    """One server of one user, below a prefix as JupyterHub has it."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.root = folder / "work"
        self.data = folder / "data"
        for path in (self.root, self.data, folder / "home"):
            path.mkdir(exist_ok=True)
        dropped = ("JUPYTER", "IPYTHON", "JPY_", "XDG_")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | {
            "HOME": str(folder / "home"),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_CONFIG_PATH": str(ROOT / "jupyter-config"),
            "JUPYTER_DATA_DIR": str(self.data),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_DEVBOX_RUNTIME_DIR": str(folder / "run"),
            **(env or {}),
        }
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.base_url={PREFIX}", f"--ServerApp.root_dir={self.root}",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words, env=self.env, cwd=self.root, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.url = f"http://127.0.0.1:{port}{PREFIX}"
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if requests.get(f"{self.url}api/status", headers=self.headers, timeout=5).ok:
                    return
            except requests.ConnectionError:
                pass
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {TOKEN}"}

    def call(self, method: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """Call our REST interface: status and object."""
        answer = requests.request(
            method, f"{self.url}jupyter-devbox/{path}", headers=self.headers, timeout=60, **options
        )
        return answer.status_code, answer.json()

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None
