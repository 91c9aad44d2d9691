"""Build the project's image and register its kernel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.build import build_image
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.scratch import sweep_scratch
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import DATA_ELSEWHERE, writing
from jupyter_devbox.render.kernelspec import box_kernelspec
from jupyter_devbox.run.composed import pull_services
from jupyter_devbox.run.kernelspec import install_kernelspec
from jupyter_devbox.spec.box import LABEL_GROUP, Target
from jupyter_devbox.spec.container import BuildRequest, ImageInfo
from jupyter_devbox.spec.container_env import listed_environment
from jupyter_devbox.spec.durations import parse_duration
from jupyter_devbox.spec.events import BuildEvent, PhaseEvent
from jupyter_devbox.spec.groups import ONLY, environment_title
from jupyter_devbox.spec.requirements_txt import read_pins
from jupyter_devbox.spec.target_files import (
    COMMON,
    LOCK_ARGUMENT,
    target_files,
)
from jupyter_devbox.spec.written import NVIDIA_VARIABLES
from jupyter_devbox.workflow.composing import compose_project
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.index import build_secrets
from jupyter_devbox.workflow.made_of import (
    LABEL_FILES,
    LABEL_LOCK,
    LABEL_PROJECT,
    LABEL_TARGET,
    files_digest,
    image_tag,
    is_made_of,
    lock_digest,
)
from jupyter_devbox.workflow.names import environment_key, project_key
from jupyter_devbox.workflow.requests import RegisteredKernel
from jupyter_devbox.workflow.servers import all_have_provisioner, servers
from jupyter_devbox.workflow.trusting import (
    approved_context,
    granted_rights,
    require_configuration,
)

IDLE = "1h"
"""See `BoxSpec.idle`."""

OnBuildEvent = Callable[[BuildEvent], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A kernel that can be chosen now; `built` tells whether anything new was made for it.

    `left_out` says in one line each what its box does without, because it is not allowed.
    """

    kernel: RegisteredKernel
    image: ImageInfo | None = None
    seconds: float = 0.0
    built: bool = False
    left_out: tuple[str, ...] = ()


def make_box_kernel(
    context: Context,
    project: Project,
    engine: Engine,
    on_event: OnBuildEvent,
    cancel: threading.Event,
    *,
    target: Target = "cpu",
    group: str = ONLY,
) -> Made:
    """Build an environment's image unless one of the same files is there; register its kernel."""
    started = time.monotonic()
    image, built = build_project_image(
        context, project, engine, on_event, cancel, target=target, group=group
    )
    on_event(PhaseEvent(phase="Add kernel", status="started"))
    project_beside = compose_project(context, project.root, target, group)
    if project_beside is not None:
        pull_services(engine, project_beside)
    kernel = register_box_kernel(context, project, image, target, group)
    on_event(PhaseEvent(phase="Add kernel", status="done", detail=kernel.display_name))
    seconds = time.monotonic() - started if built else 0.0
    _, left_out = granted_rights(context, project.root, context.env, target, group)
    return Made(kernel=kernel, image=image, seconds=seconds, built=built, left_out=left_out)


def build_project_image(
    context: Context,
    project: Project,
    engine: Engine,
    on_event: OnBuildEvent,
    cancel: threading.Event,
    *,
    target: Target = "cpu",
    group: str = ONLY,
    anew: str = "",
) -> tuple[ImageInfo, bool]:
    """Return the image of an environment's written files, and whether it had to be built.

    It is built from a private copy of what the user approved, whatever happens to the project's
    files meanwhile.

    Parameters
    ----------
    anew
        What stands at the end of the name of an image that is built from nothing, whatever is
        there: no step is taken from the cache. "" for the project's own image.

    Raises
    ------
    UntrustedProjectError
        The files are not approved as they are.
    """
    with approved_context(context, project.root) as folder:
        return _build(
            context,
            project,
            engine,
            folder,
            target,
            group=group,
            anew=anew,
            on_event=on_event,
            cancel=cancel,
        )


def _build(
    context: Context,
    project: Project,
    engine: Engine,
    folder: Path,
    target: Target,
    *,
    group: str,
    anew: str,
    on_event: OnBuildEvent,
    cancel: threading.Event,
) -> tuple[ImageInfo, bool]:
    """Return the image of a folder's files, and whether it had to be built."""
    lock = target_files(target, group)
    tag = image_tag(project, target, group) + anew
    existing = None if anew else engine.image(tag)
    if existing is not None and is_made_of(existing, folder, target, group):
        return existing, False
    sweep_scratch()  # the build of a client that was killed goes on by itself, with the same steps
    packages = sum(
        len(read_pins((folder / name).read_text(encoding="utf-8")))
        for name in (*([COMMON] if group else []), lock.stable, lock.rest)
        if (folder / name).is_file()
    )
    log = next_log(context.logs, f"{project_key(project)}-{environment_key(target, group)}")
    with build_secrets(context) as secrets:
        request = BuildRequest(
            context=str(folder),
            tag=tag,
            args={LOCK_ARGUMENT: lock.lock},
            labels={
                LABEL_FILES: files_digest(folder, target, group),
                LABEL_PROJECT: str(project.root),
                LABEL_TARGET: target,
                LABEL_LOCK: lock_digest(folder, target, group),
                **({LABEL_GROUP: group} if group else {}),
            },
            secrets=secrets,
            no_cache=bool(anew),
        )
        built = build_image(
            engine, request, on_event=on_event, cancel=cancel, log_path=log, packages=packages
        )
    context.ledger.record("image", built.image.id, tag=tag, project=str(project.root))
    return built.image, True


def next_log(folder: Path, stem: str) -> Path:
    """Return the path of a new log file, numbered."""
    with writing(folder, DATA_ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    numbers = [
        int(tail)
        for path in folder.glob(f"{stem}-*.log")
        if (tail := path.stem.rpartition("-")[2]).isdigit()
    ]
    return folder / f"{stem}-{max(numbers, default=0) + 1}.log"


def register_box_kernel(
    context: Context,
    project: Project,
    image: ImageInfo,
    target: Target = "cpu",
    group: str = ONLY,
) -> RegisteredKernel:
    """Write the kernelspec of an environment's box."""
    name = f"devbox-{project_key(project)}-{environment_key(target, group)}"
    content = box_content(context, project, image, name, target=target, group=group)
    context.ledger.record("kernelspec", name, project=str(project.root))
    install_kernelspec(context.kernels, name, content)
    return RegisteredKernel(
        name=name,
        display_name=content["display_name"],
        target=target,
        project=str(project.root),
        image=image.id,
        group=group,
    )


def box_content(
    context: Context,
    project: Project,
    image: ImageInfo,
    name: str,
    *,
    isolation: str = "",
    target: Target = "cpu",
    group: str = ONLY,
) -> dict[str, Any]:
    """Return kernel.json of an environment's box, with the limits of its devcontainer.json.

    What the user allowed besides is not in it: that is looked up at each start.

    `name` is the kernelspec's own.

    Raises
    ------
    UntrustedProjectError
        devcontainer.json is not approved as it is.
    """
    require_configuration(context, project.root, target, group)
    existing = read_environment(project.root, target, group)
    return box_kernelspec(
        kernel=name,
        display_name=f"{environment_title(project.name, group)} · {target.upper()}",
        python=context.python,
        project=str(project.root),
        name=project.name,
        target=target,
        group=group,
        image=image.id,
        config_file=str(project.root / target_files(target, group).configuration),
        limits=existing.limits,
        isolation=isolation or existing.options.isolation or "box",
        idle=parse_duration(existing.options.idle or IDLE),
        # Which cards a box gets is asked of the engine; those variables are for other clients.
        env={
            name: value
            for name, value in listed_environment(existing.configuration).items()
            if NVIDIA_VARIABLES.get(name) != value
        },
        gpus=existing.gpus(target),
        provisioner=all_have_provisioner(servers()),
    )
