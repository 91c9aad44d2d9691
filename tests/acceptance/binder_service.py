"""Binder on this machine: the real repo2docker builds a repository and serves it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from machine import Done

from jupyter_devbox.engine.base import Engine

PROGRAM = "jupyter-repo2docker"
BASE = "python:3.11-slim-bookworm"
TOKEN = "of-a-test"
SECONDS = 540.0
# What BinderHub starts (jupyterhub/binderhub, its launcher): it asks ``python3`` what there is.
STARTS = (
    "python3", "-c",
    "import os, jupyterlab as _; os.execvp('jupyter-lab', ['jupyter-lab', '--ip=0.0.0.0'])",
)  # fmt: skip


def beside_python(name: str) -> str:
    """Return a program that came with a package of the test environment."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    assert found, f"{name} is not installed: pip install 'jupyter-devbox[test]'"
    return found


@dataclass(frozen=True)
class Served:
    """A repository that repo2docker built and serves."""

    url: str
    container: str
    docker: str
    user: str

    def get(self, path: str) -> Any:
        """Return what the Jupyter server answers."""
        request = urllib.request.Request(
            f"{self.url}/{path}", headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def run(self, *words: str) -> Done:
        """Run a program as the server's own user, where the server runs."""
        done = subprocess.run(
            [self.docker, "exec", self.container, *words],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return Done(words, done.returncode, done.stdout, done.stderr)

    def execute(self, notebook: str, folder: Path) -> Any:
        """Execute a notebook where the server runs; return it with its outputs.

        Parameters
        ----------
        notebook
            In the repository.
        folder
            On this machine, for the copy.
        """
        words = ("jupyter", "execute", "--allow-errors", "--output", "executed.ipynb", notebook)
        done = self.run(*words)
        assert done.code == 0, done
        beside = (Path(notebook).parent / "executed.ipynb").as_posix()
        copy = self.fetch(f"/home/jovyan/{beside}", folder / "executed.ipynb")
        return nbformat.read(copy, as_version=4)

    def fetch(self, path: str, destination: Path) -> Path:
        """Copy a file out of the container."""
        words = [self.docker, "cp", f"{self.container}:{path}", str(destination)]
        subprocess.run(words, check=True, capture_output=True)
        return destination


@contextmanager
def served(
    repository: Path,
    engine: Engine,
    docker: str,
    *,
    name: str,
    command: Sequence[str] = STARTS,
    config: str = "",
    env: Sequence[str] = (),
) -> Iterator[Served]:
    """Build and serve a repository as Binder does; all that was made is removed at the end.

    Parameters
    ----------
    name
        Of the image.
    command
        What the server is started with; () for repo2docker's own choice.
    config
        repo2docker's configuration.
    env
        Variables of the server, ``NAME=VALUE``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = repository.parent / f"{repository.name}-repo2docker.py"
    place.write_text(config, encoding="utf-8")
    log = repository.parent / f"{repository.name}-repo2docker.log"
    words = [
        beside_python(PROGRAM), "--config", str(place),
        "--user-id", "1000", "--user-name", "jovyan", "--image-name", name,
        "--publish", f"127.0.0.1:{port}:8888/tcp",
        *(word for one in (f"JUPYTER_TOKEN={TOKEN}", *env) for word in ("--env", one)),
        ".", *command,
    ]  # fmt: skip
    path = os.pathsep.join([str(Path(docker).parent), os.environ.get("PATH", os.defpath)])
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, cwd=repository, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": path, "DOCKER_BUILDKIT": "1"},
        )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}/api", log)
        image = engine.image(name)
        assert image is not None
        listed = [docker, "ps", "--quiet", "--filter", f"ancestor={name}"]
        (container,) = subprocess.check_output(listed, text=True).split()
        user = subprocess.check_output([docker, "exec", container, "id", "-un"], text=True).strip()
        yield Served(f"http://127.0.0.1:{port}", container, docker, user)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
            process.wait()
            _remove(docker, name)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text(errors="replace")[-6000:])


def _remove(docker: str, name: str) -> None:
    """Remove the image, and a container that was left in use of it."""
    left = subprocess.check_output(
        [docker, "ps", "--all", "--quiet", "--filter", f"ancestor={name}"], text=True
    ).split()
    for container in left:
        subprocess.run([docker, "rm", "--force", container], capture_output=True, check=False)
    subprocess.run([docker, "image", "rm", "--force", name], capture_output=True, check=False)


@contextmanager
def reaching_base(
    base: str, name: str, docker: str, folder: Path, *more: str, files: Path | None = None
) -> Iterator[str]:
    """Yield an image like `base` that trusts what this machine trusts: Binder sends no secrets.

    Parameters
    ----------
    more
        Instructions that follow.
    files
        A folder of files that they copy.
    """
    if files is None:
        folder.mkdir()
    else:
        shutil.copytree(files, folder)
    lines = [f"FROM {base}"]
    bundle = os.environ.get("SSL_CERT_FILE", "")
    if bundle and Path(bundle).is_file():
        shutil.copyfile(bundle, folder / "ca.crt")
        names = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        lines += ["COPY --chmod=0644 ca.crt /etc/ssl/host.crt"]
        lines += [f"ENV {variable}=/etc/ssl/host.crt" for variable in names]
        option = 'Acquire::https::CaInfo "/etc/ssl/host.crt";'
        lines += [f"RUN echo '{option}' > /etc/apt/apt.conf.d/host"]
    (folder / "Dockerfile").write_text("\n".join([*lines, *more, ""]))
    words = [docker, "buildx", "build", "--quiet", "--load", "--tag", name, str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run([docker, "image", "rm", name], capture_output=True, check=False)
