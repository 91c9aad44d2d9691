"""What a mount lets a project do, in words."""

from __future__ import annotations

from jupyter_devbox.spec.container import Mount
from jupyter_devbox.spec.findings import Finding, as_json
from jupyter_devbox.spec.visible import visible


def mount_finding(key: str, index: int | None, value: object, mount: Mount | None) -> Finding:
    """Return the finding of a mount; `mount` is None where the box cannot take it."""
    if mount is None:
        says = "mounts something in a way that the box never takes"
        return Finding(key=key, index=index, value=as_json(value), says=says, kind="never")
    # As volume and as mount are one text in two grammars: how it is read is part of what it is.
    return Finding(
        key=key, index=index, value=as_json(value), says=_says(mount),
        kind="volume" if key == "runArgs --volume" else "mount",
    )  # fmt: skip


def _says(mount: Mount) -> str:
    source = visible(mount.source)
    if mount.kind == "volume":
        return f"shares the volume {source} with other containers"
    if source.endswith(("docker.sock", "podman.sock", "containerd.sock")):
        return "commands this machine's container engine, so it can do anything here"
    if source == "/":
        verb = "reads" if mount.readonly else "reads and writes"
        return f"{verb} every file of this machine"
    return f"{'reads' if mount.readonly else 'reads and writes'} {source} of this machine"
