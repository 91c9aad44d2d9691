"""The settings of a kernel: its kernelspec's ``config``, and the box that they ask for."""

# ruff: noqa: ANN401  # these signatures are jupyter_client's
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Dict, Enum, Float, Integer, List, TraitError, Unicode

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.box import BoxSpec, Target
from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.rights import Granted
from jupyter_devbox.workflow.box_config import asked_box, asked_cards, asked_limits

_WHERE_THERE_ARE_ANY = ("env", "gpus", "ulimits")
"""Keys that a kernelspec has only where they say something."""


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

        So a restart gets the new image, the new limits and other cards, or none any more.
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
            for name in _WHERE_THERE_ARE_ANY:
                if name not in config:
                    setattr(self, name, self.trait_defaults(name))
        except TraitError as error:
            msg = f"The kernelspec is damaged: `{file}`"
            raise ConfigurationError(msg, hint="jupyter devbox kernel install") from error

    @property
    def box_target(self) -> Target:
        """Which of the project's images it is."""
        return "cuda" if self.target == "cuda" else "cpu"

    @property
    def limits(self) -> Limits:
        """The limits of the box that it asks for."""
        return asked_limits(self._config)

    @property
    def cards(self) -> GpuRequest | None:
        """The graphics cards that its box asks for; None for none."""
        return asked_cards(self._config)

    def asked_box(
        self, granted: Granted, *, rootless: bool, compose: ComposeProject | None = None
    ) -> BoxSpec:
        """Return the box that the kernelspec asks for; see `workflow.box_config.asked_box`."""
        called = self.kernel_spec.display_name
        return asked_box(self._config, granted, called=called, rootless=rootless, compose=compose)

    @property
    def _config(self) -> dict[str, Any]:
        """The kernelspec's ``config``, each value of its type."""
        return {name: getattr(self, name) for name in KernelSettings.class_own_traits()}
