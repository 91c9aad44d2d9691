"""Images, containers and builds as plain values: what an engine is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from jupyter_devbox.spec.gpu import GpuRequest


class _Empty(Mapping[str, str]):
    """A mapping that stays empty, hashable: only such a value may be a dataclass's default."""

    __slots__ = ()

    def __getitem__(self, key: str) -> str:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


EMPTY: Mapping[str, str] = _Empty()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """The engine that answers.

    Parameters
    ----------
    name
        ``docker``, or ``podman`` where its service answers.
    version
        Its own version, such as ``26.1.5``.
    rootless
        Whether root in a box is the calling user: then a box is started without `user`.
    platform
        Of the images it runs, such as ``linux/amd64``.
    local
        Whether bind mounts name this machine's own folders.
    free_bytes
        Free space where images are kept; None where it cannot be seen.
    id
        What tells it from other engines; "" if it has no such thing.
    cpus, memory
        What its machine has, memory in bytes; 0 where it does not say.
    """

    name: str
    version: str
    rootless: bool
    platform: str
    local: bool = True
    free_bytes: int | None = None
    id: str = ""
    cpus: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """One image of the engine.

    `id` is the full ``sha256:…``; `digest` the registry digest reported for the tag that was
    asked for, or None; `size` in bytes on disk; `created` in seconds since the epoch; `layers` are
    the digests of its file system's layers, lowest first.
    """

    id: str
    tags: tuple[str, ...] = ()
    digest: str | None = None
    size: int = 0
    created: float = 0.0
    platform: str = ""
    env: Mapping[str, str] = EMPTY
    labels: Mapping[str, str] = EMPTY
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStep:
    """One instruction that an image was made by; `bytes` is what its layer takes, 0 for none."""

    instruction: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder or file of the host, or a named volume of the engine's, in a box.

    `relabel` adds SELinux ``:z`` (our folders only).
    """

    source: str
    target: str
    readonly: bool = False
    relabel: bool = False
    kind: Literal["bind", "volume"] = "bind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a container has beyond an ordinary one: nothing, unless the user allowed it.

    Parameters
    ----------
    capabilities
        Added ones, such as ``SYS_PTRACE``.
    security
        Options such as ``seccomp=unconfined``, besides our own.
    devices
        ``HOST_PATH[:PATH[:rwm]]`` as Docker's command line writes them.
    addresses
        ``NAME:ADDRESS``, for the container's hosts file.
    """

    privileged: bool = False
    capabilities: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds of a box. Bytes for memory and shm; CPUs may be fractional; 0 = no limit.

    `ulimits` are ``name=soft[:hard]``, as Docker's command line writes them.
    """

    memory: int = 0
    shm: int = 0
    cpus: float = 0.0
    pids: int = 0
    ulimits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container to be created, never pulled.

    Parameters
    ----------
    image
        Image id (``sha256:…``), never a name: a name could be pulled from a stranger.
    name
        Container name; "" lets the engine choose.
    command
        Replaces entrypoint and command.
    user
        ``uid:gid``, or "" for the image's own.
    network
        ``bridge``, ``none`` or the name of a network that is there; never ``host``.
    gpus
        The graphics cards that it asks for; None for none.
    """

    image: str
    name: str = ""
    command: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    env: Mapping[str, str] = EMPTY
    labels: Mapping[str, str] = EMPTY
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    network: str = "bridge"
    rights: Rights = field(default_factory=Rights)
    gpus: GpuRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerInfo:
    """One container as it stands.

    `started` in seconds since the epoch, 0.0 if never; `user` as it was created with, "" for the
    image's own; `mounts` are its bind mounts; `limits` without those of single processes.
    """

    id: str
    name: str
    image: str
    status: Literal["created", "running", "paused", "exited", "dead"]
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    started: float = 0.0
    labels: Mapping[str, str] = EMPTY
    limits: Limits = field(default_factory=Limits)
    user: str = ""
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecSpec:
    """A program to run in a running container."""

    command: tuple[str, ...]
    user: str = ""
    workdir: str = ""
    env: Mapping[str, str] = EMPTY
    stdin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """How a program in a container ended; output decoded, undecodable bytes replaced."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file or folder in which a container differs from its image; `path` is absolute."""

    path: str
    kind: Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """An image to be built with BuildKit.

    Parameters
    ----------
    context
        Absolute path of the folder `.devcontainer/`; nothing else is sent.
    dockerfile
        Path relative to `context`.
    tag
        Name for the image.
    args, labels
        Build arguments and image labels; never secrets.
    secrets
        BuildKit secret id → path of the file on this machine.
    """

    context: str
    dockerfile: str = "Dockerfile"
    tag: str = ""
    args: Mapping[str, str] = EMPTY
    labels: Mapping[str, str] = EMPTY
    secrets: Mapping[str, str] = EMPTY
    no_cache: bool = False
