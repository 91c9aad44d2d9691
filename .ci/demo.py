"""Show the project at work: containerize the quickstart, run it in its box, say where all is.

Called by ``make.py demo`` inside ``.venv``; it does what a user would type.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = Path(os.environ.get("DEVBOX_DEMO", Path.home() / "devbox-demo"))
NOTEBOOK = "quickstart.ipynb"
FILES = (NOTEBOOK, "confusion.py")


def main() -> int:
    """Run the demo; the exit status is that of the first command that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=("cpu", "venv"), default="cpu")
    parser.add_argument("--lab", action="store_true", help="open JupyterLab at the end")
    options = parser.parse_args()
    target = options.target
    DEMO.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if not (DEMO / name).exists():  # whoever played with the demo keeps what they wrote
            shutil.copy2(ROOT / "examples" / name, DEMO / name)
    print(f"\nThe demo's project is {DEMO}: a notebook and a module of its own.\n", flush=True)
    for words in (
        ["containerize", NOTEBOOK, "--target", target],
        ["run", NOTEBOOK, "--target", target],
        ["status"],
    ):
        print(f"$ jupyter devbox {' '.join(words)}", flush=True)
        status = subprocess.run(
            [sys.executable, "-m", "jupyter_devbox", *words], cwd=DEMO, check=False
        ).returncode
        if status:
            return status
        print(flush=True)
    _show_answers()
    print("Where everything is:")
    print(f"  {Path(sys.executable).parent / 'jupyter'}  the `jupyter` of the lines above")
    print(f"  {DEMO / '.devcontainer'}  the files: read them, commit them, open them in VS Code")
    print(f"  {DEMO / 'quickstart.out.ipynb'}  the notebook with the outputs of this run")
    print("  jupyter devbox prune --all  what was made on this machine, and its removal")
    return _serve() if options.lab else 0


def _serve() -> int:
    """Run JupyterLab until Ctrl-C, and print the address of the notebook in it."""
    token = secrets.token_urlsafe(24)
    lab = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lab.append("--allow-root")
    log = ROOT / ".venv" / "log" / "lab.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as out:
        server = subprocess.Popen(
            lab,
            cwd=DEMO,
            env={**os.environ, "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        port = _port(server)
        if port is None:
            print(log.read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
            return 1
        address = f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}?token={token}"
        print(
            f"\nJupyterLab runs until Ctrl-C; the box is in its left bar:\n  {address}", flush=True
        )
        return server.wait()
    finally:
        server.terminate()
        server.wait()


def _port(server: subprocess.Popen[bytes]) -> int | None:
    """Wait until the server says on which port it listens; None if it ends instead."""
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415  (only in .venv)

    said = Path(jupyter_runtime_dir()) / f"jpserver-{server.pid}.json"
    while server.poll() is None:
        with suppress(OSError, ValueError):  # not there yet, or half written
            return int(json.loads(said.read_text(encoding="utf-8"))["port"])
        time.sleep(0.2)
    return None


def _show_answers() -> None:
    """Print what the notebook printed."""
    document = json.loads((DEMO / "quickstart.out.ipynb").read_text(encoding="utf-8"))
    print("The notebook says:")
    for cell in document["cells"]:
        for output in cell.get("outputs", ()):
            text = "".join(output.get("text", ""))
            if output.get("output_type") == "stream" and output.get("name") == "stdout":
                print("".join(f"  | {line}\n" for line in text.splitlines()), end="")
    print()


if __name__ == "__main__":
    sys.exit(main())
