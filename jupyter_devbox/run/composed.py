"""A box that Compose starts: one service of the project's, with the others beside it."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import ImageMissingError, RunError, ServiceError
from jupyter_devbox.run.joined import project_in
from jupyter_devbox.spec.box import DEVCONTAINER_FOLDER, LABEL_KIND, BoxSpec
from jupyter_devbox.spec.compose import BOX_SERVICES
from jupyter_devbox.spec.compose_project import (
    LABEL_COMPOSE,
    LABEL_FOLDER,
    LABEL_SERVICE,
    ComposeProject,
)
from jupyter_devbox.spec.container import ContainerInfo, ContainerSpec, Mount

_CULPRIT = re.compile(r"container (?P<name>[\w.-]+) (?:is unhealthy|exited \(\d+\))")
_LINES = 15
_GRACE = 30
"""Seconds in which a database puts its files in order."""


@dataclass(frozen=True, slots=True)
class Model:
    """A Compose project as Compose itself understands it: ``docker compose config``."""

    services: Mapping[str, Mapping[str, Any]]

    def mounts(self, service: str) -> tuple[Mount, ...]:
        """Return the folders of this machine that a service mounts."""
        listed = self.services[service].get("volumes") or ()
        return tuple(
            Mount(source=each["source"], target=each["target"])
            for each in listed
            if each.get("type") == "bind"
        )

    def ulimits(self, service: str) -> tuple[str, ...]:
        """Return the names of the limits that a service sets for each process."""
        return tuple(self.services[service].get("ulimits") or ())

    def unbuilt(self, project: ComposeProject) -> tuple[str, ...]:
        """Return the option that keeps Compose from building, unless the user allowed a build.

        Our own image is there. Built by Compose it would come from the files as they are now.
        """
        ours = {project.service, *BOX_SERVICES.values()}
        others = (service for name, service in self.services.items() if name not in ours)
        return () if any(service.get("build") for service in others) else ("--no-build",)

    def pulled(self) -> dict[str, str]:
        """Return service → image, of those that are not built."""
        return {
            name: str(service.get("image"))
            for name, service in self.services.items()
            if not service.get("build")
        }


def read_model(engine: Engine, project: ComposeProject) -> Model:
    """Return what Compose makes of a project's files; starts nothing.

    Raises
    ------
    ServiceError
        They are no Compose files, or have no such service.
    """
    value = json.loads(engine.compose(project, ("config", "--format=json")))
    services = value.get("services") or {}
    if project.service not in services:
        msg = f"The project's Compose files have no such service: `{project.service}`"
        names = ", ".join(sorted(services))
        raise ServiceError(msg, hint=f"name one of these in devcontainer.json: {names}")
    return Model(services)


def service_containers(engine: Engine, name: str) -> tuple[ContainerInfo, ...]:
    """Return all containers of a Compose project, the box among them."""
    return engine.containers({LABEL_COMPOSE: name})


def complete(engine: Engine, project: ComposeProject | None, box: ContainerInfo | None) -> bool:
    """Tell whether all that stands beside a box runs, and the box still has its network.

    A service that did its work and ended is not missed, nor one that was never made.
    """
    if project is None or box is None:
        return box is not None
    beside = [each for each in service_containers(engine, project.name) if not is_box(each)]
    shared = [each for each in beside if each.labels.get(LABEL_SERVICE) == project.network]
    if project.network and not any(each.status == "running" for each in shared):
        return False
    if box.status == "running" and any(each.started > box.started for each in shared):
        return False
    return all(each.status == "running" or each.exit_code == 0 for each in beside)


def is_box(container: ContainerInfo) -> bool:
    """Tell whether a container of a Compose project is a dev container, whoever made it."""
    return LABEL_KIND in container.labels or DEVCONTAINER_FOLDER in container.labels


def stop_services(engine: Engine, name: str) -> tuple[str, ...]:
    """Stop what runs beside a box, if no box runs any more; return the containers' names."""
    found = service_containers(engine, name)
    running = [each for each in found if each.status == "running"]
    if any(is_box(each) for each in running):
        return ()
    for each in running:
        engine.stop(each.id, _GRACE)
    return tuple(each.name for each in running)


def pull_services(engine: Engine, project: ComposeProject) -> tuple[str, ...]:
    """Fetch those images of services that are not on this machine; return their names.

    Raises
    ------
    ServiceError
        One cannot be fetched; the details are the engine's words.
    """
    model = read_model(engine, project)
    images = {
        name: image
        for name, image in model.pulled().items()
        if name != project.service and engine.image(image) is None
    }
    for service, image in sorted(images.items()):
        _pull(engine, project, service, image)
    return tuple(sorted(set(images.values())))


def _pull(engine: Engine, project: ComposeProject, service: str, image: str) -> None:
    try:
        engine.compose(project, ("pull", "--quiet", service))
    except ServiceError as error:
        msg = f"The image of the service {service} cannot be fetched: `{image}`"
        hint = f"docker pull {image} once there is a way to its registry, then run it again"
        raise ServiceError(msg, hint=hint, details=error.details) from error


def require_free(engine: Engine, project: ComposeProject) -> None:
    """Raise if Compose would take over what is somebody else's: it knows a project by its name.

    Raises
    ------
    ServiceError
        Another folder has a project of that name, or another client's box is the service.
    RunError
        Programs still run in a box of ours that was made from older files.
    """
    for each in service_containers(engine, project.name):
        folder = each.labels.get(LABEL_FOLDER, project.folder)
        if os.path.realpath(folder) != project.folder:
            msg = f"Another folder's services have this project's Compose name: `{folder}`"
            raise ServiceError(msg, hint="rename one of the two folders, or stop the other's")
        if each.labels.get(LABEL_SERVICE) != project.service:
            continue
        if LABEL_KIND not in each.labels:
            msg = f"Kernels can't join the box that VS Code made, as it is: `{each.name}`"
            raise ServiceError(
                msg, hint=f"open or rebuild it in VS Code, or docker rm -f {each.name}"
            )
        if each.labels.get(LABEL_KIND) == "box" and each.status == "running":
            msg = f"Other kernels still run in the box of older files: `{each.name}`"
            raise RunError(msg, hint="shut them down first, then start this one again")


def place_project(spec: BoxSpec, model: Model, project: ComposeProject) -> tuple[str, bool]:
    """Return where the project is in the box, and whether the files say so themselves."""
    there = project_in(model.mounts(project.service), spec.project)
    if there:
        return there, True
    wanted = project.workspace
    return (wanted if wanted.count("/") > 1 else spec.workspace), False


def create_composed(
    engine: Engine, project: ComposeProject, model: Model, container: ContainerSpec
) -> str:
    """Have Compose create the box and what it needs, and return the box's id; nothing runs yet.

    Raises
    ------
    ImageMissingError
        The image of a service is not on this machine: nothing is pulled while a kernel waits.
    """
    for service, image in model.pulled().items():
        if service != project.service and engine.image(image) is None:
            msg = f"The image of the service {service} is not on this machine: `{image}`"
            raise ImageMissingError(msg, hint=f"docker pull {image}")
    for each in service_containers(engine, project.name):
        # A service that was dropped: its container and its data stay until they are pruned.
        if each.labels.get(LABEL_SERVICE) not in model.services and not is_box(each):
            engine.stop(each.id, _GRACE)
    words = ("up", "--no-start", "--pull=never", *model.unbuilt(project), *_wanted(project))
    engine.compose(project, words, _override(project, container))
    found = engine.containers({LABEL_COMPOSE: project.name, LABEL_SERVICE: project.service})
    if not found:
        msg = f"Compose made no container for the service: `{project.service}`"
        raise ServiceError(msg, hint="docker compose ls -a shows what it made")
    return found[0].id


def start_composed(engine: Engine, project: ComposeProject, container: ContainerSpec) -> None:
    """Start the box once all that it needs is healthy.

    Raises
    ------
    ServiceError
        Something is not; the details are its last words.
    """
    words = ("up", "--detach", "--no-recreate", "--pull=never", *_wanted(project))
    try:
        engine.compose(project, words, _override(project, container))
    except ServiceError as error:
        raise _explained(engine, project, error) from error


def _wanted(project: ComposeProject) -> tuple[str, ...]:
    """Return the services to be named to Compose; () for all."""
    if project.beside is None:
        return ()
    return tuple(dict.fromkeys((*project.beside, project.service)))


def _explained(engine: Engine, project: ComposeProject, error: ServiceError) -> ServiceError:
    """Return an error that shows what the service itself said, where one is to blame."""
    culprit = _CULPRIT.search(" ".join((error.message, *error.details)))
    if culprit is None:
        return error
    name = culprit["name"]
    state = next((c for c in service_containers(engine, project.name) if c.name == name), None)
    service = state.labels.get(LABEL_SERVICE, name) if state else name
    what = "does not become healthy" if "unhealthy" in culprit[0] else "ended as soon as it started"
    msg = f"The service {service} {what}: `{name}`"
    hint = f"its last lines are above; docker logs {name} shows all"
    lines = engine.logs(state.id, _LINES) if state else ()
    return ServiceError(msg, hint=hint, details=lines or error.details)


def _override(project: ComposeProject, container: ContainerSpec) -> dict[str, Any]:
    """Return what we add to the box's service, as one more Compose file."""
    service: dict[str, Any] = {
        "image": container.image,
        "pull_policy": "never",
        "entrypoint": [*container.command[:1]],
        "command": [*container.command[1:]],
        "init": True,
        "environment": dict(container.env),
        "labels": dict(container.labels),
        "security_opt": ["no-new-privileges:true", *container.rights.security],
        "cap_add": list(container.rights.capabilities),
        "devices": list(container.rights.devices),
        "extra_hosts": list(container.rights.addresses),
        "privileged": container.rights.privileged,
        "user": container.user,
        "working_dir": container.workdir,
        "volumes": [_mount(mount) for mount in container.mounts],
    }
    limits = container.limits
    bounds = {
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory,  # no swap on top, as for a box by itself
        "cpus": limits.cpus,
        "shm_size": limits.shm,
        "pids_limit": limits.pids,
    }
    service |= {key: value for key, value in bounds.items() if value}
    service["ulimits"] = dict(map(_ulimit, limits.ulimits))
    volumes = {m.source: {"external": True} for m in container.mounts if m.kind == "volume"}
    kept = {key: value for key, value in service.items() if value not in ([], "", False, {})}
    value = {"services": {project.service: kept}, **({"volumes": volumes} if volumes else {})}
    escaped: dict[str, Any] = json.loads(json.dumps(value).replace("$", "$$"))
    return escaped


def _ulimit(text: str) -> tuple[str, dict[str, int]]:
    """Return a limit of each process as Compose writes it."""
    name, _, bounds = text.partition("=")
    soft, _, hard = bounds.partition(":")
    return name, {"soft": int(soft), "hard": int(hard or soft)}


def _mount(mount: Mount) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": mount.kind, "source": mount.source, "target": mount.target}
    if mount.kind == "bind":
        shown["bind"] = {"create_host_path": False, **({"selinux": "z"} if mount.relabel else {})}
    return {**shown, **({"read_only": True} if mount.readonly else {})}
