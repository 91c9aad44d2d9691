"""The templates as a client sees them: published to a registry of our own, and applied from it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from template_texts import ROOT, TEMPLATES

from jupyter_devbox.engine.base import Engine

if not TEMPLATES.is_dir():
    collect_ignore_glob = ["test_*"]  # a source distribution has neither templates nor chores


@pytest.fixture(scope="session")
def chore() -> Iterator[ModuleType]:
    """The chore that writes the templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / ".ci"))
        yield importlib.import_module("templates")


# --- a registry of our own ---------------------------------------------------

_SETTINGS = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
{more}
"""


@pytest.fixture(scope="session")
def make_registry(
    tmp_path_factory: pytest.TempPathFactory, absent: Callable[[str], None]
) -> Iterator[Callable[..., str]]:
    """Start registries, with further lines for their settings; ended when all is done.

    What comes back is HOST:PORT; the reference client speaks plain HTTP to `localhost` alone.
    """
    program = shutil.which("docker-registry")
    if program is None:
        absent("no docker-registry: Debian's package of that name")
        raise AssertionError
    running: list[subprocess.Popen[bytes]] = []

    def make(more: str = "") -> str:
        folder = tmp_path_factory.mktemp("registry")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = folder / "settings.yml"
        text = _SETTINGS.format(folder=folder / "data", port=port, more=more)
        settings.write_text(text, encoding="utf-8")
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen([program, "serve", settings], stdout=log, stderr=log))
        _wait_for(f"http://127.0.0.1:{port}/v2/", folder / "log")
        return f"localhost:{port}"

    yield make
    for process in running:
        process.terminate()
        process.wait(10)


def _wait_for(address: str, log: Path) -> None:
    """Wait until somebody answers, whatever the answer is."""
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text(errors="replace"))


@dataclass(frozen=True)
class Client:
    """The reference client, with a HOME of its own; what it leaves in TMPDIR goes with that."""

    program: str
    env: dict[str, str]

    def __call__(
        self, *words: str | Path, seconds: float = 600
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *map(str, words)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture(scope="session")
def client(devcontainer: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    home = str(tmp_path_factory.mktemp("client"))
    return Client(devcontainer, {**os.environ, "HOME": home, "TMPDIR": home})


@pytest.fixture(scope="session")
def engine_client(client: Client, docker_cli: str) -> Client:
    """The reference client with the `docker` command that can build."""
    path = os.pathsep.join([str(Path(docker_cli).parent), client.env.get("PATH", os.defpath)])
    return Client(client.program, {**client.env, "PATH": path})


@pytest.fixture(scope="session")
def docker(engine: Engine, docker_cli: str) -> Callable[..., str]:
    """Run `docker`; what it prints comes back."""

    def call(*words: str | Path, check: bool = True) -> str:
        command = [docker_cli, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    return call


@pytest.fixture(scope="session")
def devcontainer_rs(client: Client) -> Client:
    """The second implementation of the specification; it has the same name."""
    program = shutil.which("devcontainer", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("devcontainer-rs is not installed: pip install 'jupyter-devbox[test]'")
    return Client(program, client.env)


@pytest.fixture(scope="session")
def publish(devcontainer: str, client: Client) -> Callable[[str], Any]:
    """Publish templates and Feature by the project's own script."""

    def call(registry: str) -> subprocess.CompletedProcess[str]:
        script = TEMPLATES / "publish.sh"
        return subprocess.run(
            ["sh", script, registry, "devbox"],
            env={**client.env, "DEVCONTAINER": devcontainer},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def published(make_registry: Callable[..., str], publish: Callable[[str], Any]) -> str:
    """Where templates and Feature are published: HOST/NAMESPACE."""
    registry = make_registry()
    done = publish(registry)
    assert done.returncode == 0, done.stdout + done.stderr
    return f"{registry}/devbox"


@pytest.fixture(scope="session")
def apply(published: str, client: Client) -> Callable[..., Path]:
    """Apply a published template to a folder, with options."""

    def call(name: str, folder: Path, **options: str) -> Path:
        folder.mkdir(exist_ok=True)
        words = ["templates", "apply", "--workspace-folder", folder]
        words += ["--template-id", f"{published}/{name}:0"]
        done = client(*words, "--template-args", json.dumps(options))
        assert done.returncode == 0, done.stderr
        return folder

    return call
