"""Read what the project already has."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import ConfigurationError, RequirementError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.folder import confined, read_inside
from jupyter_devbox.files.merge import block_text, without_blocks
from jupyter_devbox.spec.compose import COMPOSE, own_compose
from jupyter_devbox.spec.compose_reach import service_names
from jupyter_devbox.spec.environment import AptPackage, DirectRequirement, PackedModule, Target
from jupyter_devbox.spec.groups import ONLY, read_groups
from jupyter_devbox.spec.lock import LockedPackage, WheelFile
from jupyter_devbox.spec.names import APT_NAME
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.requirements_in import parse_line
from jupyter_devbox.spec.requirements_txt import read_inputs, read_packages, read_pins, read_python
from jupyter_devbox.spec.target_files import COMMON, CPU, TargetFiles, target_files
from jupyter_devbox.spec.written import DOCKERFILE, FOLDER

_OURS = "jupyter_devbox"
_BASE = re.compile(r'^ARG BASE="?(?P<ref>[A-Za-z0-9._/:@-]+)"?$', re.MULTILINE)
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,200}\.whl")
"""A file's name, never a path: what a project remembers may be a stranger's."""


def read_environment(
    project: Path, target: Target = "cpu", group: str = ONLY
) -> ExistingEnvironment:
    """Return what `.devcontainer/` says; empty where there is none.

    Options and Debian packages are the project's, and so are notebooks but for a group's: they
    stand in the CPU's configuration. Requirements, lock and configuration are the environment's
    own; besides, the lines that the user wrote into requirements.in itself are for every group.

    Raises
    ------
    ConfigurationError
        devcontainer.json is broken.
    RequirementError
        requirements.in holds a line that is no requirement.
    """
    files = target_files(target, group)
    configuration = read_configuration(project)
    own = _mapping(_mapping(configuration.get("customizations")).get(_OURS))
    twin = target_files("cuda", group)
    stable = _text(project, files.stable)
    rest = _text(project, files.rest)
    groups = tuple(
        replace(group, notebooks=tuple(n for n in group.notebooks if _exists(project, n)))
        for group in read_groups(configuration)
    )
    mine = next((g.notebooks for g in groups if g.name == group), ())
    listed = mine if group else _strings(own.get("notebooks"))
    common = read_pins(_text(project, COMMON)) if group else {}
    return ExistingEnvironment(
        requirements=_direct(project, files, group),
        apt=_apt(_mapping(own.get("apt"))),
        packed=_packed(_mapping(own.get("modules"))),
        wheels=_packed_wheels(project),
        options=_options(_mapping(own.get("options"))),
        locked={**common, **read_pins(stable), **read_pins(rest)},
        stable=frozenset(read_pins(stable)),
        common=common,
        inputs=read_inputs(rest),
        python=read_python(stable),
        notebooks=tuple(sorted(name for name in listed if _exists(project, name))),
        configuration=configuration if files == CPU else read_configuration(project, target, group),
        compose=own_compose(configuration),
        service_names=_service_names(project, configuration),
        groups=groups,
        twin=confined(project, twin.configuration).exists(),
        twin_stages=twin.lock in _text(project, DOCKERFILE),
    )


def read_lock(
    project: Path, target: Target = "cpu", group: str = ONLY
) -> tuple[LockedPackage, ...]:
    """Return an environment's locked packages with their hashes; () where there is no lock."""
    files = target_files(target, group)
    names = (*([COMMON] if group else []), files.stable, files.rest)
    return tuple(package for name in names for package in read_packages(_text(project, name)))


def read_configuration(
    project: Path, target: Target = "cpu", group: str = ONLY
) -> Mapping[str, Any]:
    """Return an environment's parsed devcontainer.json; empty where there is none."""
    path = target_files(target, group).configuration
    text = _text(project, path.removeprefix(f"{FOLDER}/"))
    return jsonc.parse(text, path).value if text else {}


def read_base(project: Path) -> str:
    """Return the base image that a project's Dockerfile begins from; "" where none can be read."""
    try:
        content = read_inside(project, f"{FOLDER}/{DOCKERFILE}")
    except OSError:
        return ""
    found = _BASE.search((content or b"").decode("utf-8", "replace"))
    return found["ref"] if found else ""


def read_block(project: Path, path: str, name: str) -> str | None:
    """Return what a marked block of a project's file holds, as it stands; None for none.

    Raises
    ------
    ConfigurationError
        The file cannot be read.
    """
    return block_text(_content(project, path), name)


def configuration_at(config: Path) -> Mapping[str, Any]:
    """Return the parsed devcontainer.json of that path; empty where none can be read."""
    try:
        value: Mapping[str, Any] = jsonc.parse(config.read_text(encoding="utf-8-sig")).value
    except (OSError, UnicodeDecodeError, ConfigurationError):
        return {}
    return value


def configuration_digest(config: Path) -> str:
    """Return what stands for a devcontainer.json in a box's label; "" where there is none.

    Only what decides how a container is run counts: comments don't, nor our own record of notebooks
    and packages, which every `containerize` may change. A broken file stands for its bytes.
    """
    try:
        content = config.read_bytes()
    except OSError:
        return ""
    try:
        value = dict(jsonc.parse(content.decode("utf-8-sig")).value)
    except (ConfigurationError, UnicodeDecodeError):
        return hashlib.sha256(content).hexdigest()[:16]
    others = {k: v for k, v in _mapping(value.get("customizations")).items() if k != _OURS}
    text = json.dumps({**value, "customizations": others}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(project: Path, name: str) -> str:
    return _content(project, f"{FOLDER}/{name}")


def _content(project: Path, path: str) -> str:
    try:
        content = read_inside(project, path)
        return "" if content is None else _lines_joined(content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read ({type(error).__name__})"
        raise ConfigurationError(message, hint=f"mend {path}, or move it away") from error


def _lines_joined(text: str) -> str:
    """Return the text with line ends as Python reads them: Git on some systems writes CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _exists(project: Path, notebook: str) -> bool:
    try:
        path = (project / notebook).resolve()
        return path.is_relative_to(project.resolve()) and path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a null byte
        return False


def _direct(project: Path, files: TargetFiles, group: str) -> tuple[DirectRequirement, ...]:
    """Return the direct requirements of an environment, those of the user's for all included."""
    own = _requirements(_text(project, files.direct), files.direct)
    if not group:
        return own
    shared = _requirements(_text(project, CPU.direct), CPU.direct)
    named = {line.name for line in own if line.reason == "hand"}
    for_all = {r.name: r for r in shared if r.reason == "hand" and r.name not in named}
    return (*for_all.values(), *(line for line in own if line.name not in for_all))


def _requirements(text: str, name: str) -> tuple[DirectRequirement, ...]:
    found: dict[str, DirectRequirement] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            requirement = parse_line(line)
        except RequirementError as error:
            message = f"{FOLDER}/{name}, line {number}: {error.message}"
            raise RequirementError(message, hint=error.hint) from error
        if requirement is None:
            continue
        before = found.get(requirement.name)
        if before is not None and before.reason == "hand" and requirement.reason != "hand":
            continue
        found[requirement.name] = requirement
    return tuple(found.values())


def _apt(entries: Mapping[str, Any]) -> tuple[AptPackage, ...]:
    return tuple(
        AptPackage(
            name=name,
            reason=str(_mapping(entry).get("reason", "")),
            notebooks=tuple(_strings(_mapping(entry).get("notebooks"))),
        )
        for name, entry in sorted(entries.items())
        if APT_NAME.fullmatch(name)
    )


def _packed(entries: Mapping[str, Any]) -> tuple[PackedModule, ...]:
    return tuple(
        PackedModule(name=name, notebooks=tuple(_strings(_mapping(entry).get("notebooks"))))
        for name, entry in sorted(entries.items())
        if name.isidentifier()
    )


def _packed_wheels(project: Path) -> tuple[WheelFile, ...]:
    """Return the wheels of packed modules; names of another form are not ours."""
    folder = confined(project, f"{FOLDER}/wheels")
    wheels = []
    for path in sorted(folder.glob("devbox_local_*-0+*-py3-none-any.whl")):
        file = confined(project, f"{FOLDER}/wheels/{path.name}")
        try:
            wheels.append(WheelFile(filename=path.name, content=file.read_bytes()))
        except OSError as error:
            message = f"A wheel in {FOLDER} cannot be read ({type(error).__name__}): `{file}`"
            raise ConfigurationError(message, hint=f"mend or remove {path.name}") from error
    return tuple(wheels)


def _options(entry: Mapping[str, Any]) -> ProjectOptions:
    options = ProjectOptions(
        include=tuple(_strings(entry.get("include"))),
        exclude=tuple(_strings(entry.get("exclude"))),
        apt=tuple(_strings(entry.get("apt"))),
        exclude_apt=tuple(_strings(entry.get("exclude_apt"))),
        python=_string(entry.get("python")),
        base=_string(entry.get("base")),
        pack=tuple(_strings(entry.get("pack"))),
        provides=tuple(_strings(entry.get("provides"))),
        isolation=_string(entry.get("isolation")),
        idle=_string(entry.get("idle")),
        gpus=_string(entry.get("gpus")),
        services=tuple(_strings(entry.get("services"))),
        memory=_string(entry.get("memory")),
        cpus=_string(entry.get("cpus")),
        shm_size=_string(entry.get("shm_size")),
        pids=_string(entry.get("pids")),
        binder=_string(entry.get("binder")),
        wheels=tuple(name for name in _strings(entry.get("wheels")) if _WHEEL.fullmatch(name)),
        find_links=("wheels",) if entry.get("find_links") is True else (),
        slim="on" if entry.get("slim") is True else "",
    )
    ports = entry.get("ports")
    numbers = [p for p in ports if type(p) is int] if isinstance(ports, list) else []
    return replace(options, ports=tuple(numbers))


def _service_names(project: Path, configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return the services that the user wrote, beside our block or in files of their own."""
    listed = configuration.get("dockerComposeFile")
    files = _strings(listed if isinstance(listed, list) else [listed])
    paths = [posixpath.normpath(posixpath.join(FOLDER, name)) for name in files]
    found: dict[str, str] = {}
    for path in dict.fromkeys([*paths, f"{FOLDER}/{COMPOSE}"]):
        if not path.startswith(("../", "/")) and "\0" not in path:
            own = without_blocks(_content(project, path))
            found |= {name: path for name in service_names(own) if name not in found}
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
