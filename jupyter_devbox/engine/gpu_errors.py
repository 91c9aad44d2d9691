"""What engines and NVIDIA's toolkit say when a box gets no graphics card, in our words. Pure.

*create* answers well; it is *start* that is refused. Seen with Docker 26.1.5 unless a line says
otherwise; the toolkit's own sentences are those of libnvidia-container.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_devbox.errors import GpuUnavailableError

CPU = "or choose --target cpu"
TOOLKIT = (
    "install the NVIDIA Container Toolkit, then:"
    " sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
)
_SPEC = "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
TOOLKIT_CDI = f"install the NVIDIA Container Toolkit, then: {_SPEC}"
"""For Podman, which knows cards by CDI alone."""


def toolkit(engine: str) -> str:
    """Return what installs the toolkit for an engine of that name."""
    return TOOLKIT_CDI if engine == "podman" else TOOLKIT


_RESTART = ("Restarting Docker stops the boxes that run.",)
_TOOL = "nvidia-container-cli:"
_OWN = re.compile(rf"{_TOOL}\s*(.+)", re.DOTALL)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is said, and what we say; the first group of `pattern`, if any, is put last."""

    pattern: str
    message: str
    hint: str
    details: tuple[str, ...] = ()


_RULES = (
    _Rule(
        r'could not select device driver "(?:nvidia)?" with capabilities: \[\[.*?gpu'
        r"|unknown or invalid runtime name: nvidia",
        "Docker has no NVIDIA support on the machine where it runs",
        f"{TOOLKIT}; {CPU}",
        _RESTART,
    ),
    _Rule(
        r'could not select device driver "cdi"',
        "Docker does not use the Container Device Interface (CDI), as it was asked to",
        f'put {{"features": {{"cdi": true}}}} into /etc/docker/daemon.json, restart Docker; {CPU}',
        _RESTART,
    ),
    _Rule(
        rf"unresolvable CDI devices? (\S+)|{_TOOL} device error: ([^:\s]+): unknown device",
        "There is no such GPU on the machine where boxes run",
        f"nvidia-smi -L and nvidia-ctk cdi list name those there are; to find more: {_SPEC}; {CPU}",
    ),
    _Rule(
        r"unexpected (?:count|options) in CDI device request"
        r"|gathering device information while adding custom device \"nvidia\.com/gpu="
        r"|stat nvidia\.com/gpu=\S*: no such file",
        "This engine doesn't take the way in which a GPU is asked of it",
        f"use another version of the engine, {CPU}; and report it with what `docker version` says",
    ),
    _Rule(
        r"unsatisfied condition: ([^,\n]+)",
        "The NVIDIA driver is older than the image requires",
        f"jupyter devbox containerize --target cuda again, on this machine; {CPU}",
    ),
    # Those below were not seen here. They are libnvidia-container's own; the cure of the first is
    # that of the toolkit's installation guide, "Rootless mode".
    _Rule(
        rf"{_TOOL}.*(?:failed to add device rules|bpf_prog_query)",
        "Docker runs without root, and NVIDIA's toolkit is not told so",
        f"sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place, {CPU}",
    ),
    _Rule(
        rf"{_TOOL}.*driver/library version mismatch",
        "The NVIDIA driver was updated and is not loaded yet",
        f"restart the machine, {CPU}",
    ),
    _Rule(
        rf"{_TOOL}.*driver not loaded",
        "The NVIDIA driver is not loaded on the machine where boxes run",
        f"sudo modprobe nvidia && nvidia-smi, {CPU}",
    ),
    _Rule(
        rf"{_TOOL}.*load library failed: libnvidia-ml",
        "The NVIDIA driver is not installed on the machine where boxes run",
        f"install the driver, {CPU}",
    ),
)


def gpu_error(text: str) -> GpuUnavailableError | None:
    """Return the error for an engine's sentence; None where it has nothing to do with cards."""
    for rule in _RULES:
        if found := re.search(rule.pattern, text, re.IGNORECASE | re.DOTALL):
            value = next((group.strip(" ,.") for group in found.groups() if group), "")
            message = f"{rule.message}: `{value}`" if value else rule.message
            return GpuUnavailableError(message, hint=rule.hint, details=rule.details)
    if found := _OWN.search(text):  # all before it is Docker's and runc's way to say "a hook"
        said = " ".join(found[1].removesuffix(": unknown").split())[:_LONGEST]
        message = f"NVIDIA's toolkit can't give the box a GPU: `{said}`"
        return GpuUnavailableError(message, hint=f"nvidia-smi, on that machine; {CPU}")
    return None
