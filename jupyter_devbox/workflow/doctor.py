"""`doctor`: what is missing on this machine, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.engine.detect import find_docker_cli
from jupyter_devbox.engine.uv import run_uv
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.workflow.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and the next command where it is not well."""

    name: str
    ok: bool
    found: str
    hint: str = ""


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
        ("provisioner", _provisioner),
        ("data folder", lambda: _writable(context)),
        ("certificates", lambda: context.ca_bundle or "the system's own"),
    )
    return Diagnosis(checks=tuple(_check(name, probe) for name, probe in probes))


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


def _provisioner() -> str:
    group = "jupyter_client.kernel_provisioners"
    names = [point.name for point in importlib.metadata.entry_points(group=group)]
    if "devbox-provisioner" not in names:
        message = "Jupyter in this environment does not know devbox kernels"
        raise DevboxError(message, hint="pip install jupyter-devbox where Jupyter is installed")
    return "devbox-provisioner"


def _writable(context: Context) -> str:
    folder = context.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return f"{context.data} ({free / 1e9:.0f} GB free)"
