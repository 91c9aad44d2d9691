"""The settings of a kernel: its kernelspec's ``config``, and the box that they ask for."""

# ruff: noqa: ANN401  # these signatures are jupyter_client's
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Dict, Enum, Float, Integer, List, TraitError, Unicode

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files.reader import configuration_at, configuration_digest
from jupyter_devbox.spec.box import BoxSpec, Target
from jupyter_devbox.spec.client_metadata import client_metadata
from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.rights import Granted


class KernelSettings(KernelProvisionerBase):
    """The traits are the keys of the kernelspec's ``config``.

    Keys that a later version may add are dropped.
    """

    image = Unicode(help="Image id, sha256:…: a box is never started by a name")
    project = Unicode(help="Absolute path of the project's folder")
    target = Enum(["cpu", "cuda"], default_value="cpu", help="Which of the project's images it is")
    group = Unicode(help="Which of a split project's environments it is; empty for the only one")
    isolation = Enum(["box", "kernel"], default_value="box", help="Share the box, or have one each")
    name = Unicode(help="The project's name in the box; its folder's name if empty")
    memory = Integer(0, help="Memory limit in bytes; 0 for none")
    shm = Integer(0, help="Size of /dev/shm in bytes; 0 for the engine's own")
    cpus = Float(0.0, help="CPU limit; 0 for none")
    pids = Integer(0, help="Limit of processes; 0 for none")
    ulimits = List(Unicode(), help="Limits of each process: name=soft[:hard]")
    gpus: Any = List(
        Unicode(), None, allow_none=True, help="Graphics cards: none, [] for all, or which"
    )
    idle = Integer(3600, help="Seconds until a box in which nothing runs stops; 0 for never")
    env = Dict(help="What containerEnv lists without the host's variables")
    config_file = Unicode(help="Absolute path of the devcontainer.json that VS Code opens")
    start_timeout = Float(60.0, help="Seconds until a kernel must listen")

    def __init__(self, **kwargs: Any) -> None:
        known = {*self.trait_names(), "parent", "config", "log"}
        super().__init__(**{key: value for key, value in kwargs.items() if key in known})

    def renew(self) -> None:
        """Take over what `containerize` has registered since: Jupyter keeps a spec it has read.

        So a restart gets the new image, and the new limits.
        """
        if not self.kernel_spec.resource_dir:
            return
        file = Path(self.kernel_spec.resource_dir, "kernel.json")
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            config = dict(document["metadata"]["jupyter_devbox"]["config"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # removed meanwhile: the spec in hand still says all
        try:
            for name in config.keys() & set(KernelSettings.class_own_traits()):
                setattr(self, name, config[name])
        except TraitError as error:
            msg = f"The kernelspec is damaged: `{file}`"
            raise ConfigurationError(msg, hint="jupyter devbox kernel install") from error

    @property
    def box_target(self) -> Target:
        """Which of the project's images it is."""
        return "cuda" if self.target == "cuda" else "cpu"

    def asked_limits(self) -> Limits:
        """Return the limits that the kernelspec asks for."""
        return Limits(
            memory=self.memory,
            shm=self.shm,
            cpus=self.cpus,
            pids=self.pids,
            ulimits=tuple(self.ulimits),
        )

    def asked_box(
        self, granted: Granted, *, rootless: bool, compose: ComposeProject | None = None
    ) -> BoxSpec:
        """Return the box that the kernelspec asks for, with what the user granted.

        A kernel in a container of its own, such as `verify` makes, has no services beside it.

        Raises
        ------
        ConfigurationError
            The kernelspec names no image or no project.
        """
        if not self.image or not Path(self.project).is_absolute():
            msg = f"The kernelspec names no image or no project: `{self.kernel_spec.display_name}`"
            raise ConfigurationError(msg, hint="jupyter devbox kernel install")
        name = Path(self.name).name
        config = Path(self.config_file) if self.config_file else None
        present = config is not None and config.is_file()
        return BoxSpec(
            project=self.project,
            name=Path(self.project).name if name in {"", ".", ".."} else name,
            target=self.box_target,
            group=self.group,
            image=self.image,
            config_file=self.config_file if present else None,
            metadata=client_metadata(configuration_at(config) if config and present else {}),
            config_digest=configuration_digest(config) if config and present else "",
            env={**self.env, **granted.env},
            mounts=granted.mounts,
            rights=granted.rights,
            network=granted.network,
            limits=self.asked_limits(),
            gpus=None if self.gpus is None else GpuRequest(devices=tuple(self.gpus)),
            compose=None if self.isolation == "kernel" else compose,
            isolation="kernel" if self.isolation == "kernel" else "box",
            idle=max(0, self.idle),
            uid=os.getuid(),
            gid=os.getgid(),
            rootless=rootless,
        )
