"""Make a real Docker Engine available: ``python3 .ci/engine.py up|status|down``.

One that is there is used. As root on Debian one is installed from Debian's packages and started;
elsewhere nothing is installed, and the reason is said with the next command.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import daemon
import debian
from steps import VENV, CiError, ask, end, in_ci, is_root, say, step

NEWER = "trixie"  # the first release whose packages have BuildKit's plugin
PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "containerd", "docker-compose")


@dataclass(frozen=True)
class Engine:
    """An engine that answers, and how to reach it."""

    docker: Path
    version: str
    env: dict[str, str]
    started: bool = False


@dataclass(frozen=True)
class NoEngine:
    """Why there is no engine, and what a person would type next."""

    reason: str
    hint: str
    env: dict[str, str] = field(default_factory=lambda: dict(os.environ))


def find() -> Engine | NoEngine:
    """Return the first engine that answers a client with the buildx plugin; start nothing."""
    clients = _clients()
    able = [docker for docker in clients if _has_buildx(docker)]
    for docker in able:
        version = ask([docker, "version", "--format", "{{.Server.Version}}"])
        if version:
            return Engine(docker, version, _environment(docker, clients))
    return _why_not(clients, able)


@contextmanager
def running_engine() -> Iterator[Engine | NoEngine]:
    """Yield an engine, or why there is none; stop it at the end if it was started for this.

    Raises
    ------
    CiError
        Under ``CI=true``, as root on Debian, if no engine can be had.
    """
    with daemon.in_use():
        yield ensure(keep=False)


def ensure(*, keep: bool) -> Engine | NoEngine:
    """Return an engine, installed and started where that is possible, or why there is none.

    Parameters
    ----------
    keep
        Leave a daemon that we started running when this process ends.
    """
    found = find()
    if isinstance(found, Engine) or "DOCKER_HOST" in os.environ or not debian.may_install():
        if keep and is_root():
            daemon.keep_running()
        return found
    try:
        with daemon.alone():
            return _install_and_start(keep=keep)
    except CiError as error:
        if in_ci():
            raise
        return NoEngine(str(error), error.hint)


def _install_and_start(*, keep: bool) -> Engine | NoEngine:
    """Do what is missing, in order; called with the lock held."""
    found = find()  # another process may have done it while we waited for the lock
    if isinstance(found, Engine):
        return found
    if not (any(map(_has_buildx, _clients())) and _which("dockerd") and _which("iptables")):
        with step("installed Docker Engine from Debian's packages"):
            _install()
    if Path("/run/systemd/system").is_dir():  # its own service manager knows how to run it
        subprocess.run(["systemctl", "start", "docker"], check=False)
    else:
        with step(f"started dockerd (its log: {daemon.LOG})"):
            daemon.start(lambda: isinstance(find(), Engine), keep=keep)
    found = find()
    if isinstance(found, NoEngine):
        raise CiError(found.reason, found.hint)
    return Engine(found.docker, found.version, found.env, started=daemon.ours() is not None)


def _install() -> None:
    """Install the engine: before trixie from trixie, at a priority that upgrades nothing else."""
    names = [*PACKAGES]
    if debian.number() < 13:
        entry = debian.APT / "sources.list.d" / f"{NEWER}.sources"
        entry.write_text(debian.deb822(debian.main_entry(NEWER)), encoding="utf-8")
        pin = f"Package: *\nPin: release n={NEWER}\nPin-Priority: 100\n"
        (debian.APT / "preferences.d" / NEWER).write_text(pin, encoding="utf-8")
        names = [f"{name}/{NEWER}" for name in names]
    debian.install([*names, "iptables"])


def _clients() -> list[Path]:
    """Return every docker client, in the order of PATH, then where packages put theirs."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/bin", "/usr/local/bin"]
    found = (shutil.which("docker", path=folder) for folder in dict.fromkeys(folders) if folder)
    return [Path(path) for path in found if path]


def _which(name: str) -> str | None:
    """Find a program, also in the folders that only root's PATH has."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _has_buildx(docker: Path) -> bool:
    """Tell whether a client has the plugin without which it cannot build with BuildKit."""
    return "buildx" in (ask([docker, "buildx", "version"]) or "")


def _environment(docker: Path, clients: list[Path]) -> dict[str, str]:
    """Return an environment whose first ``docker`` is the chosen one, all else in its old order."""
    env = dict(os.environ)
    if docker != clients[0] or shutil.which("docker") is None:
        # Its whole folder first would also put another python3 first: a folder with one link.
        folder = VENV / "docker"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "docker").unlink(missing_ok=True)
        (folder / "docker").symlink_to(docker)
        env["PATH"] = os.pathsep.join([str(folder), env.get("PATH", os.defpath)])
    return env


def _why_not(clients: list[Path], able: list[Path]) -> NoEngine:
    """Name the cause as `jupyter devbox doctor` does, with the next command."""
    up = f"{'' if is_root() else 'sudo '}python3 .ci/engine.py up"
    mend = up if debian.facts().get("ID") == "debian" else ""
    if not clients:
        hint = mend or "install Docker Engine or Docker Desktop, then run this again"
        return NoEngine("no container engine on this machine: `docker` is not on PATH", hint)
    if host := os.environ.get("DOCKER_HOST"):
        return NoEngine(
            f"the engine that DOCKER_HOST names does not answer: `{host}`", "unset DOCKER_HOST"
        )
    if not able:
        hint = mend or "install the docker-buildx plugin, then run this again"
        return NoEngine(f"this docker client has no buildx plugin: `{clients[0]}`", hint)
    socket = Path("/var/run/docker.sock")
    if socket.is_socket() and not os.access(socket, os.W_OK):
        hint = "sudo usermod -aG docker $USER, then log in again"
        return NoEngine(f"this user may not use Docker's socket: `{socket}`", hint)
    hint = mend or "start Docker (`sudo systemctl start docker`, or Docker Desktop)"
    return NoEngine(f"Docker's daemon does not answer: `{able[0]}`", hint)


def main(words: list[str]) -> int:
    """Carry out ``up``, ``status`` or ``down``; return the exit status."""
    verb = words[0] if len(words) == 1 else ""
    if verb == "down":
        if not is_root():
            message = "only root can stop the engine that `up` started"
            raise CiError(message, "sudo python3 .ci/engine.py down")
        with daemon.alone():
            stopped = daemon.stop()
        say("engine: stopped" if stopped else "engine: none of ours runs, nothing to stop")
        return 0
    if verb not in {"up", "status"}:
        print("usage: python3 .ci/engine.py up|status|down", file=sys.stderr)
        return 2
    engine = ensure(keep=True) if verb == "up" else find()
    if isinstance(engine, NoEngine):
        raise CiError(engine.reason, engine.hint)
    did = "started" if engine.started else "was running"
    say(f"engine: {did}, Docker {engine.version}, client {engine.docker}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CiError as problem:
        sys.exit(end(problem))
