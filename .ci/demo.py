"""Show the project at work: containerize the quickstart, run it in its box, say where all is.

Called by ``make.py demo`` inside ``.venv``; it does what a user would type.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = Path(os.environ.get("DEVBOX_DEMO", Path.home() / "devbox-demo"))
NOTEBOOK = "quickstart.ipynb"
FILES = (NOTEBOOK, "confusion.py")


def main() -> int:
    """Run the demo; the exit status is that of the first command that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=("cpu", "venv"), default="cpu")
    target = parser.parse_args().target
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
    return 0


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
