"""Between the JSON of Docker's API and our own values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from jupyter_devbox.engine.gpu_request import device_request
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.box_use import Usage
from jupyter_devbox.spec.container import (
    ContainerInfo,
    ContainerSpec,
    FileChange,
    ImageInfo,
    ImageStep,
    Limits,
    Mount,
    Rights,
)
from jupyter_devbox.spec.gpu_support import GpuWay

Json = Mapping[str, Any]

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_STATES: dict[str, Literal["created", "running", "paused", "exited", "dead"]] = {
    "created": "created",
    "running": "running",
    "restarting": "running",
    "paused": "paused",
    "exited": "exited",
}
_KINDS: dict[int, Literal["added", "changed", "removed"]] = {
    0: "changed",
    1: "added",
    2: "removed",
}
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]*")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ID = re.compile(r"sha256:[0-9a-f]{64}")


def is_reference(text: str) -> bool:
    """Tell whether a text can be an image's id or name, so that it is safe in an address."""
    return _REFERENCE.fullmatch(text) is not None and ".." not in text


def is_image_id(text: str) -> bool:
    """Tell whether a text is a full image id: the only form a container starts from."""
    return _ID.fullmatch(text) is not None


def split_reference(reference: str) -> tuple[str, str]:
    """Return repository and tag; a colon before a slash belongs to a port."""
    name = reference.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "")


def label_filters(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the engine's filter for labels; an empty value matches any."""
    return {"label": [f"{key}={value}" if value else key for key, value in labels.items()]}


def seconds(stamp: str) -> float:
    """Return an API time stamp as seconds since the epoch; Go's zero time as 0."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", stamp or "")
    if found is None or found[1].startswith("0001-"):
        return 0.0
    try:
        whole = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    except ValueError:  # the thirteenth month
        return 0.0
    return whole.timestamp() + float(found[2] or 0)


def platform_name(system: str, machine: str) -> str:
    """Return ``linux/amd64`` for what the engine calls its own machine."""
    return f"{system}/{_MACHINES.get(machine, machine)}"


def image_info(raw: Json, reference: str = "") -> ImageInfo:
    """Read an answer to *inspect image*.

    Parameters
    ----------
    reference
        The name that was asked for: the digest is the one reported for that name.
    """
    config: Json = raw.get("Config") or {}
    env = (entry.partition("=") for entry in config.get("Env") or ())
    return ImageInfo(
        id=raw["Id"],
        tags=tuple(sorted(raw.get("RepoTags") or ())),
        digest=_digest(raw.get("RepoDigests") or (), reference),
        size=raw.get("Size") or 0,
        created=seconds(raw.get("Created") or ""),
        platform=platform_name(raw.get("Os") or "linux", raw.get("Architecture") or ""),
        env={key: value for key, _, value in env},
        labels=config.get("Labels") or {},
        layers=tuple((raw.get("RootFS") or {}).get("Layers") or ()),
    )


def image_step(raw: Json) -> ImageStep:
    """Read one row of an image's history."""
    return ImageStep(
        instruction=str(raw.get("CreatedBy") or raw.get("Comment") or ""),
        bytes=max(0, int(raw.get("Size") or 0)),
    )


def _digest(reported: tuple[str, ...] | list[str], reference: str) -> str | None:
    """Return the registry digest that belongs to the repository of a reference."""
    repository = split_reference(reference)[0]
    digests = dict(entry.split("@", 1) for entry in reported if "@" in entry)
    # The engine leaves out the usual registry's name, which the reference may have.
    short = [name for name in sorted(digests) if repository.endswith(f"/{name}")]
    return digests.get(next((name for name in (repository, *short) if name in digests), ""))


def container_info(raw: Json) -> ContainerInfo:
    """Read an answer to *inspect container*."""
    state: Json = raw["State"]
    status = _STATES.get(state["Status"], "dead")
    return ContainerInfo(
        id=raw["Id"],
        name=raw["Name"].lstrip("/"),
        image=raw["Image"],
        status=status,
        exit_code=state["ExitCode"] if status in {"exited", "dead"} else None,
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        started=seconds(state.get("StartedAt") or ""),
        labels=raw["Config"].get("Labels") or {},
        limits=_limits_of(raw["HostConfig"]),
        user=raw["Config"].get("User") or "",
        mounts=tuple(
            Mount(source=each["Source"], target=each["Destination"], readonly=not each.get("RW"))
            for each in raw.get("Mounts") or ()
            if each.get("Type") == "bind"
        ),
    )


def file_changes(rows: Sequence[Json] | None) -> tuple[FileChange, ...]:
    """Return what the engine says of a container's file system; null for nothing.

    Kinds are Docker's: 0 changed, 1 added, 2 removed ("Get changes on a container's filesystem" in
    its API).
    """
    found = (
        FileChange(path=str(row["Path"]), kind=_KINDS[row["Kind"]])
        for row in rows or ()
        if row.get("Kind") in _KINDS
    )
    return tuple(sorted(found, key=lambda change: change.path))


def container_config(spec: ContainerSpec, *, selinux: bool, gpu_way: GpuWay = "") -> dict[str, Any]:
    """Return the body of *create container*: no port published, no right but those of the spec.

    Parameters
    ----------
    selinux
        Whether the engine labels files: only then does a mount's `relabel` mean anything.
    gpu_way
        How the engine takes a request for cards.

    Raises
    ------
    EngineError
        The network is the host's, or another container's.
    """
    if not _NETWORK.fullmatch(spec.network) or spec.network == "host":
        msg = f"A box never joins this network: `{spec.network}`"
        raise EngineError(msg, hint="remove --network from runArgs")
    relabelled = [mount for mount in spec.mounts if selinux and mount.relabel]
    host: dict[str, Any] = {
        "Init": True,
        "SecurityOpt": ["no-new-privileges", *spec.rights.security],
        "NetworkMode": spec.network,
        "Mounts": [_mount(mount) for mount in spec.mounts if mount not in relabelled],
        "Binds": [_bind(mount) for mount in relabelled],
        **_limits(spec.limits),
        **_rights(spec.rights),
        **({"DeviceRequests": [device_request(spec.gpus, gpu_way)]} if spec.gpus else {}),
    }
    config: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{key}={value}" for key, value in spec.env.items()],
        "Labels": dict(spec.labels),
        "HostConfig": host,
    }
    if spec.command:
        config |= {"Entrypoint": [spec.command[0]], "Cmd": list(spec.command[1:])}
    if spec.user:
        config["User"] = spec.user
    if spec.workdir:
        config["WorkingDir"] = spec.workdir
    return config


def _limits(limits: Limits) -> dict[str, object]:
    """Return the upper bounds that are set."""
    # Equal values: no swap on top, or a limit of 4 GiB would quietly be one of 8.
    bounds = {
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "ShmSize": limits.shm,
        "NanoCpus": round(limits.cpus * 1e9),
        "PidsLimit": limits.pids,
        "Ulimits": [_ulimit(text) for text in limits.ulimits],
    }
    return {name: value for name, value in bounds.items() if value}


def usage(raw: Json, at: float) -> Usage | None:
    """Read an answer to *stats*; None for a container that does not run.

    Parameters
    ----------
    at
        When it came, by a monotonic clock.
    """
    memory, pids = raw.get("memory_stats") or {}, raw.get("pids_stats") or {}
    spent = (raw.get("cpu_stats") or {}).get("cpu_usage") or {}
    if not memory.get("usage") and not pids.get("current"):
        return None
    detail = memory.get("stats") or {}
    # As `docker stats` counts: pages that could be dropped at once are no use (first and second
    # version of control groups; docs.docker.com/reference/cli/docker/container/stats).
    cached = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    used, total = memory.get("usage"), spent.get("total_usage")
    return Usage(
        at=at,
        memory=max(0, used - cached) if used else None,
        cpu_seconds=None if total is None else total / 1e9,
        pids=pids.get("current"),
    )


def _limits_of(host: Json) -> Limits:
    """Return a container's upper bounds; an engine writes none as 0, null or -1."""
    return Limits(
        memory=max(0, host.get("Memory") or 0),
        shm=max(0, host.get("ShmSize") or 0),
        cpus=max(0, host.get("NanoCpus") or 0) / 1e9,
        pids=max(0, host.get("PidsLimit") or 0),
    )


def _ulimit(text: str) -> dict[str, object]:
    """Return one limit of a process; the soft one is the hard one where that is not given."""
    name, _, bounds = text.partition("=")
    soft, _, hard = bounds.partition(":")
    return {"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}


def _rights(rights: Rights) -> dict[str, object]:
    """Return what goes beyond an ordinary container; nothing where nothing was allowed."""
    extra = {
        "Privileged": rights.privileged,
        "CapAdd": list(rights.capabilities),
        "Devices": [_device(text) for text in rights.devices],
        "ExtraHosts": list(rights.addresses),
    }
    return {name: value for name, value in extra.items() if value}


def _mount(mount: Mount) -> dict[str, object]:
    """Return a mount that fails if its source is missing; a bind string would create it."""
    return {
        "Type": mount.kind,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.readonly,
    }


def _device(text: str) -> dict[str, str]:
    """Return a device; the command line's short forms mean the same path, and all of ``rwm``."""
    path, _, rest = text.partition(":")
    inside, _, rights = rest.partition(":")
    if not rights and re.fullmatch(r"[rwm]{1,3}", inside):
        inside, rights = path, inside
    return {
        "PathOnHost": path,
        "PathInContainer": inside or path,
        "CgroupPermissions": rights or "rwm",
    }


def _bind(mount: Mount) -> str:
    """Return a bind string: the only form of the API that can relabel for SELinux."""
    if ":" in mount.source + mount.target:
        msg = f"SELinux can't be told about a folder with a colon in its name: `{mount.source}`"
        raise EngineError(msg, hint="rename the folder")
    return f"{mount.source}:{mount.target}:{'ro,z' if mount.readonly else 'z'}"
