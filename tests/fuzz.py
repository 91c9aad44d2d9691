"""Coverage-guided fuzzing: ``python tests/fuzz.py TARGET -max_total_time=60``.

What follows the target's name is libFuzzer's; a file that crashed is tried alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["jupyter_devbox"]):
    from fuzz_targets import SEEDS, TARGETS

    from jupyter_devbox.errors import DevboxError


def main(program: str, target: str, *options: str) -> None:
    """Fuzz one reader; libFuzzer ends the process, with a traceback where it crashed."""
    read = TARGETS[target]

    def once(data: bytes) -> None:
        try:
            read(data.decode("utf-8", "surrogateescape"))
        except DevboxError as error:
            json.dumps(error.to_json())

    seeds = tempfile.mkdtemp(prefix="devbox-fuzz-")  # nothing of ours runs after libFuzzer's end
    (Path(seeds) / "seed").write_text(SEEDS[read], encoding="utf-8")
    atheris.Setup([program, *options, seeds], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv)
