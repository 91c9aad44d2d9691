"""devcontainer.json: the keys that are ours (containers.dev/implementors/json_reference)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_devbox.spec.compose import (
    BOX_SERVICES,
    COMPOSE,
    OVERRIDE,
    OwnCompose,
    workspace_of,
)
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.groups import Group
from jupyter_devbox.spec.limit_words import kept, with_limits
from jupyter_devbox.spec.ports import DASHBOARDS, USUAL
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.target_files import CPU, LOCK_ARGUMENT, TargetFiles, target_files
from jupyter_devbox.spec.tree import KeyFile
from jupyter_devbox.spec.written import (
    ATTACH_COMMAND,
    CA_MOUNT,
    CA_OPTION,
    CA_VARIABLES,
    DOCKERFILE,
    EXTENSIONS,
    HOST_CA,
    INTERPRETER,
    NVIDIA_VARIABLES,
    OPTIONS,
    RECORD,
    USER,
    WORKSPACE_MOUNT,
)

HEADING = "// Written by jupyter-devbox. Keys and comments of your own are kept.\n"
_ATTACH = ("postAttachCommand",)
_LABEL = "label"
_OF_OTHERS = ("image", "dockerComposeFile", "dockerFile")


def devcontainer(
    spec: EnvironmentSpec,
    options: ProjectOptions,
    *,
    nested: bool = False,
    run_args: Sequence[object] = (),
    own: OwnCompose | None = None,
    groups: Sequence[Group] = (),
) -> KeyFile:
    """Return devcontainer.json of the CPU target.

    What the project remembers stands in this one: its notebooks, options and Debian packages.

    Parameters
    ----------
    run_args
        Those that stand there already.
    own
        The user's own Compose files, where a service of theirs is the dev container.
    groups
        Those of a split project. Clients that name no configuration open this one: it has the
        first group's image.
    """
    values = _common(spec, "CPU", ".", nested=nested, own=own)
    values[("customizations", "jupyter_devbox", "notebooks")] = list(spec.notebooks)
    if spec.apt:
        values[("customizations", "jupyter_devbox", "apt")] = {
            a.name: {"reason": a.reason, "notebooks": list(a.notebooks)} for a in spec.apt
        }
    if spec.packed:
        values[("customizations", "jupyter_devbox", "modules")] = {
            module.name: {"notebooks": list(module.notebooks)} for module in spec.packed
        }
    if groups:
        values[("build", "args", LOCK_ARGUMENT)] = target_files("cpu", groups[0].name).lock
        values[("customizations", "jupyter_devbox", "groups")] = {
            group.name: list(group.notebooks) for group in groups
        }
    wishes = _wishes(options, composed=_is_composed(spec, own))
    if wishes:
        values[OPTIONS] = wishes
    return _file(CPU, values, options, run_args, composed=_is_composed(spec, own))


def group_devcontainer(
    spec: EnvironmentSpec,
    options: ProjectOptions,
    *,
    nested: bool = False,
    run_args: Sequence[object] = (),
) -> KeyFile:
    """Return devcontainer.json of a group, in the folder that a client offers as a choice."""
    files = target_files("cpu", spec.group)
    values = _common(spec, "CPU", "..", nested=nested)
    values[("build", "args", LOCK_ARGUMENT)] = files.lock
    return _file(files, values, options, run_args, composed=False)


def cuda_devcontainer(
    spec: EnvironmentSpec,
    options: ProjectOptions,
    *,
    nested: bool = False,
    run_args: Sequence[object] = (),
) -> KeyFile:
    """Return devcontainer.json of the CUDA target, in the folder that a client offers as a choice.

    `hostRequirements.gpu` lets a client that finds a GPU ask for it; ``--gpus`` in `runArgs` would
    fail on every machine without one (containers.dev/implementors/json_reference).
    """
    files = target_files("cuda", spec.group)
    values = _common(spec, "CUDA", "..", nested=nested)
    if not spec.services:
        values[("build", "args", LOCK_ARGUMENT)] = files.lock
        values[("hostRequirements", "gpu")] = "optional"
        values |= {("containerEnv", name): value for name, value in NVIDIA_VARIABLES.items()}
    return _file(files, values, options, run_args, composed=bool(spec.services))


def _is_composed(spec: EnvironmentSpec, own: OwnCompose | None) -> bool:
    """Tell whether Compose starts the box."""
    return bool(spec.services) or own is not None


def _common(
    spec: EnvironmentSpec,
    label: str,
    context: str,
    *,
    nested: bool,
    own: OwnCompose | None = None,
) -> dict[tuple[str, ...], Any]:
    """Return what both configurations say."""
    alone = not _is_composed(spec, own)
    values: dict[tuple[str, ...], Any] = {("name",): f"{spec.title} · {label}"}
    if own:
        values[("dockerComposeFile",)] = [*own.files, OVERRIDE]
    else:
        values |= _built(context) if alone else _composed(spec, context)
    values |= {
        ("remoteUser",): USER,
        ("updateRemoteUserUID",): True,
    }
    if alone:
        values[("init",)] = True
    # VS Code would stop the container with its window, and the notebooks' kernels in it.
    values[("shutdownAction",)] = "none"
    values[_ATTACH] = ATTACH_COMMAND
    if alone:
        values |= _certificates()
    values |= {
        ("customizations", "vscode", "extensions"): list(EXTENSIONS),
        (
            "customizations",
            "vscode",
            "settings",
            "python.defaultInterpreterPath",
        ): INTERPRETER,
    }
    if nested and alone:
        # The clients mount the whole repository unless they are told (both keys, as a pair).
        values[("workspaceMount",)] = WORKSPACE_MOUNT
        values[("workspaceFolder",)] = "/workspaces/${localWorkspaceFolderBasename}"
    ports = {*spec.ports, *(service.port for service in spec.services)}
    if ports:
        values[("forwardPorts",)] = sorted(ports)
    for port in spec.ports:
        if name := DASHBOARDS.get(USUAL.get(port, "")):  # VS Code shows it beside the number
            values[("portsAttributes", str(port), _LABEL)] = name
    for service in spec.services:
        said = {"label": service.label, "onAutoForward": "silent"}
        values[("portsAttributes", str(service.port))] = said
    return values


def _built(context: str) -> dict[tuple[str, ...], Any]:
    """Return the keys of a container that is built from the Dockerfile by itself."""
    return {
        ("build", "dockerfile"): posixpath.join(context, DOCKERFILE).removeprefix("./"),
        ("build", "context"): context,
        ("build", "options"): [CA_OPTION],
    }


def _certificates() -> dict[tuple[str, ...], Any]:
    """Return the keys by which a company's CA bundle works from the file alone.

    It is a build secret, and at run time it is mounted at its own path; where the variable is
    unset, both fall back to something harmless. Where Compose starts the box that stands in its
    files: of a mount in this one a client would make a writable one.
    """
    return {
        ("mounts",): [CA_MOUNT],
        **{("containerEnv", name): HOST_CA for name in CA_VARIABLES},
    }


def _composed(spec: EnvironmentSpec, context: str) -> dict[tuple[str, ...], Any]:
    """Return the keys of a box with databases; a client starts those that are named here."""
    first = posixpath.join(context, COMPOSE).removeprefix("./")
    twin = spec.target == "cuda"
    return {
        ("dockerComposeFile",): [first, COMPOSE] if twin else first,
        ("service",): BOX_SERVICES["cuda" if twin else "cpu"],
        ("runServices",): [service.name for service in spec.services],
        ("workspaceFolder",): workspace_of(spec.project),
    }


def _file(
    files: TargetFiles,
    values: Mapping[tuple[str, ...], Any],
    options: ProjectOptions,
    run_args: Sequence[object],
    *,
    composed: bool,
) -> KeyFile:
    limited = list(run_args) if composed else with_limits(run_args, options.limits)
    rivals = ("image", "build", "dockerFile") if composed else _OF_OTHERS
    return KeyFile(
        path=files.configuration,
        values=values,
        record=RECORD,
        edits={("runArgs",): limited} if limited != list(run_args) else {},
        yielding=frozenset({_ATTACH, *(path for path in values if path[2:] == (_LABEL,))}),
        rivals=tuple((key,) for key in rivals),
        heading=HEADING,
    )


def _wishes(options: ProjectOptions, *, composed: bool) -> dict[str, Any]:
    """Return the options worth remembering, without those that say nothing."""
    wishes = {
        "include": list(options.include),
        "exclude": list(options.exclude),
        "apt": list(options.apt),
        "exclude_apt": list(options.exclude_apt),
        "python": options.python,
        "base": options.base,
        "ports": list(options.ports),
        "pack": list(options.pack),
        "provides": list(options.provides),
        "isolation": options.isolation,
        "idle": options.idle,
        "gpus": options.gpus,
        "services": list(options.services),
        **(kept(options.limits) if composed else {}),
        "binder": options.binder,
        "slim": options.slim == "on",
        "wheels": list(options.wheels),
        "find_links": bool(options.find_links),
    }
    return {name: value for name, value in wishes.items() if value}
