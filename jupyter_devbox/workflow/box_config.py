"""From a kernelspec's ``config`` to the box that it asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files.reader import configuration_at, configuration_digest
from jupyter_devbox.spec.box import BoxSpec
from jupyter_devbox.spec.client_metadata import client_metadata
from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.rights import Granted

_AGAIN = "jupyter devbox kernel install"


def asked_limits(config: Mapping[str, Any]) -> Limits:
    """Return the limits of a kernelspec's ``config``."""
    return Limits(
        memory=int(config.get("memory", 0)),
        shm=int(config.get("shm", 0)),
        cpus=float(config.get("cpus", 0.0)),
        pids=int(config.get("pids", 0)),
        ulimits=tuple(map(str, config.get("ulimits", ()))),
    )


def asked_cards(config: Mapping[str, Any]) -> GpuRequest | None:
    """Return the graphics cards of a kernelspec's ``config``; None for none."""
    gpus = config.get("gpus")
    return None if gpus is None else GpuRequest(devices=tuple(gpus))


def asked_box(
    config: Mapping[str, Any],
    granted: Granted,
    *,
    called: str,
    rootless: bool,
    compose: ComposeProject | None = None,
) -> BoxSpec:
    """Return the box that a kernelspec asks for, with what the user granted.

    A kernel in a container of its own, such as `verify` makes, has no services beside it.

    Parameters
    ----------
    config
        As `render.kernelspec` writes it; keys that a later version may add are passed over.
    called
        The kernelspec's name for people.
    rootless
        Whether root in a box is this user.
    compose
        What Compose starts for it; None for nothing.

    Raises
    ------
    ConfigurationError
        The kernelspec names no image or no project, or is damaged.
    """
    try:
        made = _box(config, granted, rootless=rootless, compose=compose)
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"The kernelspec of {called} is damaged: `{error}`"
        raise ConfigurationError(msg, hint=_AGAIN) from error
    if not made.image or not Path(made.project).is_absolute():
        msg = f"The kernelspec names no image or no project: `{called}`"
        raise ConfigurationError(msg, hint=_AGAIN)
    return made


def _box(
    config: Mapping[str, Any], granted: Granted, *, rootless: bool, compose: ComposeProject | None
) -> BoxSpec:
    project, image = str(config.get("project", "")), str(config.get("image", ""))
    name = Path(str(config.get("name", ""))).name
    file = Path(str(config["config_file"])) if config.get("config_file") else None
    present = file is not None and file.is_file()
    alone = config.get("isolation") == "kernel"
    return BoxSpec(
        project=project,
        name=Path(project).name if name in {"", ".", ".."} else name,
        target="cuda" if config.get("target") == "cuda" else "cpu",
        group=str(config.get("group", "")),
        image=image,
        config_file=str(file) if present else None,
        metadata=client_metadata(configuration_at(file) if file and present else {}),
        config_digest=configuration_digest(file) if file and present else "",
        env={**config.get("env", {}), **granted.env},
        mounts=granted.mounts,
        rights=granted.rights,
        network=granted.network,
        limits=asked_limits(config),
        gpus=asked_cards(config),
        compose=None if alone else compose,
        isolation="kernel" if alone else "box",
        idle=max(0, int(config.get("idle", 3600))),
        uid=os.getuid(),
        gid=os.getgid(),
        rootless=rootless,
    )
