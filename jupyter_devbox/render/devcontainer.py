"""devcontainer.json: the keys that are ours (containers.dev/implementors/json_reference)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.run_args import with_memory
from jupyter_devbox.spec.target_files import CPU, CUDA, LOCK_ARGUMENT, TargetFiles
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
    USER,
    WORKSPACE_MOUNT,
)

HEADING = "// Written by jupyter-devbox. Keys and comments of your own are kept.\n"
_ATTACH = ("postAttachCommand",)
RECORD = ("customizations", "jupyter_devbox", "written")


def devcontainer(
    spec: EnvironmentSpec,
    options: ProjectOptions,
    *,
    nested: bool = False,
    run_args: Sequence[object] = (),
) -> KeyFile:
    """Return devcontainer.json of the CPU target; `run_args` are those that stand there already.

    What the project remembers stands in this one: its notebooks, options and Debian packages.
    """
    values = _common(spec, "CPU", ".", nested=nested)
    values[("customizations", "jupyter_devbox", "notebooks")] = list(spec.notebooks)
    if spec.apt:
        values[("customizations", "jupyter_devbox", "apt")] = {
            a.name: {"reason": a.reason, "notebooks": list(a.notebooks)} for a in spec.apt
        }
    if spec.packed:
        values[("customizations", "jupyter_devbox", "modules")] = {
            module.name: {"notebooks": list(module.notebooks)} for module in spec.packed
        }
    wishes = _wishes(options)
    if wishes:
        values[("customizations", "jupyter_devbox", "options")] = wishes
    return _file(CPU, values, options, run_args)


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
    values = _common(spec, "CUDA", "..", nested=nested)
    values[("build", "args", LOCK_ARGUMENT)] = CUDA.lock
    values[("hostRequirements", "gpu")] = "optional"
    values |= {("containerEnv", name): value for name, value in NVIDIA_VARIABLES.items()}
    return _file(CUDA, values, options, run_args)


def _common(
    spec: EnvironmentSpec, label: str, context: str, *, nested: bool
) -> dict[tuple[str, ...], Any]:
    """Return what both configurations say.

    A company's CA bundle works from the file alone: it is a build secret, and at run time it is
    mounted at its own path; where the variable is unset, both fall back to something harmless.
    """
    values: dict[tuple[str, ...], Any] = {
        ("name",): f"{spec.project} · {label}",
        ("build", "dockerfile"): posixpath.join(context, DOCKERFILE).removeprefix("./"),
        ("build", "context"): context,
        ("build", "options"): [CA_OPTION],
        ("remoteUser",): USER,
        ("updateRemoteUserUID",): True,
        ("init",): True,
        # VS Code would stop the container with its window, and the notebooks' kernels in it.
        ("shutdownAction",): "none",
        _ATTACH: ATTACH_COMMAND,
        ("mounts",): [CA_MOUNT],
        **{("containerEnv", name): HOST_CA for name in CA_VARIABLES},
        ("customizations", "vscode", "extensions"): list(EXTENSIONS),
        (
            "customizations",
            "vscode",
            "settings",
            "python.defaultInterpreterPath",
        ): INTERPRETER,
    }
    if nested:
        # The clients mount the whole repository unless they are told (both keys, as a pair).
        values[("workspaceMount",)] = WORKSPACE_MOUNT
        values[("workspaceFolder",)] = "/workspaces/${localWorkspaceFolderBasename}"
    if spec.ports:
        values[("forwardPorts",)] = list(spec.ports)
    return values


def _file(
    files: TargetFiles,
    values: Mapping[tuple[str, ...], Any],
    options: ProjectOptions,
    run_args: Sequence[object],
) -> KeyFile:
    return KeyFile(
        path=files.configuration,
        values=values,
        record=RECORD,
        edits={("runArgs",): with_memory(run_args, options.memory)} if options.memory else {},
        yielding=frozenset({_ATTACH}),
        rivals=(("image",), ("dockerComposeFile",), ("dockerFile",)),
        heading=HEADING,
    )


def _wishes(options: ProjectOptions) -> dict[str, Any]:
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
    }
    return {name: value for name, value in wishes.items() if value}
