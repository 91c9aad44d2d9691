"""What a devcontainer.json lets a project do beyond an ordinary box. Pure.

Nothing is passed over in silence: what is neither plain, nor ours to the letter, nor a limit is a
finding, an unknown key included (containers.dev/implementors/json_reference).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_devbox.spec import written as ours
from jupyter_devbox.spec.compose import compose_names
from jupyter_devbox.spec.container_env import is_variable
from jupyter_devbox.spec.findings import Finding, Kind, as_json
from jupyter_devbox.spec.host_variables import reads_host
from jupyter_devbox.spec.mount_findings import mount_finding
from jupyter_devbox.spec.mounts import read_mount
from jupyter_devbox.spec.run_options import argument_findings, capability, security
from jupyter_devbox.spec.target_files import is_choice_of_lock

# They stay within the box, or with the editor that shows it.
_PLAIN = {
    "$schema", "forwardPorts", "hostRequirements", "init", "name", "otherPortsAttributes",
    "overrideCommand", "overrideFeatureInstallOrder", "portsAttributes", "remoteEnv",
    "shutdownAction", "updateRemoteUserUID", "userEnvProbe", "waitFor", "workspaceFolder",
}  # fmt: skip
_COMMANDS = {
    "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand",
    "postAttachCommand",
}  # fmt: skip
_IMAGE = {
    "image": "is made from an image as it is; the box is built from a Dockerfile",
    "features": "installs features, by scripts from elsewhere; the box lacks them",
    "dockerFile": "is built from another Dockerfile; the box has its own",
    "context": "sends another folder to the build; the box does not",
}
_COMPOSE = {"dockerComposeFile", "service", "runServices"}
_NEVER = {
    "initializeCommand": "runs a command on this machine itself; we never do, VS Code does",
    "appPort": "opens a port on this machine; the box never does",
    "containerUser": "runs as another user; the box does not",
    "remoteUser": "runs as another user; the box does not",
    "workspaceMount": "mounts something else in the project's place; the box does not",
    "secrets": "asks for secrets; the box never does",
}
_UNKNOWN = "is a key that we don't know; the box does not take it"
_OURS = {
    "workspaceMount": ours.WORKSPACE_MOUNT,
    "remoteUser": ours.USER,
    "containerUser": ours.USER,
    "postAttachCommand": ours.ATTACH_COMMAND,
}


def reach(configuration: Mapping[str, Any], file: str) -> tuple[Finding, ...]:
    """Return everything that a parsed devcontainer.json asks for beyond an ordinary box.

    Parameters
    ----------
    file
        Its path relative to the project, with forward slashes: build paths start at its folder.
    """
    folder = posixpath.dirname(file)
    found = [f for key, value in configuration.items() for f in _key(str(key), value, folder)]
    return tuple(replace(finding, file=file) for finding in found)


def _key(key: str, value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401
    if key in _OURS and (value == _OURS[key] or (key == "workspaceMount" and _is_project(value))):
        return
    if key in _PLAIN:
        if any(reads_host(text) for text in _texts(value)):
            says = "reads a variable of yours, or one that we don't know; the box does not"
            yield _finding((key,), value, says, "never")
    elif key in _COMMANDS:
        yield _finding((key,), value, "runs a command in the container; the box does not", "never")
    elif key in _IMAGE:
        yield _finding((key,), value, _IMAGE[key], "image")
    elif key in _COMPOSE:
        if not compose_names(value) or reads_host("".join(compose_names(value))):
            yield _finding((key,), value, "names nothing that Compose could start", "service")
    elif key == "runArgs":
        yield from argument_findings(value)
    elif key in _PARTS:
        yield from _PARTS[key](value, folder)
    else:
        yield _finding((key,), value, _NEVER.get(key, _UNKNOWN), "never")


def _mounts(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401, ARG001
    for index, entry in _items(value):
        if entry != ours.CA_MOUNT:
            yield mount_finding("/mounts", index, entry, read_mount(entry))


def _is_project(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a mount is that of the project's own folder."""
    mount = read_mount(value)
    return mount is not None and (mount.source, mount.kind) == ("${localWorkspaceFolder}", "bind")


def _privileged(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401, ARG001
    if value is not False:
        says = "is root on this machine, with all devices"
        kind: Kind = "privileged" if value is True else "never"
        yield _finding(("privileged",), value, says, kind)


def _capabilities(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401, ARG001
    for index, entry in _items(value):
        yield capability("/capAdd", index, entry)


def _security(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401, ARG001
    for index, entry in _items(value):
        yield security("/securityOpt", index, entry)


def _variables(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401, ARG001
    if not isinstance(value, dict):
        yield _finding(("containerEnv",), value, "is not an object; the box takes nothing", "never")
        return
    for name, text in value.items():
        path = ("containerEnv", str(name))
        if name in ours.CA_VARIABLES:
            if text != ours.HOST_CA:
                says = "says which certificates are believed; the box takes yours"
                yield _finding(path, text, says, "never")
        elif isinstance(text, str) and is_variable(name):
            if reads_host(text):
                says = "gets a variable of yours, which may be a secret"
                yield _finding(path, text, says, "variable")
        else:
            yield _finding(path, text, "is no variable that the box takes", "never")


def _build(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401
    if not isinstance(value, dict):
        yield _finding(("build",), value, "is not an object; the box is built without it", "image")
        return
    for name, inner in value.items():
        if name == "options":
            if not isinstance(inner, list):
                yield _build_finding((name,), inner)
            for index, option in _items(inner) if isinstance(inner, list) else ():
                if option != ours.CA_OPTION:
                    says = "gives an option to the build; the box is built without it"
                    found = _finding(("build", "options"), option, says, "image")
                    yield replace(found, index=index)
        elif not _is_our_build(str(name), inner, folder):
            yield _build_finding((str(name),), inner)


def _build_finding(path: tuple[str, ...], value: Any) -> Finding:  # noqa: ANN401
    says = "changes how the image is built; the box is built without it"
    return _finding(("build", *path), value, says, "image")


def _is_our_build(name: str, value: Any, folder: str) -> bool:  # noqa: ANN401
    """Tell whether a part of `build` is our Dockerfile, its folder, or the choice of its lock."""
    if name == "args":
        return is_choice_of_lock(folder, value)
    expected = {"context": ours.FOLDER, "dockerfile": f"{ours.FOLDER}/{ours.DOCKERFILE}"}
    if name not in expected or not isinstance(value, str):
        return False
    return posixpath.normpath(posixpath.join(folder, value)) == expected[name]


def _customizations(value: Any, folder: str) -> Iterator[Finding]:  # noqa: ANN401, ARG001
    if not isinstance(value, dict):
        yield _finding(("customizations",), value, _UNKNOWN, "never")
        return
    for tool, inner in value.items():
        if tool == "vscode" and isinstance(inner, dict):
            yield from _editor(inner)
        elif tool != "jupyter_devbox":
            says = "sets up another program; the box does not"
            yield _finding(("customizations", str(tool)), inner, says, "never")


def _editor(value: Mapping[str, Any]) -> Iterator[Finding]:
    where = ("customizations", "vscode")
    for key, inner in value.items():
        if key == "extensions" and isinstance(inner, list):
            for index, extension in enumerate(inner):
                if extension not in ours.EXTENSIONS:
                    found = _finding((*where, key), extension, "VS Code installs it", "never")
                    yield replace(found, index=index)
        elif key == "settings" and isinstance(inner, dict):
            for name, setting in inner.items():
                if (name, setting) != ("python.defaultInterpreterPath", ours.INTERPRETER):
                    says = "changes a setting of VS Code"
                    yield _finding((*where, key, str(name)), setting, says, "never")
        else:
            yield _finding((*where, str(key)), inner, "changes VS Code", "never")


_PARTS = {
    "mounts": _mounts,
    "privileged": _privileged,
    "capAdd": _capabilities,
    "securityOpt": _security,
    "containerEnv": _variables,
    "build": _build,
    "customizations": _customizations,
}


def _items(value: Any) -> Iterator[tuple[int | None, Any]]:  # noqa: ANN401
    """Yield the items of a list; what is no list comes as one item without a number."""
    if isinstance(value, list):
        yield from enumerate(value)
    else:
        yield None, value


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield all texts in a value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _finding(path: tuple[str, ...], value: Any, says: str, kind: Kind) -> Finding:  # noqa: ANN401
    escaped = (part.replace("~", "~0").replace("/", "~1") for part in path)
    key = "".join(f"/{part}" for part in escaped)
    return Finding(key=key, value=as_json(value), says=says, kind=kind)
