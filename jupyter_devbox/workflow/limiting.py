"""Other limits and cards for a kernel's box, and nothing else: no notebook is read for it.

Requirements, lock and image stay as they are, whatever the notebooks use by now. So a kernel that
was killed for memory gets more of it at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.errors import BuildError, ConfigurationError, NotFoundError, UsageError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_block, read_environment
from jupyter_devbox.files.writer import compare, refuse_conflicts, write
from jupyter_devbox.render import limits_tree
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.compose import BLOCK, COMPOSE_FILES
from jupyter_devbox.spec.container import ImageInfo, Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_words import parse_gpus
from jupyter_devbox.spec.limit_words import LIMIT_NAMES, check_limits, kept
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.target_files import CPU, target_files
from jupyter_devbox.spec.tree import RenderedTree
from jupyter_devbox.spec.written import remembered
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.limits import limit_warnings
from jupyter_devbox.workflow.making import register_box_kernel
from jupyter_devbox.workflow.notebooks import reachable_engine
from jupyter_devbox.workflow.registered import registered_kernels
from jupyter_devbox.workflow.requests import Event, Joined, RegisteredKernel
from jupyter_devbox.workflow.trusting import record_written, require_configuration, require_files
from jupyter_devbox.workflow.turns import turn

_CONFLICT = "jupyter devbox containerize --diff shows all of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A kernel whose box has the limits that were asked for, from its next start on.

    Parameters
    ----------
    files
        Paths written, relative to the project; empty where nothing changed.
    limits, gpus
        All that its box has now; `gpus` are the cards of a CUDA box, else None.
    warnings
        Code and sentence of what the user should know besides.
    """

    kernel: RegisteredKernel
    files: tuple[str, ...]
    limits: Limits
    gpus: GpuRequest | None
    warnings: tuple[tuple[str, str], ...] = ()


def limit_kernel(context: Context, name: str, asked: Mapping[str, str]) -> Limited:
    """Write other limits into the project, and into the kernelspec; what runs goes on.

    Where Compose starts the boxes, or for cards, that is what the project remembers, and then the
    kernelspecs of all boxes that it counts for are written.

    Parameters
    ----------
    name
        The kernelspec's own name.
    asked
        Limits by `LIMIT_NAMES`, and ``gpus``, as the user writes them; ``off`` takes a limit away,
        and what is absent stays.

    Raises
    ------
    NotFoundError
        There is no such kernel, or it runs in no box.
    ConfigurationError
        One is not well formed, or the project's files are gone.
    UsageError
        Cards are asked for a box without any.
    UntrustedProjectError
        What would be written into, or decides how a box is run, is not approved.
    ConflictError
        The user changed by hand what would become something else; nothing was written.
    BuildError
        The project is being built at this moment.
    """
    asked = {**check_limits(asked), **({"gpus": asked["gpus"]} if asked.get("gpus") else {})}
    kernel = _find(context, name)
    project = Project(root=Path(kernel.project), reason=f"it is that of {kernel.display_name}")
    if "gpus" in asked:
        parse_gpus(asked["gpus"])
        if kernel.target != "cuda":
            message = f"Only a CUDA box has graphics cards: `{kernel.display_name}`"
            raise UsageError(message, hint="choose the project's CUDA kernel")
    if not project.root.is_dir():
        message = f"The kernel's project is gone: `{project.root}`"
        raise ConfigurationError(message, hint=f"jupyter devbox kernel remove {name}")
    with turn(context, project, _refuse_second, threading.Event()):
        return _limit(context, project, kernel, asked)


def _find(context: Context, name: str) -> RegisteredKernel:
    for kernel in registered_kernels(context):
        if kernel.name == name and kernel.image and kernel.target != "venv":
            return kernel
    message = f"There is no such kernel in a box: `{name[:80]}`"
    raise NotFoundError(message, hint="jupyter devbox kernel list")


def _refuse_second(event: Event) -> None:
    """Wait for no build: who asks for limits waits for a kernel."""
    if isinstance(event, Joined):
        message = f"This project is being built: `{event.project.root}`"
        raise BuildError(message, hint="ask for other limits when that has ended")


def _limit(
    context: Context, project: Project, kernel: RegisteredKernel, asked: Mapping[str, str]
) -> Limited:
    target = _target(kernel)
    existing = read_environment(project.root, target, kernel.group)
    engine, _ = reachable_engine(context)
    # What stands there must be sound too: the kernelspec is made from both.
    warnings = limit_warnings(engine, existing.limits, check_limits(asked))
    tree = _tree(project, kernel, existing, asked)
    concerned = [kernel, *_others(context, kernel, existing, asked)]
    require_files(context, project.root, among={file.path for file in tree.files})
    for each in concerned:
        require_configuration(context, project.root, _target(each), each.group)
    changes = compare(project.root, tree)
    refuse_conflicts(changes, hint=_CONFLICT)
    files = write(project.root, changes)
    record_written(context, project.root, changes)
    for each in concerned:
        image = ImageInfo(id=each.image or "")
        register_box_kernel(context, project, image, _target(each), each.group)
    now = read_environment(project.root, target, kernel.group)
    return Limited(
        kernel=kernel,
        files=files,
        limits=now.limits,
        gpus=now.gpus(target) if target == "cuda" else None,
        warnings=warnings,
    )


def _tree(
    project: Project,
    kernel: RegisteredKernel,
    existing: ExistingEnvironment,
    asked: Mapping[str, str],
) -> RenderedTree:
    """Return the files that change; raises `ConfigurationError` where one is gone."""
    root, own = project.root, target_files(_target(kernel), kernel.group).configuration
    whole = read_environment(root)
    for path, found in ((CPU.configuration, whole), (own, existing)):
        if not found.configuration:
            message = f"This file is gone: `{root / path}`"
            raise ConfigurationError(message, hint="jupyter devbox containerize")
    limits = {name: text for name, text in asked.items() if name in LIMIT_NAMES}
    run_args = {own: existing.run_args}
    if kernel.target == "cpu" and whole.groups and whole.groups[0].name == kernel.group:
        # Clients that choose no configuration open this one, which has the first group's image.
        run_args[CPU.configuration] = whole.run_args
    stood = remembered(whole.configuration)
    options = dict(stood)
    if _is_composed(existing):
        run_args = {}
        others = {name: value for name, value in stood.items() if name not in LIMIT_NAMES}
        options = {**others, **kept({**whole.options.limits, **limits})}
    if "gpus" in asked:
        options["gpus"] = asked["gpus"]
    cards = asked.get("gpus") or whole.options.gpus
    return limits_tree(
        run_args,
        limits,
        options=options if options != stood else None,
        blocks=_blocks(root) if _is_composed(existing) else {},
        limits={name: text for name, text in options.items() if name in LIMIT_NAMES},
        gpus=parse_gpus(cards) if cards else None,
    )


def _blocks(root: Path) -> dict[str, str]:
    """Return what our block holds of each Compose file that says a box's limits."""
    found = {path: read_block(root, path, BLOCK) for path in COMPOSE_FILES}
    return {path: text for path, text in found.items() if text is not None}


def _others(
    context: Context,
    kernel: RegisteredKernel,
    existing: ExistingEnvironment,
    asked: Mapping[str, str],
) -> Iterator[RegisteredKernel]:
    """Yield the project's other kernels whose boxes get what it remembers from now on."""
    composed = _is_composed(existing)
    for each in registered_kernels(context, kernel.project):
        counts = each.target == "cuda" and "gpus" in asked
        in_box = each.image and each.target != "venv"
        if in_box and each.name != kernel.name and (composed or counts):
            yield each


def _is_composed(existing: ExistingEnvironment) -> bool:
    return "dockerComposeFile" in existing.configuration


def _target(kernel: RegisteredKernel) -> Target:
    return "cuda" if kernel.target == "cuda" else "cpu"
