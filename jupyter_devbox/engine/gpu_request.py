"""How cards are asked of an engine: the words of Docker's API, and of CDI. Pure.

See ``docker run --gpus`` and "Container Device Interface" in Docker's documentation, and
github.com/cncf-tags/container-device-interface, SPEC.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_support import GpuSupport, GpuWay

KIND = "nvidia.com/gpu"
"""What NVIDIA's toolkit calls its devices in CDI."""


def device_request(request: GpuRequest, way: GpuWay) -> dict[str, Any]:
    """Return the entry of `DeviceRequests` in the body of *create container*.

    No variable is set beside it. Docker sets NVIDIA_VISIBLE_DEVICES itself, for a hook to read,
    and a CDI specification sets it to ``void``; of NVIDIA_DRIVER_CAPABILITIES the toolkit's own
    default is what CUDA needs, ``utility,compute`` (docs.nvidia.com, Container Toolkit).
    """
    if way == "cdi":  # with a count Docker refuses it
        names = [f"{KIND}={device}" for device in request.devices or ("all",)]
        return {"Driver": "cdi", "DeviceIDs": names}
    cards = {"DeviceIDs": list(request.devices)} if request.devices else {"Count": -1}
    return {**cards, "Capabilities": [["gpu"]]}


def gpu_support(facts: Mapping[str, Any], devices: Iterable[str]) -> GpuSupport:
    """Return what an answer to *info* says of cards.

    NVIDIA's runtime goes before CDI: where it is set up ``--gpus`` works on every version, and
    other clients ask in that way too.

    Parameters
    ----------
    devices
        Qualified CDI names found elsewhere, for engines that don't list them (before 28.2).
    """
    listed = {str(each.get("ID")) for each in facts.get("DiscoveredDevices") or ()}
    ours = tuple(sorted(n for n in {*listed, *devices} if n.startswith(f"{KIND}=")))
    if "nvidia" in (facts.get("Runtimes") or ()):
        return GpuSupport(way="runtime", devices=ours)
    return GpuSupport(way="cdi" if ours else "", devices=ours)
