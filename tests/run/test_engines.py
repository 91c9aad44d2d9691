"""Kernels by the other engines: Docker behind TCP and TLS, and Podman's service; both ways in."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from test_ports_in_box import GATHER, PORT, SECONDS, forwarded, running
from transports import IMAGE, cannot_dial

from jupyter_devbox.engine.detect import find_docker_cli
from jupyter_devbox.provisioner import DevboxProvisioner
from jupyter_devbox.run.forwarding import LOOPBACK
from jupyter_devbox.spec.box import LABEL_PROJECT

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def give(podman, image):
    """Copy an image of Docker's to Podman."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        subprocess.run([find_docker_cli(), "save", "--output", archive.name, image], check=True)
        with Path(archive.name).open("rb") as file:
            for line in podman._client.load_image(file):
                assert "error" not in line, line


@pytest.fixture(scope="module", params=["tls", "podman"])
def other(request, kernel_image, devbox):
    found = request.getfixturevalue(request.param)
    if found.info().name == "podman":
        give(found, IMAGE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DevboxProvisioner, "connect", lambda _: found)
        yield found
    for container in found.containers({LABEL_PROJECT: ""}):
        if container.labels[LABEL_PROJECT].startswith(f"{devbox.root}/"):
            found.remove(container.id)


@pytest.mark.parametrize("isolation", ["box", "kernel"])
@pytest.mark.parametrize("transport", ["mount", "stream"])
def test_a_kernel(devbox, other, transport, isolation, monkeypatch):
    if transport == "stream":
        cannot_dial(monkeypatch)
    project = devbox.root / f"{other.info().name}-{transport}-{isolation}"
    project.mkdir(exist_ok=True)
    image = other.image(IMAGE).id
    options = {"project": project, "image": image, "isolation": isolation, "name": project.name}
    with devbox.kernel(**options) as kernel:
        assert other.container(kernel.container).status == "running"
        text = kernel.run("import os; open('made', 'w').close(); print(os.getcwd())").text
        assert text == f"/workspaces/{project.name}\n"
        assert (project / "made").exists()
        sent = kernel.busy("import time; time.sleep(60)")
        kernel.km.interrupt_kernel()
        assert kernel.reply(sent, 10)["content"]["ename"] == "KeyboardInterrupt"
        said = kernel.run("for _ in range(20): print('x' * (2**20 - 1))", seconds=60)
        assert len(said.text) == 20 * 2**20
        kernel.km.restart_kernel()
        kernel.kc.wait_for_ready(timeout=60)
        kernel.busy("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        assert kernel.process.wait(10) == -signal.SIGKILL
        assert "killed by SIGKILL" in kernel.provisioner.why().message


@pytest.mark.parametrize("transport", ["mount", "stream"])
def test_a_port(devbox, other, transport, monkeypatch):
    if transport == "stream":
        cannot_dial(monkeypatch)
    project = devbox.root / f"{other.info().name}-{transport}-port"
    project.mkdir()
    changes = {"project": str(project), "name": project.name, "image": other.image(IMAGE).id}
    monkeypatch.setattr(devbox, "engine", other)
    said = bytes(range(256)) * (1 << 16)
    with (
        running(devbox, GATHER.format("127.0.0.1", PORT), network="none", **changes) as (way, _),
        forwarded(devbox, way) as one,
    ):
        assert way.shared == (transport == "mount")
        (port,) = one.ports
        assert (port.found.port, port.found.process) == (PORT, "python3")
        with socket.create_connection((LOOPBACK, port.local), SECONDS) as end:
            end.sendall(said)
            end.shutdown(socket.SHUT_WR)
            whole = b""
            while data := end.recv(1 << 16):
                whole += data
        assert whole == said
