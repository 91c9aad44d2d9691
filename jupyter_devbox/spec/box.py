"""The box: what it is made from, how it is recognised, and what stands of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.container import EMPTY, Limits, Mount, Rights
from jupyter_devbox.spec.gpu import GpuRequest

Target = Literal["cpu", "cuda"]
TARGETS: tuple[Target, ...] = ("cpu", "cuda")
Isolation = Literal["box", "kernel"]
Kind = Literal["box", "kernel"]
Transport = Literal["mount", "stream"]
"""Sockets in a folder that box and host share, or one exec stream a kernel."""
TRANSPORTS: tuple[Transport, ...] = ("mount", "stream")

LABEL_KIND = "jupyter-devbox.kind"
LABEL_OWNER = "jupyter-devbox.owner"
LABEL_PROJECT = "jupyter-devbox.project"
LABEL_TARGET = "jupyter-devbox.target"
LABEL_GROUP = "jupyter-devbox.group"
"""On the images and boxes of a split project alone."""
LABEL_IMAGE = "jupyter-devbox.image"
LABEL_CONFIG_DIGEST = "jupyter-devbox.config-digest"
LABEL_FINGERPRINT = "jupyter-devbox.fingerprint"
LABEL_RUNTIME = "jupyter-devbox.runtime"

DEVCONTAINER_FOLDER = "devcontainer.local_folder"
DEVCONTAINER_CONFIG = "devcontainer.config_file"
DEVCONTAINER_METADATA = "devcontainer.metadata"

USER = "jovyan"
HOME = f"/home/{USER}"
WORKSPACES = "/workspaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSpec:
    """The box that a project and target call for.

    Parameters
    ----------
    project
        Absolute path of the project's folder on the host.
    name
        Its name in the box: ``/workspaces/<name>``, and part of the container's name.
    target
        ``cpu`` or ``cuda``.
    group
        The group of notebooks that it is for; "" in a project that is not split.
    image
        Image id (``sha256:…``).
    config_file
        Absolute path of the devcontainer.json that `devcontainer up` reads, or None.
    metadata
        What ``devcontainer.metadata`` says: a JSON array.
    config_digest
        Digest of the configuration that the box is made from; "" when unknown.
    mounts, rights, network
        What the user allowed besides the project and an ordinary box.
    env
        What the user listed by ``containerEnv``; never written into a label.
    gpus
        The graphics cards that it asks for; None for none.
    compose
        The Compose project that the box is a service of; None for a box by itself.
    isolation
        ``box``: kernels share the container; ``kernel``: each has its own.
    uid, gid
        Who the box's files belong to on the host.
    rootless
        Whether root in the box is that user already.
    idle
        Seconds without any program in it until it stops; 0 for never. An hour: longer than a
        lunch, shorter than a night. What was installed in it stays, and it starts in 0.2 s.
    """

    project: str
    name: str
    target: Target
    group: str = ""
    image: str
    config_file: str | None = None
    metadata: str = "[]"
    config_digest: str = ""
    mounts: tuple[Mount, ...] = ()
    rights: Rights = field(default_factory=Rights)
    network: str = "bridge"
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = EMPTY
    gpus: GpuRequest | None = None
    compose: ComposeProject | None = None
    isolation: Isolation = "box"
    uid: int
    gid: int
    rootless: bool = False
    idle: int = 3600

    @property
    def workspace(self) -> str:
        """Where the project is in the box."""
        return f"{WORKSPACES}/{self.name}"

    @property
    def box_uid(self) -> int:
        """The user's uid as the box sees it."""
        return 0 if self.rootless else self.uid

    @property
    def box_gid(self) -> int:
        """The user's gid as the box sees it."""
        return 0 if self.rootless else self.gid

    def fingerprint(self) -> str:
        """Return what two boxes must agree on to be one: all that is fixed at creation.

        The configuration file's own digest is left out: a box goes *stale*, it isn't replaced
        under the user. So are `idle`, which may change while it runs, and settings of the host's,
        such as proxies and the CA bundle.
        """
        limits = self.limits
        # Left out where there are none, so that the boxes of earlier versions stay.
        gpus = [self.gpus.devices] if self.gpus else []
        compose = [self.compose.digest()] if self.compose else []
        group = [["group", self.group]] if self.group else []
        parts = [
            [self.project, self.name, self.target, self.image, self.config_file],
            [[m.kind, m.source, m.target, m.readonly] for m in self.mounts],
            [asdict(self.rights), self.network],
            [limits.memory, limits.shm, limits.cpus, limits.pids, limits.ulimits],
            sorted(self.env.items()),
            [self.box_uid, self.box_gid],
            *gpus,
            *compose,
            *group,
        ]
        text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def labels(self, kind: Kind) -> dict[str, str]:
        """Return our own labels for a container of that kind."""
        return {
            **self.identity(kind),
            LABEL_IMAGE: self.image,
            LABEL_CONFIG_DIGEST: self.config_digest,
            LABEL_FINGERPRINT: self.fingerprint(),
        }

    def identity(self, kind: Kind) -> dict[str, str]:
        """Return the labels by which the containers of a project and target are found."""
        return {
            LABEL_KIND: kind,
            LABEL_OWNER: str(self.uid),
            LABEL_PROJECT: self.project,
            LABEL_TARGET: self.target,
            **({LABEL_GROUP: self.group} if self.group else {}),
        }

    def runs_in(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels of a container of this project and target are of this group."""
        return labels.get(LABEL_GROUP, "") == self.group

    def devcontainer_labels(self) -> dict[str, str]:
        """Return the labels by which `devcontainer up` finds the box; {} without a file."""
        if self.config_file is None:
            return {}
        return {
            DEVCONTAINER_FOLDER: self.project,
            DEVCONTAINER_CONFIG: self.config_file,
            DEVCONTAINER_METADATA: self.metadata,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A container that runs and whose transport is proven.

    Parameters
    ----------
    workspace
        Where the project is in it.
    stale
        Whether its configuration changed since it was made.
    user
        Who kernels run as; "" for the container's own user.
    ours
        Whether we made it; those of others are used, never stopped, removed or changed.
    """

    id: str
    name: str
    image: str
    target: Target
    project: str
    workspace: str
    stale: bool = False
    transport: Transport = "mount"
    user: str = ""
    ours: bool = True
