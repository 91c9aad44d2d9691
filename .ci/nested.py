"""Prepare a container, or an odd kernel, for a Docker daemon of its own.

A privileged container has the rights but not the surroundings: the steps here are those that
running Docker in Docker is known to need. On an ordinary machine each finds nothing to do.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from steps import ask

CGROUPS = Path("/sys/fs/cgroup")


def prepare(folder: Path) -> dict[str, str]:
    """Make cgroups and iptables usable; return the environment for the daemon.

    Parameters
    ----------
    folder
        Where links to other programs may be put, for the daemon's PATH alone.
    """
    env = dict(os.environ)
    if in_container():
        # Tells runc and dockerd that AppArmor is the outer machine's business.
        env["container"] = "docker"
        leave_root_cgroup(CGROUPS)
    tools = legacy_iptables(folder)
    if tools:
        env["PATH"] = os.pathsep.join([str(tools), env.get("PATH", os.defpath)])
    return env


def in_container() -> bool:
    """Tell whether we run inside a container of Docker's or Podman's."""
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def leave_root_cgroup(root: Path) -> None:
    """Move every process into a subgroup, and hand the controllers on (cgroup v2 alone).

    A v2 group that holds processes cannot give controllers to its children, and inside a container
    the root group holds them all. The machine's true root (it has no ``cgroup.type``) is exempt.
    """
    controllers = root / "cgroup.controllers"
    if not controllers.exists() or not (root / "cgroup.type").exists():
        return
    group = root / "init"
    group.mkdir(exist_ok=True)
    for pid in (root / "cgroup.procs").read_text(encoding="ascii").split():
        with suppress(OSError):  # it ended meanwhile
            (group / "cgroup.procs").write_text(pid, encoding="ascii")
    for name in controllers.read_text(encoding="ascii").split():
        with suppress(OSError):  # one that cannot be handed on is one limit less, no failure
            (root / "cgroup.subtree_control").write_text(f"+{name}", encoding="ascii")


def legacy_iptables(folder: Path) -> Path | None:
    """Return a folder whose ``iptables`` is the legacy one where the kernel lacks nftables."""
    if ask(["iptables", "-w", "-n", "-L"]) is not None:
        return None
    links = {name: shutil.which(f"{name}-legacy") for name in ("iptables", "ip6tables")}
    legacy = links["iptables"]
    if legacy is None or ask([legacy, "-w", "-n", "-L"]) is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name, program in links.items():
        if program:
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(program)
    return folder
