"""What a user does in a browser, in words of the page: found by role and name."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from lab_server import ROOT, Server
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
READY = 60_000  # milliseconds that whatever is expected may take: two loaded cores
expect.set_options(timeout=READY)
DARK = "JupyterLab Dark"
BUILD = re.compile("^Build( without .*)?$")  # *Builds* is a section
# Rules about a whole page are Lab's affair; ours are about what we put into it.
AXE_OPTIONS = {"resultTypes": ["violations"]}

KERNEL_READY = """async () => {
  const books = [...window.jupyterapp.shell.widgets('main')].filter(one => one.sessionContext);
  for (const { sessionContext } of books) {
    await sessionContext.ready;
    await sessionContext.session?.kernel?.info;
  }
}"""

# An image whose layers are all there is built within a second: too short to be looked at.
KEEP_HEADINGS = """() => {
  window.focusedHeadings = [];
  document.addEventListener('focusin', ({ target }) => {
    if (/^H[1-6]$/.test(target.tagName)) window.focusedHeadings.push(target.textContent);
  });
}"""
HAD_FOCUS = """beginning => {
  const at = window.focusedHeadings.findIndex(text => text.startsWith(beginning));
  return at >= 0 && window.focusedHeadings.splice(0, at + 1).length > 0;
}"""


@dataclass
class Lab:
    """One tab with JupyterLab or Notebook 7."""

    page: Page
    server: Server
    pictures: Path
    said: list[str] = field(default_factory=list)
    workspace: str = field(default_factory=lambda: f"w-{uuid.uuid4().hex[:8]}")

    # --- the tab -----------------------------------------------------------------------------

    def listen(self) -> None:
        """Keep what the page complains of, and which headings get the focus."""
        self.page.add_init_script(f"({KEEP_HEADINGS})()")
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append(f"{message.text} ({message.location.get('url', '')})")

    def open(self, path: str = "") -> None:
        """Open Lab in a workspace of its own, with a notebook if one is named."""
        tree = f"/tree/{path}" if path else ""
        self.page.goto(self.server.url(f"lab/workspaces/{self.workspace}{tree}"))
        self._restored()
        if path:
            self.kernel_idle()

    def reload(self) -> None:
        self.page.reload()
        self._restored()

    def _restored(self) -> None:
        """Wait until Lab has put everything back where it was; only then a click is sure."""
        self.page.wait_for_function("() => window.jupyterapp?.restored")
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def command(self, name: str, **args: Any) -> Any:
        """Execute a command of Lab's by its id."""
        call = "([id, args]) => window.jupyterapp.commands.execute(id, args).then(() => null)"
        return self.page.evaluate(call, [name, args])

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=name)
        light = "false" if name == DARK else "true"
        body = self.page.locator(f"body[data-jp-theme-light='{light}']")
        expect(body).to_have_count(1)

    def picture(self, name: str) -> None:
        """Keep a picture among the artefacts of the run."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.pictures / f"{name}.png")

    # --- the notebook ------------------------------------------------------------------------

    def kernel_idle(self) -> None:
        """Wait until the notebook's kernel answers, and has nothing to do."""
        light = self.page.locator(".jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator")
        expect(light).to_have_attribute("data-status", "idle")
        expect(self.kernel).not_to_have_text("No Kernel")
        self.page.evaluate(KERNEL_READY)

    @property
    def kernel(self) -> Locator:
        """What the notebook's tool bar says of its kernel."""
        return self.page.locator(".jp-NotebookPanel:visible .jp-KernelName")

    def run_cell(self, number: int) -> str:
        """Run a cell to its end, and return what it printed."""
        cell = self.page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(number)
        cell.locator(".cm-content").click()
        self.command("notebook:run-cell")
        return cell.locator(".jp-OutputArea").inner_text()

    def add_cell(self, source: str) -> int:
        """Add a cell at the end, and return its number."""
        self.command("notebook:move-cursor-down")
        cells = self.page.locator(".jp-NotebookPanel:visible .jp-Cell")
        count = cells.count()
        cells.nth(count - 1).click()
        self.page.keyboard.press("Escape")
        self.command("notebook:insert-cell-below")
        expect(cells).to_have_count(count + 1)
        cells.nth(count).locator(".cm-content").click()
        self.page.keyboard.insert_text(source)
        return count

    # --- our panel ---------------------------------------------------------------------------

    def plan(self) -> None:
        """Ask for the notebook's plan, and wait until it is there."""
        self.button("Containerize…").click()
        expect(self.heading("Plan for")).to_be_visible()
        expect(self.button(BUILD)).to_be_enabled()

    def build(self) -> None:
        """Build the notebook's plan as it is."""
        self.plan()
        self.button(BUILD).click()
        self.had_focus("Building")

    def heading(self, beginning: str) -> Locator:
        return self.panel.get_by_role("heading", name=re.compile(f"^{beginning}"))

    def had_focus(self, beginning: str) -> None:
        """Wait until a heading has had the focus, be it for a moment, since this was last asked."""
        self.page.wait_for_function(HAD_FOCUS, arg=beginning)

    @property
    def log(self) -> Locator:
        return self.panel.get_by_role("log", name="Build log")

    @property
    def badge(self) -> Locator:
        """The badge in the notebook's tool bar."""
        return self.page.get_by_role("button", name=re.compile("^Devbox: "))

    @property
    def panel(self) -> Locator:
        return self.page.locator("#jupyter-devbox-panel")

    def show_panel(self) -> Locator:
        """Click the box in the left bar, if the panel is not open."""
        if not self.panel.is_visible():
            self.page.get_by_role("tab", name="Devbox").click()
        expect(self.panel).to_be_visible()
        return self.panel

    def button(self, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        return (within or self.panel).get_by_role("button", name=name, exact=isinstance(name, str))

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def confirm(self, name: str) -> None:
        """Press Enter in a dialog whose chosen button has that name."""
        dialog = self.dialog()
        expect(dialog.get_by_role("button", name=name)).to_be_focused()
        self.page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)

    # --- what a browser knows of access ------------------------------------------------------

    def violations(self, *selectors: str) -> list[str]:
        """Run axe on parts of the page; return what it finds, a line each."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(path=AXE)
        call = "([include, options]) => axe.run({include}, options)"
        result = self.page.evaluate(call, [[[one] for one in selectors], AXE_OPTIONS])
        return [
            f"{rule['id']} {node['target']}: {node['failureSummary']}"
            for rule in result["violations"]
            for node in rule["nodes"]
        ]


def new_lab(context: BrowserContext, server: Server, pictures: Path) -> Lab:
    """Open a tab that keeps what it complains of."""
    context.set_default_timeout(READY)
    lab = Lab(context.new_page(), server, pictures)
    lab.listen()
    # Lab asks the server all the time, and a network that changes drops a request: its own dialog.
    lost = lab.page.get_by_role("dialog", name=re.compile("^Server Connection Error"))
    lab.page.add_locator_handler(lost, lambda _: lab.page.keyboard.press("Escape"))
    return lab


# What differs from run to run, and what stands for it.
VARYING = (
    (r"token=[^&)\s]*", "token"),
    (r"127\.0\.0\.1:\d+", "host"),
    (r"[0-9a-f-]{20,}", "#"),
    (r"\d+", "0"),
)


def complaints(said: list[str]) -> set[str]:
    """Return complaints without what differs from run to run."""
    return {reduce(lambda text, row: re.sub(row[0], row[1], text), VARYING, line) for line in said}
