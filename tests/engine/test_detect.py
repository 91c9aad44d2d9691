"""Which engine is used, and the words for there being none."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_devbox.engine import detect
from jupyter_devbox.engine.detect import Endpoint, connect, find_docker_cli, find_endpoint
from jupyter_devbox.errors import (
    BuildxMissingError,
    EngineError,
    EngineNotFoundError,
    EngineNotRunningError,
    EnginePermissionError,
)

posix = pytest.mark.skipif(os.name == "nt", reason="unix sockets and shell scripts")
pytestmark = posix


@pytest.fixture(autouse=True)
def _no_docker_settings(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def write_docker(folder: Path, script: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def write_context(folder: Path, name: str, host: str, *, current: bool) -> None:
    import hashlib

    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(
        json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}})
    )
    (folder / "config.json").write_text(json.dumps({"currentContext": name} if current else {}))


class TestEndpoint:
    def test_what_is_asked_for_goes_first(self):
        env = {"DOCKER_HOST": "tcp://other:1"}
        assert find_endpoint("unix:///mine", env) == Endpoint(url="unix:///mine")

    def test_docker_host_goes_before_a_context(self, tmp_path):
        write_context(tmp_path, "there", "unix:///context", current=True)
        env = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "unix:///mine"}
        assert find_endpoint(None, env).url == "unix:///mine"

    def test_tls_of_docker_host(self, tmp_path):
        env = {"DOCKER_HOST": "tcp://there:2376", "DOCKER_TLS_VERIFY": "1"}
        for name in ("ca.pem", "cert.pem", "key.pem"):
            (tmp_path / name).touch()
        endpoint = find_endpoint(None, {**env, "DOCKER_CERT_PATH": str(tmp_path)})
        assert endpoint.tls.verify
        assert not endpoint.local
        assert endpoint.address == "tcp://there:2376"

    def test_the_current_context(self, tmp_path, monkeypatch):
        folder = tmp_path / "config"
        write_context(folder, "there", "unix:///context.sock", current=True)
        found = find_endpoint(None, dict(os.environ))
        assert (found.url, found.context) == ("unix:///context.sock", "there")

    def test_a_context_by_variable(self, tmp_path):
        write_context(tmp_path / "config", "there", "unix:///context.sock", current=False)
        found = find_endpoint(None, {**os.environ, "DOCKER_CONTEXT": "there"})
        assert found.context == "there"
        assert find_endpoint(None, dict(os.environ)).context == ""

    def test_a_context_that_is_gone(self):
        with pytest.raises(EngineError, match="`nowhere`") as caught:
            find_endpoint(None, {**os.environ, "DOCKER_CONTEXT": "nowhere"})
        assert caught.value.hint == "docker context ls"

    def test_a_rootless_socket_where_there_is_no_other(self, tmp_path, monkeypatch):
        monkeypatch.setattr(detect, "DEFAULT_SOCKET", str(tmp_path / "none"))
        (tmp_path / "run").mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "run" / "docker.sock"))
            found = find_endpoint(None, dict(os.environ))
        assert found.address == str(tmp_path / "run" / "docker.sock")


class TestConnect:
    def test_a_dead_socket(self, monkeypatch, tmp_path):
        path = tmp_path / "dead.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(EngineNotRunningError) as caught:
            connect()
        assert caught.value.message == f"Docker isn't running: nothing answers at `{path}`"
        assert caught.value.hint == "sudo systemctl start docker"

    def test_a_dead_port(self, monkeypatch):
        monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
        with pytest.raises(EngineNotRunningError, match=r"tcp://127\.0\.0\.1:9") as caught:
            connect()
        assert "DOCKER_HOST" in caught.value.hint

    def test_nothing_installed(self, monkeypatch, tmp_path):
        monkeypatch.setattr(detect, "DEFAULT_SOCKET", str(tmp_path / "docker.sock"))
        monkeypatch.setattr(detect, "docker_clis", lambda: iter(()))
        with pytest.raises(EngineNotFoundError, match="no `docker` found") as caught:
            connect()
        assert "--target venv" in caught.value.hint

    def test_installed_and_not_running(self, monkeypatch, tmp_path):
        monkeypatch.setattr(detect, "DEFAULT_SOCKET", str(tmp_path / "docker.sock"))
        monkeypatch.setattr(detect, "docker_clis", lambda: iter(("/usr/bin/docker",)))
        with pytest.raises(EngineNotRunningError):
            connect()

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
    def test_no_permission(self, tmp_path):
        path = Path("/tmp") / f"devbox-test-{os.getpid()}.sock"
        script = (
            "import os, sys\n"
            "from jupyter_devbox.engine import docker\n"  # before it loses the right to read it
            "from jupyter_devbox.engine.detect import connect\n"
            "from jupyter_devbox.errors import EnginePermissionError\n"
            "os.setgid(65534); os.setuid(65534)\n"
            "try:\n"
            "    connect('unix://' + sys.argv[1])\n"
            "except EnginePermissionError as error:\n"
            "    print(error.message, '|', error.hint)\n"
        )
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            try:
                path.chmod(0o600)
                done = subprocess.run(
                    [sys.executable, "-W", "error", "-c", script, str(path)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            finally:
                path.unlink()
        assert done.stderr == ""
        assert done.stdout.startswith(f"You may not use Docker: your user can't open `{path}` | ")
        assert "docker" in done.stdout.partition("|")[2]
        assert EnginePermissionError.exit_code == 53

    def test_something_else_answers(self, tmp_path):
        import threading

        path = tmp_path / "other.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()

            def answer():
                while True:
                    peer, _ = listener.accept()
                    with peer:
                        if peer.recv(65536):  # the first caller only knocks
                            peer.sendall(b"SSH-2.0-hello\r\n")
                            return

            server = threading.Thread(target=answer)
            server.start()
            with pytest.raises(EngineError):
                connect(f"unix://{path}")
            server.join()

    def test_the_sdk_is_not_imported_before_it_is_needed(self):
        code = "import sys, jupyter_devbox.engine.detect; sys.exit('docker' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestCommand:
    @pytest.fixture(autouse=True)
    def _only_path(self, monkeypatch):
        monkeypatch.setattr("jupyter_devbox.engine.docker_cli._USUAL", ())

    def test_the_first_that_has_the_plugin(self, tmp_path):
        write_docker(tmp_path / "a", "echo 'docker: unknown command: buildx' >&2; exit 1")
        good = write_docker(tmp_path / "b", "echo 'github.com/docker/buildx v0.13.1'")
        write_docker(tmp_path / "c", "echo 'github.com/docker/buildx v0.20.0'")
        path = os.pathsep.join(str(tmp_path / name) for name in "abc")
        assert find_docker_cli({"PATH": path}) == good

    def test_one_without_the_plugin(self, tmp_path):
        bad = write_docker(tmp_path, "exit 1")
        with pytest.raises(BuildxMissingError, match="lacks the buildx plugin") as caught:
            find_docker_cli({"PATH": str(tmp_path)})
        assert caught.value.message.endswith(f"`{bad}`")
        assert "buildx" in caught.value.hint

    def test_one_whose_plugin_is_too_old(self, tmp_path):
        write_docker(tmp_path, "echo 'github.com/docker/buildx v0.12.1 abc'")
        with pytest.raises(BuildxMissingError, match="too old") as caught:
            find_docker_cli({"PATH": str(tmp_path)})
        assert "0.12" in caught.value.message

    def test_one_that_cannot_run(self, tmp_path):
        Path(write_docker(tmp_path, "")).write_bytes(b"\x7fELFnonsense")
        with pytest.raises(BuildxMissingError):
            find_docker_cli({"PATH": str(tmp_path)})

    def test_none(self, tmp_path):
        with pytest.raises(BuildxMissingError, match="there is none"):
            find_docker_cli({"PATH": str(tmp_path)})

    def test_links_to_one_command_count_once(self, tmp_path):
        from jupyter_devbox.engine.docker_cli import docker_clis

        real = write_docker(tmp_path / "a", "exit 1")
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "docker").symlink_to(real)
        path = os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")])
        assert list(docker_clis({"PATH": path})) == [real]
        assert shutil.which("docker", path=path)
