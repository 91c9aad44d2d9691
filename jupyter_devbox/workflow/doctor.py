"""`doctor`: what is missing on this machine, and the command that mends it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.engine.detect import find_docker_cli
from jupyter_devbox.engine.uv import run_uv
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.files.writer import DATA_ELSEWHERE, refuse_unwritable, unwritable
from jupyter_devbox.run.kernelspec import installed_kernelspecs
from jupyter_devbox.spec.kernelspec import PROVISIONER
from jupyter_devbox.workflow.checks import Check
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.doctor_gpu import gpu_checks
from jupyter_devbox.workflow.notebooks import reachable_engine
from jupyter_devbox.workflow.servers import Server, all_have_provisioner, servers
from jupyter_devbox.workflow.turns import ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All checks; well when each is."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return the object of `doctor --json` (DESIGN, contracts)."""
        return {
            "ok": self.ok,
            "checks": [
                {"name": c.name, "ok": c.ok, "found": c.found, "hint": c.hint} for c in self.checks
            ],
        }


def diagnose(context: Context) -> Diagnosis:
    """Look at everything that containerizing and running need; changes nothing."""
    probes: tuple[tuple[str, Callable[[], str]], ...] = (
        ("uv", _uv),
        ("engine", lambda: _engine(context)),
        ("buildx", find_docker_cli),
        ("provisioner", lambda: _provisioner(context)),
        ("data folder", lambda: _writable(context)),
        ("certificates", lambda: context.ca_bundle or "the system's own"),
    )
    checks = [_check(name, probe) for name, probe in probes]
    engine, _ = reachable_engine(context)
    return Diagnosis(checks=(*checks, *gpu_checks(context, engine)))


def _check(name: str, probe: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, found=probe())
    except DevboxError as error:
        return Check(name=name, ok=False, found=error.message, hint=error.hint)


def _uv() -> str:
    return run_uv(["--version"]).stdout.strip()


def _engine(context: Context) -> str:
    info = context.connect().info()
    rootless = ", rootless" if info.rootless else ""
    return f"{info.name} {info.version} ({info.platform}{rootless})"


def _provisioner(context: Context) -> str:
    """Say how kernels start; raise where a kernelspec names what a server lacks."""
    found = servers()
    if all_have_provisioner(found):
        return f"{PROVISIONER}, in {_places(found)}"
    lacking = tuple(server for server in found if not server.provisioner)
    named = [
        spec.name
        for spec in installed_kernelspecs(context.kernels)
        if "kernel_provisioner" in spec.content["metadata"]
    ]
    if lacking and named:
        message = f"{_places(lacking)} can't start these kernels: `{', '.join(named)}`"
        raise DevboxError(message, hint="jupyter devbox kernel install, in each one's project")
    where = _places(lacking) if lacking else "no Jupyter server in this environment"
    python = lacking[0].python if lacking and lacking[0].python else "python"
    install = f"{python} -m pip install jupyter-devbox && jupyter devbox kernel install"
    return f"the shim, which every client can start ({where}); quicker after `{install}`"


def _places(found: tuple[Server, ...]) -> str:
    return ", ".join(server.url or server.python for server in found)


def _writable(context: Context) -> str:
    folder = context.data
    while not folder.exists():
        folder = folder.parent
    refuse_unwritable(folder, DATA_ELSEWHERE)
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), context.data)
    return f"{context.data} ({free / 1e9:.0f} GB free)"
