"""What a Compose file lets a project do (compose-spec.io, 05-services and following). Pure.

Compose takes a file as a whole: nothing in it can be left out. So what reaches beyond an ordinary
container and the project's own volumes is named, and a start waits until each is allowed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.spec.findings import Finding, as_json
from jupyter_devbox.spec.target_files import CUDA, LOCK_ARGUMENT
from jupyter_devbox.spec.visible import visible
from jupyter_devbox.spec.written import (
    CA_VARIABLES,
    COMPOSE_CA,
    COMPOSE_CA_TARGET,
    COMPOSE_HOST_CA,
    DOCKERFILE,
    FOLDER,
)

_PLAIN_TOP = {"version"}
_PLAIN = {
    "command", "container_name", "cpus", "depends_on", "domainname", "entrypoint", "environment",
    "expose", "gpus", "healthcheck", "hostname", "image", "init", "labels", "mem_limit",
    "pids_limit", "platform", "profiles", "pull_policy", "read_only", "restart", "shm_size",
    "stdin_open", "stop_grace_period", "stop_signal", "tmpfs", "tty", "ulimits", "user",
    "working_dir",
}  # fmt: skip
_CA_SECRET = {"ca": {"file": COMPOSE_CA}}
_CA_MOUNT = {
    "type": "bind", "source": COMPOSE_CA, "target": COMPOSE_CA_TARGET, "read_only": "true",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SHARED_NETWORK = re.compile(r"none|service:[A-Za-z0-9][A-Za-z0-9_.-]*")
_HOW = re.compile(r"(?:ro|rw|cached|delegated|consistent|nocopy)(?:,(?:ro|rw|nocopy))*")
_SAYS = {
    "build": "builds an image from files as they are at that moment",
    "cap_add": "gets rights of the kernel's that boxes lack",
    "cgroup": "sees this machine's control groups",
    "cgroup_parent": "leaves its limits",
    "configs": "reads files of this machine",
    "device_cgroup_rules": "opens a class of this machine's devices",
    "devices": "uses devices of this machine",
    "env_file": "reads a file of this machine into its variables",
    "extends": "takes over a service from another file",
    "external_links": "reaches other containers",
    "extra_hosts": "answers a name with an address of its choice",
    "include": "takes over other files",
    "ipc": "shares memory with other programs of this machine",
    "name": "takes the name of a Compose project, with its containers and volumes",
    "network_mode": "chooses a network, which may be this machine's own",
    "networks": "joins networks with options, or those of other programs",
    "pid": "sees and ends other programs' processes",
    "ports": "opens ports on this machine",
    "privileged": "is root on this machine, with all devices",
    "runtime": "is run by another program on this machine",
    "secrets": "reads files or variables of this machine",
    "security_opt": "changes what keeps it apart from this machine",
    "sysctls": "changes settings of the kernel",
    "userns_mode": "drops the border between its users and this machine's",
    "uts": "changes this machine's name",
    "volumes": "mounts files of this machine, or volumes of other containers",
    "volumes_from": "takes over the mounts of another container",
}
_CARD = {"capabilities", "count", "device_ids", "driver"}
_MOST = 10_000


def compose_reach(
    text: str, file: str, *, base: str = FOLDER, boxes: Container[str] = ()
) -> tuple[Finding, ...]:
    """Return everything in a Compose file that reaches the host or is not known.

    A file that cannot be read as one is a finding as a whole; so is one that says more than a
    person could look at.

    Parameters
    ----------
    file
        Its path relative to the project.
    base
        Folder of the project that relative paths start at: that of the first Compose file.
    boxes
        Services that are boxes: our image is built before Compose is asked, which builds none.
    """
    value = _parsed(text)
    if not isinstance(value, dict) or _too_large(value):
        says = "is no Compose file that anybody could look through"
        return (_finding("", "", says, file),)
    return tuple(_top(value, _Place(file, base, boxes)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a Compose file stands."""

    file: str
    base: str
    boxes: Container[str]

    def is_project(self, path: object) -> bool:
        """Tell whether a relative path is the project's own folder."""
        return isinstance(path, str) and self._inside(path) == "."

    def is_context(self, path: object) -> bool:
        """Tell whether a relative path is the folder that our image is built from."""
        return isinstance(path, str) and self._inside(path) == FOLDER

    def _inside(self, path: str) -> str:
        known = path.startswith(".") and not _reads_host(path)
        return posixpath.normpath(posixpath.join(self.base, path)) if known else ""


def _parsed(text: str) -> Any:  # noqa: ANN401
    """Return the document as texts, lists and mappings; None where it is not one document."""
    import yaml  # noqa: PLC0415  (few projects have such a file)

    try:
        # Texts alone: no dates, no numbers, and above all no objects.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def compose_values(text: str) -> Mapping[str, Any]:
    """Return a Compose file's values as texts, lists and mappings; {} for what is no such file."""
    value = _parsed(text)
    return value if isinstance(value, dict) and not _too_large(value) else {}


def service_names(text: str) -> tuple[str, ...]:
    """Return the names of the services in a Compose file, or in what stands below one's own."""
    value = _parsed(text)
    services = value.get("services", value) if isinstance(value, dict) else {}
    return tuple(map(str, services)) if isinstance(services, dict) else ()


def _too_large(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a document has too many values, aliases counted each time they stand there."""
    left, waiting = _MOST, [value]
    while waiting and left:
        left -= 1
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
    return not left


def _top(value: dict[Any, Any], place: _Place) -> Iterator[Finding]:
    for key, inner in value.items():
        if key == "services" and isinstance(inner, dict):
            for name, service in inner.items():
                yield from _service(str(name), service, place)
        elif _is_plain_top(key, inner):
            continue
        else:
            says = _SAYS.get(str(key), "is not known")
            yield _finding(f"/{_part(key)}", inner, says, place.file)


def _is_plain_top(key: object, value: Any) -> bool:  # noqa: ANN401
    """Tell whether nothing at the top leaves the Compose project."""
    if key == "secrets":
        return bool(value == _CA_SECRET)
    if key in {"volumes", "networks"}:
        # Anything said of a volume or network may make it another program's.
        kept = {"", "null", "~", "{}"}
        empty = isinstance(value, dict) and all(
            each == {} or (isinstance(each, str) and each in kept) for each in value.values()
        )
        return empty and all(_NAME.fullmatch(str(name)) for name in value)
    return key in _PLAIN_TOP and not _reads_host(value)


def _service(name: str, value: Any, place: _Place) -> Iterator[Finding]:  # noqa: ANN401
    where = f"/services/{_part(name)}"
    if not isinstance(value, dict):
        yield _finding(where, value, "is no service", place.file)
        return
    for key, inner in value.items():
        if key == "volumes":
            yield from _volumes(f"{where}/volumes", inner, place)
        elif key == "environment" and isinstance(inner, dict):
            yield from _environment(f"{where}/environment", inner, place)
        elif _is_plain(name, str(key), inner, place):
            continue
        elif key in _PLAIN:
            says = "gets a variable of yours, which may be a secret"
            yield _finding(f"{where}/{_part(key)}", inner, says, place.file)
        else:
            says = _SAYS.get(str(key), "is a key that we don't know")
            yield _finding(f"{where}/{_part(key)}", inner, says, place.file)


def _is_plain(name: str, key: str, value: Any, place: _Place) -> bool:  # noqa: ANN401
    """Tell whether a key of a service's reaches nothing but its own project."""
    if key == "build":
        return name in place.boxes and _is_our_build(value, place)
    fits = {
        "deploy": _is_limits_and_cards,
        "network_mode": _is_shared_network,
        "networks": _are_own_networks,
        "environment": _is_set,
    }.get(key)
    return not _reads_host(value) and (fits(value) if fits else key in _PLAIN)


def _is_shared_network(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a service has another one's network, or none."""
    return isinstance(value, str) and _SHARED_NETWORK.fullmatch(value) is not None


def _is_set(value: Any) -> bool:  # noqa: ANN401
    """Tell whether every variable has a value."""
    return not _is_inherited(value)


def _are_own_networks(value: Any) -> bool:  # noqa: ANN401
    """Tell whether networks are named without options."""
    return isinstance(value, list) and all(_NAME.fullmatch(str(name)) for name in value)


def _is_our_build(value: Any, place: _Place) -> bool:  # noqa: ANN401
    """Tell whether a build is that of our image, with the certificates that we lend to it."""
    if not isinstance(value, dict) or not place.is_context(value.get("context")):
        return False
    rest = {key: inner for key, inner in value.items() if key != "context"}
    usual = {"dockerfile": DOCKERFILE, "secrets": ["ca"]}
    return rest in (usual, {**usual, "args": {LOCK_ARGUMENT: CUDA.lock}})


def _environment(where: str, values: dict[Any, Any], place: _Place) -> Iterator[Finding]:
    kept = {
        key: value
        for key, value in values.items()
        if not (key in CA_VARIABLES and value == COMPOSE_HOST_CA)
    }
    if kept and (_reads_host(kept) or _is_inherited(kept)):
        says = "gets a variable of yours, which may be a secret"
        yield _finding(where, kept, says, place.file)


def _volumes(where: str, value: Any, place: _Place) -> Iterator[Finding]:  # noqa: ANN401
    listed = value if isinstance(value, list) else [value]
    for index, mount in enumerate(listed):
        if not _is_plain_mount(mount, place):
            yield _finding(f"{where}/{index}", mount, _SAYS["volumes"], place.file)


def _is_plain_mount(mount: Any, place: _Place) -> bool:  # noqa: ANN401
    """Tell whether a mount is the project itself, one of its own volumes, or our certificates."""
    if mount == _CA_MOUNT:
        return True
    if _reads_host(mount):
        return False
    if isinstance(mount, dict):
        known = set(mount) <= {"type", "source", "target", "read_only"}
        source = mount.get("source", "")
        own = mount.get("type") == "volume" and _is_volume(source)
        return known and (own or (mount.get("type") == "bind" and place.is_project(source)))
    if not isinstance(mount, str):
        return False
    source, *more = mount.split(":")
    if not more:
        return mount.startswith("/")  # a volume without a name
    fits = more[0].startswith("/") and all(_HOW.fullmatch(how) for how in more[1:])
    return fits and len(more) < 3 and (_is_volume(source) or place.is_project(source))


def _is_volume(name: object) -> bool:
    """Tell whether a mount's source is the name of a volume, and no path."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _is_limits_and_cards(deploy: Any) -> bool:  # noqa: ANN401
    """Tell whether nothing is deployed but limits and graphics cards (compose-spec.io, deploy)."""
    if not isinstance(deploy, dict) or set(deploy) != {"resources"}:
        return False
    resources = deploy["resources"]
    if not isinstance(resources, dict) or not set(resources) <= {"limits", "reservations"}:
        return False
    kept = resources.get("reservations", {})
    devices = kept.get("devices", []) if isinstance(kept, dict) else None
    return isinstance(devices, list) and all(map(_is_card, devices))


def _is_card(device: Any) -> bool:  # noqa: ANN401
    """Tell whether a device is one of NVIDIA's cards, by its driver or by CDI."""
    if not isinstance(device, dict) or not set(device) <= _CARD:
        return False
    if device.get("driver") == "cdi":
        names = device.get("device_ids")
        return isinstance(names, list) and all(str(n).startswith("nvidia.com/gpu=") for n in names)
    return device.get("driver", "nvidia") == "nvidia" and device.get("capabilities") == ["gpu"]


def _reads_host(value: Any) -> bool:  # noqa: ANN401
    """Tell whether Compose fills a variable of the host's into any text of a value."""
    return "$" in as_json(value).replace("$$", "")


def _is_inherited(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a variable stands there without a value, which means the host's."""
    if isinstance(value, list):
        return any(not isinstance(entry, str) or "=" not in entry for entry in value)
    return not isinstance(value, dict) or any(inner in {"", "null", "~"} for inner in
                                              map(str, value.values()))  # fmt: skip


def _part(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _finding(key: str, value: Any, says: str, file: str) -> Finding:  # noqa: ANN401
    return Finding(
        key=f"{visible(file)}#{key}",
        value=as_json(value),
        says=says,
        kind="service",
        file=file,
    )
