"""A browser, and Jupyter servers on machines of their own."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import same_network
from acceptance.machine import Machine, new_machine, uv
from lab_server import BUILT, ROOT, Server, serving
from pages import AXE, Lab, complaints, new_lab
from playwright.sync_api import Browser, expect, sync_playwright

SETTLED = 5000  # milliseconds
VIEWPORT = {"width": 1400, "height": 900}
# Debian's Chromium in a container, as root: no sandbox, and nothing that asks the network.
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
HOST = ("ipykernel", "ipywidgets", "openpyxl")  # what the notebooks here import

# Lab asks a kernel that it connects to what it is, and does not catch that a restart, or a death,
# cancels that: jupyterlab/jupyterlab#12200, open.
CANCELED = "Canceled future for kernel_info_request"

EMPTY = (
    '{"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}, '
    '"nbformat": 4, "nbformat_minor": 5}'
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "may_say(*words): complaints of the page that are meant")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests here, and put them last.

    Playwright's loop runs in the main thread for as long as its browser is open: no other test
    could run one of its own there.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: here in item.path.parents)
    for item in items:
        if here in item.path.parents:
            item.add_marker("slow")
            item.add_marker("network")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A real Chromium, without a screen."""
    named = os.environ.get("CHROMIUM")
    program = named or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if program is None:
        reason = "no Chromium: install Debian's `chromium`, or name one by CHROMIUM"
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") else pytest.skip(reason)
    if not AXE.is_file() or not (BUILT / "package.json").is_file():
        reason = "the lab extension is not built: python3 .ci/make.py check, then .ci/make.py test"
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        program = undisturbed(program, tmp_path_factory.mktemp("chromium"))
        chromium = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM])
        yield chromium
        chromium.close()


def undisturbed(program: str, folder: Path) -> Path:
    """Write a program that runs another as `same_network` does; Playwright takes one file."""
    script = folder / "chromium"
    words = shlex.join([sys.executable, same_network.__file__, program])
    script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of this run are kept; git ignores it."""
    return Path(os.environ.get("DEVBOX_PICTURES", ROOT / "build" / "pictures"))


@pytest.fixture(scope="session")
def kernel_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of the notebooks: an environment of its own, with our magics."""
    folder = tmp_path_factory.mktemp("browser-host") / "env"
    uv("venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, *HOST, "--editable", ROOT)
    return str(python)


@pytest.fixture(scope="session")
def make_server(
    kernel_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """Start servers on new machines; all is ended and removed at the end."""
    with ExitStack() as stack:
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="jdb-b-"))

        def make(name: str, **rest: object) -> Server:
            machine = new_machine(tmp_path_factory.mktemp(name), kernel_python, Path(runtime))
            stack.callback(machine.clean)
            return stack.enter_context(serving(machine, **rest))

        yield make


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server]) -> Server:
    """One server for all tests; each makes its own projects there."""
    return make_server("browser")


@pytest.fixture(scope="session")
def machine(server: Server) -> Machine:
    return server.machine


@pytest.fixture(scope="session")
def usual(browser: Browser, make_server: Callable[..., Server], pictures: Path) -> set[str]:
    """What Lab and Notebook complain of without us."""
    said: list[str] = []
    for app, path in (("lab", "lab/tree/n.ipynb"), ("notebook", "notebooks/n.ipynb")):
        server = make_server(f"{app}-without-us", app=app, panel=False)
        (server.root / "n.ipynb").write_text(EMPTY, encoding="utf-8")
        context = browser.new_context(viewport=VIEWPORT)
        lab = new_lab(context, server, pictures)
        lab.page.goto(server.url(path))
        expect(lab.kernel).to_contain_text("Python 3")
        lab.page.wait_for_timeout(SETTLED)  # for what is said once all has begun
        context.close()
        said += lab.said
    return complaints(said)


@pytest.fixture
def open_lab(
    request: pytest.FixtureRequest,
    browser: Browser,
    server: Server,
    pictures: Path,
    usual: set[str],
) -> Iterator[Callable[..., Lab]]:
    """Open tabs, each in a window of its own; whatever they complain of fails the test.

    A test that breaks something on purpose names what may be said with the mark ``may_say``.
    """
    tabs: list[Lab] = []
    with ExitStack() as stack:

        def make(width: int = VIEWPORT["width"], where: Server | None = None) -> Lab:
            size = {**VIEWPORT, "width": width}
            context = stack.enter_context(browser.new_context(viewport=size))
            tabs.append(new_lab(context, where or server, pictures))
            return tabs[-1]

        yield make
        failed = getattr(request.node, "failed", False)
        for number, tab in enumerate(tabs):
            if failed:
                tab.picture(f"failed-{request.node.name}-{number}")
    for used in {id(tab.server): tab.server for tab in tabs}.values():
        used.forget()
    new = set().union(*(complaints(tab.said) for tab in tabs)) - usual
    marks = request.node.iter_markers("may_say")
    allowed = [CANCELED, *(word for mark in marks for word in mark.args)]
    assert [line for line in sorted(new) if not any(word in line for word in allowed)] == []


@pytest.fixture
def lab(open_lab: Callable[..., Lab]) -> Lab:
    """One tab."""
    return open_lab()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Let fixtures know that their test failed: a picture is taken of what it saw."""
    report = yield
    if call.when == "call":
        item.failed = report.failed
    return report
