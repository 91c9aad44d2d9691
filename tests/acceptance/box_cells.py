"""Cells that are run in the kernel of a project's box, as a server runs them."""

from __future__ import annotations

import json
from pathlib import Path

from machine import Machine

DRIVER = """
import json, os, sys
from jupyter_client.manager import KernelManager
name, notebook, *cells = sys.argv[1:]
manager = KernelManager(kernel_name=name)
manager.start_kernel(cwd=os.path.dirname(notebook), env={**os.environ, "JPY_SESSION_NAME": notebook})
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
said = []
for cell in cells:
    text = []
    def hook(message):
        text.append(message["content"].get("text") or "\\n".join(message["content"].get("traceback", [])))
    client.execute_interactive(cell, timeout=120, output_hook=hook)
    said.append("".join(text))
client.stop_channels()
manager.shutdown_kernel()
print(json.dumps(said))
"""  # noqa: E501


def run_cells(machine: Machine, kernel: str, notebook: Path, *code: str, **env: str) -> list[str]:
    """Return what each cell printed, all in one kernel that ends with them.

    The server tells a kernel its notebook's name, and so does this.
    """
    words = (machine.python, "-c", DRIVER, kernel, notebook, *code)
    done = machine.command(*words, cwd=notebook.parent, env=env)
    assert done.code == 0, done
    said: list[str] = json.loads(done.out)
    return said
