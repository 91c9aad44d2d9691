"""What the extension adds to the start of a Jupyter server; how quickly a page and a log come."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import head, median_seconds, row
from jupyter_devbox.server.builds.log import LogWriter, read_log

RUNS = 9
_OTHERS = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals")
# A server as it is started, up to the moment in which it would begin to listen. Processor time: a
# start waits for nothing, and what else the machine does must not count.
_START = """
import sys, time
from jupyter_server.serverapp import ServerApp
begin = time.process_time()
app = ServerApp()
app.initialize(sys.argv[1:])
linked = app.extension_manager.linked_extensions
print(time.process_time() - begin, linked.get("jupyter_devbox", False))
"""


def main() -> None:
    """Print the table."""
    head()
    with tempfile.TemporaryDirectory() as name:
        _start(Path(name))
        _log(Path(name))


def _start(folder: Path) -> None:
    """Measure the start with and without the extension, in turns."""
    with_it: list[float] = []
    without: list[float] = []
    for number in range(RUNS * 2):
        enabled = number % 2 == 0
        seconds = _one_start(folder, enabled=enabled)
        (with_it if enabled else without).append(seconds)
    added = statistics.median(with_it) - statistics.median(without)
    row("server extension adds to the server's start", f"{added * 1000:.0f} ms", "≤ 60 ms",
        f"the start alone {statistics.median(without) * 1000:.0f} ms")  # fmt: skip


def _one_start(folder: Path, *, enabled: bool) -> float:
    env = {**os.environ, "HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder)}
    env["JUPYTER_DATA_DIR"] = str(folder / "data")
    options = ["--no-browser", "--allow-root", "--port=0", f"--ServerApp.root_dir={folder}"]
    wanted = {"jupyter_devbox": enabled, **dict.fromkeys(_OTHERS, False)}
    options += [f"--ServerApp.jpserver_extensions={name}={on}" for name, on in wanted.items()]
    done = subprocess.run(
        [sys.executable, "-c", _START, *options],
        env=env, cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, there = done.stdout.split()[-2:]
    if (there == "True") is not enabled:
        message = f"the extension is not {'on' if enabled else 'off'}: {done.stderr[-500:]}"
        raise RuntimeError(message)
    return float(seconds)


def _log(folder: Path) -> None:
    """Measure the writing of a long log, and the reading of its end."""
    path = folder / "long.log"
    lines = [f"#7 {number / 1000:.3f} Downloading package-{number}" for number in range(100_000)]
    begin = time.perf_counter()
    writer = LogWriter(path, lambda line: line)
    for line in lines:
        writer.write(line)
    writer.close()
    written = time.perf_counter() - begin
    seconds = median_seconds(lambda: read_log(path, 99_000))
    row("last 1,000 of 100,000 lines of a log", f"{seconds * 1000:.1f} ms", "",
        f"writing one {written * 10:.0f} µs")  # fmt: skip


if __name__ == "__main__":
    main()
