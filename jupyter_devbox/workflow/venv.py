"""The `venv` target: the same direct pins in a virtual environment, without a container."""

from __future__ import annotations

import hashlib
import platform
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from jupyter_devbox.engine.uv import install_lock, make_venv
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import DATA_ELSEWHERE, writing
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.render.kernelspec import venv_kernelspec
from jupyter_devbox.run.kernelspec import install_kernelspec
from jupyter_devbox.spec.events import BuildEvent, PhaseEvent
from jupyter_devbox.spec.groups import ONLY, environment_title
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.requirements_txt import format_lock
from jupyter_devbox.spec.target_files import CPU
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.index import index_environment
from jupyter_devbox.workflow.making import Made
from jupyter_devbox.workflow.names import environment_key, project_key
from jupyter_devbox.workflow.planning import image_platform
from jupyter_devbox.workflow.plans import EnvironmentPlan
from jupyter_devbox.workflow.requests import RegisteredKernel

STAMP = "devbox-lock"


def venv_folder(context: Context, project: Project, group: str = ONLY) -> Path:
    """Return where a virtual environment of the project lies: outside the project."""
    return context.data / "venvs" / (project_key(project) + (f"-{group}" if group else ""))


def make_venv_kernel(
    context: Context,
    project: Project,
    environment: EnvironmentPlan,
    on_event: Callable[[BuildEvent], None],
    cancel: threading.Event,
) -> Made:
    """Make a virtual environment of the project's from its lock, and register its kernel.

    The written lock serves where Python's minor version and the platform agree; else the same
    direct pins are locked again for this machine, and that is said.
    """
    started = time.monotonic()
    on_event(PhaseEvent(phase="Python packages", status="started"))
    lock, note = lock_for_this_machine(context, environment)
    group = environment.spec.group
    folder = venv_folder(context, project, group)
    context.ledger.record("venv", str(folder), project=str(project.root))
    built = install_venv(context, folder, lock, cancel)
    detail = f"{len(lock.packages)} packages{note}"
    on_event(PhaseEvent(phase="Python packages", status="done", detail=detail, cached=not built))
    on_event(PhaseEvent(phase="Add kernel", status="started"))
    kernel = register_venv_kernel(context, project, folder, group)
    on_event(PhaseEvent(phase="Add kernel", status="done", detail=kernel.display_name))
    return Made(kernel=kernel, seconds=time.monotonic() - started if built else 0.0, built=built)


def lock_for_this_machine(context: Context, plan: EnvironmentPlan) -> tuple[Lock, str]:
    """Return the lock that fits this machine, and a note when it is not the written one."""
    here = platform.python_version()
    same_python = here.split(".")[:2] == plan.spec.python.split(".")
    if same_python and image_platform(None) == plan.lock.platform and platform.system() == "Linux":
        return plan.lock, ""
    base = replace(plan.spec.base_image, python=here, platform=image_platform(None))
    spec = replace(plan.spec, target="venv", base_image=base)
    existing = replace(plan.existing, inputs="")
    lock = lock_environment(spec, existing, index_environment(context))
    return lock, f", locked again for Python {here} on this machine"


def install_venv(context: Context, folder: Path, lock: Lock, cancel: threading.Event) -> bool:
    """Make the environment of a lock, unless it is there already; return whether it was made."""
    texts = format_lock(lock)
    digest = hashlib.sha256("".join(texts.values()).encode()).hexdigest()
    stamp = folder / STAMP
    if venv_python(folder).exists() and stamp.is_file() and stamp.read_text() == digest:
        return False
    make_venv(folder, context.python)
    with writing(folder, DATA_ELSEWHERE):
        _write_lock(folder / "lock", texts, lock)
    install_lock(
        venv_python(folder),
        folder / "lock" / CPU.rest,
        wheels=folder / "lock" / "wheels",
        index=index_environment(context),
        cancel=cancel,
    )
    with writing(folder, DATA_ELSEWHERE):
        stamp.write_text(digest)
    return True


def venv_python(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    windows = platform.system() == "Windows"
    return folder / ("Scripts/python.exe" if windows else "bin/python")


def register_venv_kernel(
    context: Context, project: Project, folder: Path, group: str = ONLY
) -> RegisteredKernel:
    """Write the kernelspec of a virtual environment."""
    name = f"devbox-{project_key(project)}-{environment_key('venv', group)}"
    display = f"{environment_title(project.name, group)} · venv"
    content = venv_kernelspec(
        display_name=display,
        python=str(venv_python(folder)),
        project=str(project.root),
        group=group,
    )
    context.ledger.record("kernelspec", name, project=str(project.root))
    install_kernelspec(context.kernels, name, content)
    return RegisteredKernel(
        name=name, display_name=display, target="venv", project=str(project.root), group=group
    )


def _write_lock(folder: Path, texts: Mapping[str, str], lock: Lock) -> None:
    (folder / "wheels").mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for wheel in lock.wheels:
        (folder / "wheels" / wheel.filename).write_bytes(wheel.content)
