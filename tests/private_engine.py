"""A Docker daemon for tests under which the shared one would suffer: to be stopped, filled, killed.

It has its own network, process and mount namespaces and a small data folder in memory. All that
it and its containers run is in the process namespace, so that nothing can outlive `close`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_devbox.engine.docker import DockerEngine
from jupyter_devbox.engine.docker_cli import find_docker_cli
from jupyter_devbox.engine.endpoint import Endpoint, knock
from jupyter_devbox.errors import EngineError

SECONDS = 60
_REAPER = """
import os, time
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.05)
"""
"""The namespace's first process: a containerd that stays a zombie would count as running."""
_TOOLS = ("dockerd", "unshare", "nsenter", "ip", "mount")


def missing() -> str:
    """Return why there can be no private daemon here, "" if there can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can start a Docker daemon"
    lacking = [tool for tool in _TOOLS if _program(tool) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


class PrivateEngine:
    """A daemon of the test's own.

    Parameters
    ----------
    size
        Of its data folder, as tmpfs takes it: ``1500m``.
    config
        Its daemon.json; None for none.
    programs
        A folder that it looks for programs in before all others; None for none.
    """

    def __init__(self, size: str, config: Path | None = None, programs: Path | None = None) -> None:
        self._config, self._programs = config, programs
        self.folder = Path(tempfile.mkdtemp(prefix="jdb-pe-", dir="/tmp"))
        self.socket = self.folder / "docker.sock"
        self.url = f"unix://{self.socket}"
        self.log = self.folder / "dockerd.log"
        self._group = f"devbox-{self.folder.name}"
        self._daemon: subprocess.Popen[bytes] | None = None
        data = self.folder / "data"
        data.mkdir()
        script = f"mount -t tmpfs -o size={size} none {data} && ip link set lo up && echo up && "
        self._space = subprocess.Popen(
            [
                *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"),
                *("--mount-proc", "--propagation", "private"),
                *("sh", "-c", f'{script} exec "$0" -c "$1"', sys.executable, _REAPER),
            ],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert self._space.stdout is not None
            assert self._space.stdout.readline() == b"up\n", "the namespaces can't be made"
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        (self.folder / "docker.pid").unlink(missing_ok=True)
        env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        if self._programs is not None:
            env["PATH"] = f"{self._programs}:{env['PATH']}"
        options = () if self._config is None else ("--config-file", str(self._config))
        if Path("/.dockerenv").exists():
            env["container"] = "docker"
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    *("nsenter", "--target", str(_child(self._space.pid))),
                    *("--mount", "--net", "--pid", _program("dockerd") or "dockerd"),
                    *("--host", self.url, "--pidfile", str(self.folder / "docker.pid")),
                    *("--data-root", str(self.folder / "data")),
                    *("--exec-root", str(self.folder / "exec")),
                    *("--cgroup-parent", f"/{self._group}"),
                    *("--iptables=false", "--ip6tables=false", "--ip-masq=false"),
                    *options,
                ],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                knock(Endpoint(url=self.url))
                self.connect().close()
            except EngineError as error:
                ended = self._daemon.poll() is not None
                if ended or time.monotonic() > deadline:
                    said = self.log.read_text(errors="replace")[-2000:]
                    raise AssertionError(f"the private dockerd does not answer: {said}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop the daemon as a service manager does: its containers end first."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the daemon; its containers go on."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        assert self._daemon is not None
        os.kill(_child(self._daemon.pid), number)
        self._daemon.wait(SECONDS)
        self._daemon = None

    def connect(self) -> DockerEngine:
        """Return a connection of its own."""
        return DockerEngine(Endpoint(url=self.url))

    def load(self, image: str) -> None:
        """Copy an image from the shared daemon, with its name."""
        docker = find_docker_cli()
        # The variables of another fixture's engine behind TLS are not for this socket.
        plain = {name: value for name, value in os.environ.items() if "DOCKER_TLS" not in name}
        with subprocess.Popen([docker, "save", image], stdout=subprocess.PIPE) as save:
            done = subprocess.run(
                [docker, "--host", self.url, "load", "--quiet"],
                stdin=save.stdout,
                env=plain,
                check=False,
                capture_output=True,
            )
        assert (save.returncode, done.returncode) == (0, 0), done.stderr.decode(errors="replace")

    def close(self) -> None:
        """End the daemon with all that it and its containers run; remove what it kept."""
        if self._daemon is not None and self._daemon.poll() is None:
            self.stop()
        self._space.kill()  # the first process of a namespace takes all others along
        self._space.wait(SECONDS)
        if self._space.stdout is not None:
            self._space.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        for top in Path("/sys/fs/cgroup").glob(f"**/{self._group}"):
            folders = [path for path in top.rglob("*") if path.is_dir()]
            for folder in (*sorted(folders, reverse=True), top):
                _remove_group(folder)


@contextmanager
def private_engine(
    size: str = "1500m", *, config: Path | None = None, programs: Path | None = None
) -> Iterator[PrivateEngine]:
    """Start a private daemon, yield it, and end it."""
    engine = PrivateEngine(size, config, programs)
    try:
        yield engine
    finally:
        engine.close()


def _remove_group(folder: Path) -> None:
    """Remove a control group; its killed processes leave it a moment later."""
    deadline = time.monotonic() + 5
    while True:
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _child(pid: int) -> int:
    """Return the one child of a process, once it has been forked."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError(f"process {pid} has no child")
