"""The panel: what it weighs and how soon it shows what it knows.

::

    python -m benchmarks.labextension [--runs N] [--seconds N]

Needs the built lab extension, JupyterLab and a Chromium; nothing is built by the engine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Page, sync_playwright

from benchmarks.table import head, row

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "jupyter_devbox" / "labextension"
TOKEN = "benchmark"
WAIT = 60_000  # milliseconds
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic")
PANEL = "#jupyter-devbox-panel"

# Runs before the page's own scripts. A paint has happened when a task begins after a frame.
WATCH = """
window.devboxTasks = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    window.devboxTasks.push([performance.timeOrigin + entry.startTime, entry.duration]);
  }
}).observe({ type: 'longtask', buffered: true });
window.devboxPainted = done => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => done(performance.timeOrigin + performance.now());
  port2.postMessage(null);
});
const found = new MutationObserver(() => {
  const panel = document.querySelector('#jupyter-devbox-panel');
  if (panel && panel.offsetWidth && panel.textContent.includes('Uses 1 package')) {
    found.disconnect();
    window.devboxPainted(at => { window.devboxFirst = at; });
  }
});
found.observe(document, { subtree: true, childList: true, characterData: true });
"""

FIRST = """() => {
  const data = performance.getEntriesByType('resource')
    .filter(entry => entry.name.includes('/jupyter-devbox/notebook'))
    .map(entry => performance.timeOrigin + entry.responseEnd)
    .filter(end => end <= window.devboxFirst);
  return window.devboxFirst - Math.max(...data);
}"""

# Notes after each paint which line is the newest on the screen.
LOG = """() => {
  window.devboxSeen = [];
  let waits = false;
  new MutationObserver(() => {
    if (waits) {
      return;
    }
    waits = true;
    window.devboxPainted(at => {
      waits = false;
      const log = document.querySelector('#jupyter-devbox-panel [role=log]');
      const numbers = log ? [...log.textContent.matchAll(/^(\\d+) Get:/gm)] : [];
      if (numbers.length) {
        window.devboxSeen.push([at, Number(numbers[numbers.length - 1][1])]);
      }
    });
  }).observe(document.querySelector('#jupyter-devbox-panel'),
    { subtree: true, childList: true, characterData: true });
}"""


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of a server with folders of its own."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    switch = {"ServerApp": {"jpserver_extensions": {"jupyter_devbox": True}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(switch), encoding="utf-8")
    data = folder / "data"
    (data / "labextensions").mkdir(parents=True, exist_ok=True)
    link = data / "labextensions" / "jupyter-devbox"
    if not link.is_symlink():
        link.symlink_to(BUILT)
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(data),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_TOKEN": TOKEN,
        "DEVBOX_CHATTER_TIMES": str(folder / "times.json"),
    }


@contextmanager
def server(module: str, folder: Path, env: Mapping[str, str]) -> Iterator[int]:
    """Run a server; yield its port."""
    projects = folder / "projects"
    projects.mkdir(exist_ok=True)
    words = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    words.append(f"--ServerApp.root_dir={projects}")
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        info = folder / "runtime" / f"jpserver-{process.pid}.json"
        while not (info.is_file() and info.stat().st_size):
            if process.poll() is not None:
                message = (folder / "server.log").read_text(encoding="utf-8")[-2000:]
                raise SystemExit(message)
            time.sleep(0.002)
        yield int(json.loads(info.read_text(encoding="utf-8"))["port"])
    finally:
        process.terminate()
        process.wait(30)


def weigh() -> None:
    """Say what a browser loads, as a server sends it."""
    files = [*BUILT.joinpath("static").glob("*.js")]
    total = sum(len(gzip.compress(path.read_bytes())) for path in files)
    row("bundle, gzipped", f"{total / 1000:.0f} kB", "≤ 120 kB", f"{len(files)} files")


def first_paint(page: Page, address: str, runs: int) -> None:
    """Say how soon the panel shows what it was told; a page is loaded anew each time."""
    page.goto(address)
    page.get_by_role("tab", name="Devbox").click(timeout=WAIT)
    page.wait_for_function("() => window.devboxFirst", timeout=WAIT)
    page.wait_for_timeout(2000)  # Lab saves its layout: the panel is open from now on
    times = []
    for _ in range(runs):
        page.reload()
        page.wait_for_function("() => window.devboxFirst", timeout=WAIT)
        times.append(float(page.evaluate(FIRST)))
    middle, most = statistics.median(times), max(times)
    row("panel's first paint after its data", f"{middle:.0f} ms", "≤ 150 ms", f"most {most:.0f} ms")


def chatter(page: Page, folder: Path, seconds: float) -> None:
    """Say how soon a line of a build that says 2,000 a second is on the screen."""
    panel = page.locator(PANEL)
    panel.get_by_role("button", name="Containerize…").click(timeout=WAIT)
    panel.get_by_role("button", name="Build", exact=True).click(timeout=WAIT)
    panel.get_by_role("log").wait_for(timeout=WAIT)
    page.evaluate(LOG)
    page.get_by_text("Build cancelled").first.wait_for(timeout=WAIT + seconds * 1000)
    said: list[float] = json.loads((folder / "times.json").read_text(encoding="ascii"))
    seen: list[tuple[float, int]] = page.evaluate("() => window.devboxSeen")
    begun = seen[0][1]
    late = latencies(said, seen)
    tasks = [length for at, length in page.evaluate("() => window.devboxTasks") if at > said[0]]
    note = f"{len(late):,} lines from number {begun:,} on, {len(seen)} paints"
    row(
        "line → pixel at 2,000 lines a second",
        f"{statistics.median(late):.0f} ms",
        "≤ 250 ms",
        note,
    )
    row("… p95", f"{quantile(late, 0.95):.0f} ms", "≤ 500 ms")
    row(
        "… longest task of the page",
        f"{max(tasks, default=0):.0f} ms",
        "≤ 100 ms",
        "0: none over 50",
    )


def latencies(said: Sequence[float], seen: Sequence[tuple[float, int]]) -> list[float]:
    """Return for each line how many milliseconds after it was said it was first painted.

    Parameters
    ----------
    said
        When each line was said, the first one first.
    seen
        Paints in their order: when, and the newest line on the screen.
    """
    late = []
    done = seen[0][1]
    for at, newest in seen[1:]:
        late += [at - when for when in said[done:newest]]
        done = max(done, newest)
    return late


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that a part of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None or not BUILT.is_dir():
        print("Needs Chromium and the built lab extension: python labextension/assets.py")
        return 1
    head()
    weigh()
    with tempfile.TemporaryDirectory(prefix="jdb-bench-") as name, sync_playwright() as playwright:
        folder = Path(name)
        project = folder / "projects" / "chatty"
        project.mkdir(parents=True)
        cells = [nbformat.v4.new_code_cell("import numpy")]
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        (project / "n.ipynb").write_text(nbformat.writes(book), encoding="utf-8")
        env = {**environment(folder), "DEVBOX_CHATTER": str(options.seconds)}
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        with server("benchmarks.chatty_server", folder, env) as port:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.add_init_script(WATCH)
            address = f"http://127.0.0.1:{port}/lab/tree/chatty/n.ipynb?token={TOKEN}"
            first_paint(page, address, options.runs)
            chatter(page, folder, options.seconds)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
