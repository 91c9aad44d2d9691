"""A private Podman behind a socket of its own: its storage, its settings, its end."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60


def podman_missing() -> str:
    """Return why Podman can't be tested here, or ""."""
    for program in ("podman", "catatonit"):
        if not any(shutil.which(program, path=path) for path in (None, "/usr/libexec/podman")):
            return f"{program} is not installed"
    return ""


@contextmanager
def podman_service(folder: Path, images: tuple[str, ...], docker: str) -> Iterator[dict[str, str]]:
    """Run a Podman with copies of Docker's images; yield the environment that leads to it."""
    settings = folder / "containers.conf"
    settings.write_text(_settings(), encoding="utf-8")
    url = f"unix://{folder}/sock"
    env = {**os.environ, "CONTAINERS_CONF": str(settings), "DOCKER_HOST": url}
    podman = ["podman", "--root", str(folder / "root"), "--runroot", str(folder / "run")]
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(
            [*_own_groups(), *podman, "system", "service", "--time=0", url],
            env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _await(folder / "sock", service, folder / "log")
        with subprocess.Popen([docker, "save", *images], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                [*podman, "load", "--quiet"], env=env, stdin=saved.stdout, check=True,
                capture_output=True,
            )  # fmt: skip
        yield env
    finally:
        subprocess.run([*podman, "rm", "--all", "--force", "--time=0"], env=env, check=False,
                       capture_output=True)  # fmt: skip
        service.terminate()
        service.wait(SECONDS)
        # Layers belong to other users where Podman runs without root: only it may remove them.
        subprocess.run([*podman, "system", "reset", "--force"], env=env, check=False,
                       capture_output=True)  # fmt: skip


def _own_groups() -> tuple[str, ...]:
    """Return what runs Podman where it finds the control groups of what it has started.

    Inside a container that shares its host's namespace of control groups, the kernel names them as
    the host does, while the folders there begin at the container's own: Podman looks for a folder
    that is not there, and answers 500 when it is asked what a container uses. In a namespace of
    its own the names begin where the folders do.
    """
    lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "pids" and not Path(f"/sys/fs/cgroup/pids{path}").is_dir():
            return ("unshare", "--cgroup")
    return ()


def _settings() -> str:
    """Return settings for a machine like this.

    Podman asks for a million open files, which a small machine's hard limit forbids; crun refuses
    both versions of control groups side by side, and runc does not.
    """
    limits = []
    for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(kind)[1]
        highest = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
        limits.append(f'"{name}={highest}:{highest}"')
    runtime = 'runtime = "runc"\n' if shutil.which("runc", path="/usr/sbin:/usr/bin") else ""
    return (
        f"[containers]\ndefault_ulimits = [{', '.join(limits)}]\n"
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f"exit_command_delay = 1\n{runtime}"
    )


def _await(socket: Path, service: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while not socket.is_socket():
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
