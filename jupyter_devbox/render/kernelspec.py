"""kernel.json of a box kernel and of a virtual environment's.

The format is jupyter_client's ("Making kernels for Jupyter" in its documentation).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_devbox.spec.container import EMPTY, Limits

PROVISIONER = "devbox-provisioner"


def box_kernelspec(
    *,
    display_name: str,
    python: str,
    project: str,
    name: str,
    target: str,
    image: str,
    config_file: str,
    limits: Limits,
    isolation: str = "box",
    idle: int = 3600,
    env: Mapping[str, str] = EMPTY,
) -> dict[str, Any]:
    """Return the kernelspec of a box kernel.

    `idle` is in seconds, 0 for ever. Our provisioner starts it. A client that ignores
    provisioners runs `argv` instead, which then says so in one sentence and ends.
    """
    return {
        "argv": [python, "-m", "jupyter_devbox", "kernel", "start", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "message",
        "metadata": {
            "debugger": True,
            "kernel_provisioner": {
                "provisioner_name": PROVISIONER,
                "config": {
                    "image": image,
                    "project": project,
                    "name": name,
                    "target": target,
                    "isolation": isolation,
                    "idle": idle,
                    "config_file": config_file,
                    "memory": limits.memory,
                    "shm": limits.shm,
                    "cpus": limits.cpus,
                    "pids": limits.pids,
                    **({"ulimits": list(limits.ulimits)} if limits.ulimits else {}),
                    **({"env": dict(env)} if env else {}),
                },
            },
            "jupyter_devbox": {"target": target, "project": project, "image": image},
        },
    }


def venv_kernelspec(*, display_name: str, python: str, project: str) -> dict[str, Any]:
    """Return the kernelspec of a virtual environment: plain ipykernel."""
    return {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "env": {"JUPYTER_DEVBOX_BOX": "venv"},
        "metadata": {
            "debugger": True,
            "jupyter_devbox": {"target": "venv", "project": project, "image": None},
        },
    }
