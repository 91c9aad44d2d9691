"""Ports that programs in a box listen on: what the box says of them, checked. Pure."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

MOST = 256
"""Ports of one box that are listed; a program that opens more is none that anybody looks at."""

DASHBOARDS = {
    "bokeh": "Bokeh",
    "dash": "Dash",
    "dask": "Dask",
    "gradio": "Gradio",
    "jupyter": "Jupyter",
    "mlflow": "MLflow",
    "ray": "Ray",
    "streamlit": "Streamlit",
    "tensorboard": "TensorBoard",
}
"""Names that a box may give a port, and how people write them."""

USUAL = {
    5006: "bokeh",
    6006: "tensorboard",
    7860: "gradio",
    8050: "dash",
    8265: "ray",
    8501: "streamlit",
    8787: "dask",
}
"""Ports that these take when they are told none (each one's own documentation)."""

_PROCESS = re.compile(r"[\w.+-][\w.+ -]{0,39}", re.ASCII)
_MOST_PROCESSES = 1 << 22  # the largest pid of Linux (proc(5), pid_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningPort:
    """A TCP port that something in a box listens on.

    Parameters
    ----------
    port
        Its number in the box.
    address
        The address that it listens at there.
    pid
        The process in the box; 0 where it is none of the box's user.
    process
        That process's name; "" where it is not known.
    label
        Which dashboard it seems to be, as people write it; "" for any other program.
    """

    port: int
    address: str
    pid: int = 0
    process: str = ""
    label: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as `ports --json` and the server have it."""
        return asdict(self)


def told_ports(text: str) -> tuple[ListeningPort, ...]:
    """Return the ports that a box tells of, by number; what is not well formed is left out.

    Parameters
    ----------
    text
        A JSON list of objects, as `run/listening_ports` in the box prints it.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    rows = told[:MOST] if isinstance(told, list) else []
    found = {port.port: port for row in rows if (port := _port(row)) is not None}
    return tuple(found[number] for number in sorted(found))


def _port(row: object) -> ListeningPort | None:
    if not isinstance(row, dict):
        return None
    number = _count(row.get("port"), 65535)
    address = _address(row.get("address"))
    if not number or not address:
        return None
    name = row.get("process")
    known = row.get("label")
    return ListeningPort(
        port=number,
        address=address,
        pid=_count(row.get("pid"), _MOST_PROCESSES),
        process=name if isinstance(name, str) and _PROCESS.fullmatch(name) else "",
        label=DASHBOARDS.get(known, "") if isinstance(known, str) else "",
    )


def _count(value: object, most: int) -> int:
    """Return a number from 1 to `most`; 0 for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and 0 < value <= most else 0


def _address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""
