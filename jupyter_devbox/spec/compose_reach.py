"""What a Compose file lets a project do (compose-spec.io, 05-services and following). Pure.

The box is never started by Compose, so nothing of it is taken: it is named for those who open the
project with another client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_devbox.spec.findings import Finding, as_json
from jupyter_devbox.spec.visible import visible

_PLAIN_TOP = {"name", "version"}
_PLAIN = {
    "command", "container_name", "cpus", "depends_on", "domainname", "entrypoint", "environment",
    "expose", "gpus", "healthcheck", "hostname", "image", "init", "labels", "mem_limit",
    "pids_limit", "profiles", "restart", "shm_size", "stdin_open", "stop_grace_period",
    "stop_signal", "tty", "ulimits", "working_dir",
}  # fmt: skip
_SAYS = {
    "build": "builds an image from the project",
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
    "network_mode": "chooses a network, which may be this machine's own",
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


def compose_reach(text: str, file: str) -> tuple[Finding, ...]:
    """Return everything in a Compose file that reaches the host or is not known.

    A file that cannot be read as one is a finding as a whole; so is one that says more than a
    person could look at.
    """
    value = _parsed(text)
    if not isinstance(value, dict) or _too_large(value):
        says = "is no Compose file that anybody could look through"
        return (_finding("", "", says, file),)
    return tuple(_top(value, file))


def _parsed(text: str) -> Any:  # noqa: ANN401
    """Return the document as texts, lists and mappings; None where it is not one document."""
    import yaml  # noqa: PLC0415  (few projects have such a file)

    try:
        # Texts alone: no dates, no numbers, and above all no objects.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


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


def _top(value: dict[Any, Any], file: str) -> Iterator[Finding]:
    for key, inner in value.items():
        if key == "services" and isinstance(inner, dict):
            for name, service in inner.items():
                yield from _service(f"/services/{_part(name)}", service, file)
        elif key not in _PLAIN_TOP or _reads_host(inner):
            yield _finding(f"/{_part(key)}", inner, _SAYS.get(str(key), "is not known"), file)


def _service(where: str, value: Any, file: str) -> Iterator[Finding]:  # noqa: ANN401
    if not isinstance(value, dict):
        yield _finding(where, value, "is no service", file)
        return
    for key, inner in value.items():
        if key == "deploy" and _is_limits_and_cards(inner) and not _reads_host(inner):
            continue
        if key not in _PLAIN:
            says = _SAYS.get(str(key), "is a key that we don't know")
            yield _finding(f"{where}/{_part(key)}", inner, says, file)
        elif _reads_host(inner) or (key == "environment" and _is_inherited(inner)):
            says = "gets a variable of yours, which may be a secret"
            yield _finding(f"{where}/{_part(key)}", inner, says, file)


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
        says=f"{says}; the box is not started by Compose",
        kind="never",
        file=file,
    )
