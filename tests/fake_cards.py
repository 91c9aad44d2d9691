"""Graphics cards for tests where there are none: a false NVIDIA stack below a real Docker daemon.

The program that makes it lies beside the repository, `tools/fake_gpu.py`, and says what it covers.
No card computes: what is proven is who asks for what in which words, and what a box sees of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import private_engine
from private_engine import PrivateEngine

Way = Literal["runtime", "cdi"]
CARDS = 2
DRIVER = "550.54.14"


@dataclass(frozen=True, slots=True)
class CardDaemon:
    """A daemon of the test's own whose containers get false cards."""

    private: PrivateEngine
    stack: Path

    @property
    def asked(self) -> dict[str, str]:
        """The NVIDIA_ variables of the last container that the hook was called for."""
        lines = (self.stack / "hook.log").read_text(encoding="utf-8").splitlines()
        return json.loads(lines[-1])

    @contextmanager
    def failing(self, text: str) -> Iterator[None]:
        """Let the hook fail with this on its standard error."""
        file = self.stack / "hook_fail"
        file.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            file.unlink()


def cards_missing() -> str:
    """Return why there can be no false cards here, "" if there can."""
    return private_engine.missing() or ("" if shutil.which("gcc") else "not installed: gcc")


def make_stack(tool: Path, folder: Path) -> Path:
    """Write the stack below a folder that containers' hooks can see; return it."""
    options = ("--gpus", str(CARDS), "--driver", DRIVER, "--cuda", "12.4", "--cc", "8.6")
    command = [sys.executable, str(tool), str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@contextmanager
def card_daemon(tool: Path, way: Way) -> Iterator[CardDaemon]:
    """Start a daemon that knows the cards in one way alone; nothing is left of it."""
    with tempfile.TemporaryDirectory(prefix="jdb-gpu-", dir="/tmp") as folder:
        stack = make_stack(tool, Path(folder))
        settings = json.loads((stack / "daemon.json").read_text(encoding="utf-8"))
        kept = ("runtimes",) if way == "runtime" else ("features", "cdi-spec-dirs")
        config = stack / f"{way}.json"
        config.write_text(json.dumps({key: settings[key] for key in kept}), encoding="utf-8")
        programs = stack / "bin" if way == "runtime" else None
        with private_engine.private_engine(config=config, programs=programs) as private:
            yield CardDaemon(private, stack)
