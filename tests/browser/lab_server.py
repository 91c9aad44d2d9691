"""A real Jupyter server with our panel, on a machine of its own, for tests in a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "jupyter_devbox" / "labextension"
TOKEN = "t0ken-of-the-tests"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
# No question about news over the page, and no look at the package index.
QUIET = {"fetchNews": "false", "checkForUpdates": False}


@dataclass
class Server:
    """A running Jupyter server.

    Parameters
    ----------
    machine
        Whose data folder, home and projects it serves.
    log
        What it prints.
    port
        Chosen by the first start; a restart takes it again, as a user's does.
    """

    machine: Machine
    log: Path
    app: str = "lab"
    env: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """The folder that it serves."""
        return self.machine.root / "projects"

    def url(self, path: str = "") -> str:
        """Return the address of a page, with the token."""
        return f"http://127.0.0.1:{self.port}/{path}?token={TOKEN}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.root.mkdir(exist_ok=True)
        runtime = self.machine.root / "runtime"
        argv = [
            sys.executable, "-m", {"lab": "jupyterlab", "notebook": "notebook"}[self.app],
            "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={self.port}", "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={TOKEN}",
            "--LabApp.expose_app_in_browser=True",
            *self.options,
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                argv,
                cwd=self.root,
                env={
                    **self.machine.environment(),
                    "JUPYTER_RUNTIME_DIR": str(runtime),
                    "JUPYTER_CONFIG_DIR": str(self.machine.root / "config"),
                    "JUPYTERLAB_WORKSPACES_DIR": str(self.machine.root / "workspaces"),
                    "JUPYTERLAB_SETTINGS_DIR": str(self.machine.root / "settings"),
                    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                    **self.env,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.said()}")
            info = runtime / f"jpserver-{self.process.pid}.json"
            if info.is_file() and info.stat().st_size:
                self.port = json.loads(info.read_text(encoding="utf-8"))["port"]
                if self._answers():
                    return
            time.sleep(0.1)
        raise AssertionError(f"the server does not answer:\n{self.said()}")

    def kill(self) -> None:
        """End it at once, as a lost machine does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End it as Ctrl-C twice does, with its kernels."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end:\n{self.said()}") from None

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Call the server's REST interface, as a program with the token does."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def forget(self) -> None:
        """End all kernels, and go back to the first theme: the next test begins anew."""
        for session in self.ask("api/sessions"):
            self.ask(f"api/sessions/{session['id']}", "DELETE")
        themes = self.machine.root / "settings" / "@jupyterlab" / "apputils-extension"
        (themes / "themes.jupyterlab-settings").unlink(missing_ok=True)

    def said(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-6000:]

    def _answers(self) -> bool:
        try:
            self.ask("api/status")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True


@contextmanager
def serving(machine: Machine, *, panel: bool = True, **rest: Any) -> Iterator[Server]:
    """Serve a machine's projects, with our panel or as Jupyter is without us."""
    settings = machine.root / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    text = json.dumps(QUIET)
    (settings / "notification.jupyterlab-settings").write_text(text, encoding="utf-8")
    config = machine.root / "config"
    (config / "labconfig").mkdir(parents=True, exist_ok=True)
    places = machine.data / "labextensions"
    places.mkdir(exist_ok=True)
    if panel:
        if not (places / "jupyter-devbox").is_symlink():
            (places / "jupyter-devbox").symlink_to(BUILT)
    else:
        page = {"disabledExtensions": {"jupyter-devbox": True}}
        text = json.dumps(page)
        (config / "labconfig" / "page_config.json").write_text(text, encoding="utf-8")
    switch = {"ServerApp": {"jpserver_extensions": {"jupyter_devbox": panel}}}
    text = json.dumps(switch)
    (config / "jupyter_server_config.json").write_text(text, encoding="utf-8")
    server = Server(machine, machine.root / "server.log", **rest)
    try:
        server.start()
        yield server
    finally:
        server.stop()
