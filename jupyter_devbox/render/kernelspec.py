"""kernel.json of a box kernel and of a virtual environment's.

The format is jupyter_client's ("Making kernels for Jupyter" in its documentation).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_devbox.spec.container import EMPTY, Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.kernelspec import SPEC_VARIABLE, with_provisioner


def box_kernelspec(
    *,
    kernel: str,
    display_name: str,
    python: str,
    project: str,
    name: str,
    target: str,
    group: str = "",
    image: str,
    config_file: str,
    limits: Limits,
    isolation: str = "box",
    idle: int = 3600,
    env: Mapping[str, str] = EMPTY,
    gpus: GpuRequest | None = None,
    provisioner: bool = True,
) -> dict[str, Any]:
    """Return the kernelspec of a box kernel.

    A client that ignores provisioners runs `argv`, which works alone. A server that lacks ours
    would refuse a kernelspec that names it (jupyter_client's `NoSuchKernel`).

    Parameters
    ----------
    kernel
        The kernelspec's own name.
    group
        Which of a split project's environments it is; "" for the only one.
    idle
        Seconds until a box in which nothing runs stops; 0 for never.
    python
        Absolute path of the interpreter that has jupyter_devbox: jupyter_client turns a bare
        ``python`` into the server's own.
    provisioner
        Whether the servers that will read it have our provisioner, which starts kernels faster.
    """
    config = {
        "image": image,
        "project": project,
        "name": name,
        "target": target,
        **({"group": group} if group else {}),
        "isolation": isolation,
        "idle": idle,
        "config_file": config_file,
        "memory": limits.memory,
        "shm": limits.shm,
        "cpus": limits.cpus,
        "pids": limits.pids,
        **({"ulimits": list(limits.ulimits)} if limits.ulimits else {}),
        **({"env": dict(env)} if env else {}),
        **({"gpus": list(gpus.devices)} if gpus else {}),
    }
    ours = {
        "target": target,
        **({"group": group} if group else {}),
        "project": project,
        "image": image,
        "config": config,
    }
    metadata = {"debugger": True, "jupyter_devbox": ours}
    return {
        "argv": [python, "-m", "jupyter_devbox.shim", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "message",
        "env": {SPEC_VARIABLE: kernel},
        "metadata": with_provisioner(metadata) if provisioner else metadata,
    }


def venv_kernelspec(
    *, display_name: str, python: str, project: str, group: str = ""
) -> dict[str, Any]:
    """Return the kernelspec of a virtual environment: plain ipykernel."""
    return {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "env": {"JUPYTER_DEVBOX_BOX": "venv"},
        "metadata": {
            "debugger": True,
            "jupyter_devbox": {
                "target": "venv",
                **({"group": group} if group else {}),
                "project": project,
                "image": None,
            },
        },
    }
