"""A process that has imported the command line, and forks itself for every call.

Starting Python and importing all of it takes half a second; a call by itself takes milliseconds.
It reads one JSON object a line (`argv`, `env`, `cwd`, `out`, `err`) and answers with exit codes.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from typing import Any

from jupyter_devbox.cli.app import _VERBS, find_verb, main


def run(request: dict[str, Any]) -> int:
    """Do in this process what a fresh one would do."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="backslashreplace"
    )
    sys.argv = ["jupyter-devbox", *request["argv"]]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  (what Python itself would print)
        traceback.print_exc()
        return 1
    return 0


def serve() -> None:
    """Answer until there is nothing more to read."""
    for verb in _VERBS:
        find_verb(verb)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = run(json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
