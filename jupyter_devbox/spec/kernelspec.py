"""What kernel.json of a box holds that more than one stage has to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROVISIONER = "devbox-provisioner"
"""Name of our entry point in the group ``jupyter_client.kernel_provisioners``."""

SPEC_VARIABLE = "JUPYTER_DEVBOX_KERNELSPEC"
"""In the kernelspec's `env`: its own name, for the shim. It never reaches the box."""


def with_provisioner(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a box kernelspec's metadata as it is where our provisioner is known.

    The provisioner's settings stand in our own part, so that a kernelspec without it, for servers
    that would refuse one whose provisioner they lack, says the same.

    Raises
    ------
    KeyError, TypeError
        It is no box kernelspec of ours.
    """
    config = dict(metadata["jupyter_devbox"]["config"])
    return {
        **metadata,
        "kernel_provisioner": {"provisioner_name": PROVISIONER, "config": config},
    }
