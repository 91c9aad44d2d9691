"""The widget of `%containerize`, without a browser: its states, its buttons, its words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from machine import wait_for
from makers import captured, lock, snapshot, spec

from jupyter_devbox.errors import BuildCancelledError, BuildStepError, EngineNotRunningError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.spec.snapshot import UnresolvedImport
from jupyter_devbox.view import cell as cell_module
from jupyter_devbox.view.bundle import MIME
from jupyter_devbox.view.cell import CellView, widgets_work
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.requests import (
    ContainerizeRequest,
    ContainerizeResult,
    Found,
    Planned,
    RegisteredKernel,
)

PROJECT = Project(root=Path("/p/digits"), reason="it has .git")
KERNEL = RegisteredKernel(name="k", display_name="digits · CPU", target="cpu", project="/p/digits")
NOTHING = Changes(changes=(), conflicts=())


class Handle:
    """What `display` returns: keeps what is saved with the notebook."""

    def __init__(self) -> None:
        self.bundle: dict[str, object] = {}

    def update(self, bundle: dict[str, object], *, raw: bool) -> None:
        assert raw
        self.bundle = bundle


class Stage:
    """A widget on a stage: `act` stands for the use case, and is told of every request."""

    def __init__(self, act: Callable[..., None], unresolved: tuple[str, ...] = ()) -> None:
        self.requests: list[ContainerizeRequest] = []
        self.act = act
        self.found = snapshot(
            captured("numpy==2.0"),
            unresolved=tuple(UnresolvedImport(name=n, cells=(3,)) for n in unresolved),
        )
        request = ContainerizeRequest(notebooks=(Path("/p/digits/a.ipynb"),))
        progress = Progress(phases_for(request.targets, build=True))
        self.view = CellView(this_machine(), request, progress)
        self.handle = Handle()

    def containerize(self, context, request, on_event, cancel) -> ContainerizeResult:
        self.requests.append(request)
        on_event(Found(project=PROJECT, snapshots=(self.found,), targets=("cpu",)))
        on_event(Planned(spec=spec(), lock=lock(), changes=NOTHING, free_bytes=10**10))
        if not request.dry_run:
            self.act(request, on_event, cancel)
        return ContainerizeResult(
            project=PROJECT,
            snapshots=(self.found,),
            spec=spec(),
            lock=lock(),
            changes=NOTHING,
            files=(".devcontainer/Dockerfile",),
            images=(ImageInfo(id="sha256:1", size=10**9),) if request.build else (),
            kernels=(KERNEL,) if request.build else (),
            built=request.build,
            seconds=60.0,
        )

    @property
    def text(self) -> str:
        """What is left of the widget when nothing but the saved notebook is."""
        return str(self.handle.bundle.get("text/plain", ""))

    def labels(self) -> list[str]:
        return [button.description for button in self.view.buttons.children]

    def press(self, label: str) -> None:
        (button,) = [b for b in self.view.buttons.children if b.description == label]
        button.click()


@pytest.fixture
def stage(monkeypatch):
    """Raise the curtain: ``stage(act, unresolved)``."""

    def begin(act: Callable[..., None], *unresolved: str) -> Stage:
        made = Stage(act, unresolved)
        monkeypatch.setattr(cell_module, "containerize", made.containerize)
        monkeypatch.setattr("IPython.display.display", lambda *_, **__: made.handle)
        made.view.start()
        return made

    yield begin
    InteractiveShell.clear_instance()


def quietly(request, on_event, cancel) -> None:
    on_event(PhaseEvent(phase="Pin versions", status="started"))
    on_event(PhaseEvent(phase="Pin versions", status="done", detail="3 packages"))


def test_only_where_somebody_watches():
    assert widgets_work({"JPY_SESSION_NAME": "/a.ipynb"}, {})
    assert widgets_work({}, {"__vsc_ipynb_file__": "/a.ipynb"})
    assert not widgets_work({}, {})


def test_a_typed_command_consents(stage):
    """Without a question it goes straight on, and the saved text names the next step."""
    shown = stage(quietly)
    wait_for(lambda: "digits · CPU is ready" in shown.text)
    assert [(r.dry_run, r.build) for r in shown.requests] == [(True, False), (False, True)]
    assert 'choose the kernel "digits · CPU"' in shown.text
    assert "application/vnd.jupyter.widget-view+json" in shown.handle.bundle
    assert shown.handle.bundle[MIME]["kernel"]["display_name"] == "digits · CPU"
    assert shown.labels() == []
    assert "digits · CPU" in shown.view.page.value


def test_a_real_question_is_asked_first(stage):
    shown = stage(quietly, "lab_utils", "mylib")
    wait_for(shown.labels)
    assert shown.labels() == ["Build without 2 imports", "Write files only"]
    assert [f.description for f in shown.view.questions.children] == [
        "Package for lab_utils",
        "Package for mylib",
    ]
    assert "lab_utils (cell 3)" in shown.text
    assert len(shown.requests) == 1

    first, second = shown.view.questions.children
    first.value = "not a package!"
    shown.press("Build")
    assert len(shown.requests) == 1, "a name that is none must not be built"
    assert "not a package!" in shown.view.page.value

    first.value, second.value = "lab-utils", ""
    shown.press("Build")
    wait_for(lambda: "is ready" in shown.text)
    assert shown.requests[-1].wishes.provides == ("lab_utils=lab-utils",)


def test_files_alone(stage):
    shown = stage(quietly, "lab_utils")
    wait_for(shown.labels)
    shown.press("Write files only")
    wait_for(lambda: "files are written" in shown.text)
    assert shown.requests[-1].build is False
    assert "%containerize" in shown.text


def test_cancel(stage):
    """Cancel build ends the build; Build again begins anew, with a flag of its own."""
    begun = threading.Event()

    def hang(request, on_event, cancel: threading.Event) -> None:
        on_event(PhaseEvent(phase="Python packages", status="started"))
        on_event(LogEvent(phase="Python packages", line="+ numpy==2.0 <b>"))
        begun.set()
        if cancel.wait(10):
            message = "Stopped at Python packages; the finished steps are kept"
            raise BuildCancelledError(message, hint="run it again")

    shown = stage(hang)
    assert begun.wait(10)
    shown.view.log_switch.value = True
    wait_for(lambda: "numpy==2.0" in shown.view.log.value)
    assert "<b>" not in shown.view.log.value, "what a build says is text, not markup"
    wait_for(lambda: "Python packages" in shown.view.page.value)
    shown.press("Cancel build")
    wait_for(lambda: shown.labels() == ["Build again"])
    assert "Stopped at Python packages" in shown.text

    shown.act = quietly
    shown.press("Build again")
    wait_for(lambda: "is ready" in shown.text)


@pytest.mark.parametrize(
    ("error", "labels"),
    [
        (
            EngineNotRunningError("Docker isn't running", hint="sudo systemctl start docker"),
            ["Use a virtual environment", "Write the container files", "Check again"],
        ),
        (
            BuildStepError(
                "Build failed at Python packages: x needs a <header>",
                hint="jupyter devbox containerize --apt libx-dev",
            ),
            ["Add libx-dev and retry"],
        ),
        (BuildStepError("Build failed at Base image: who knows", hint="read it"), ["Retry"]),
    ],
)
def test_a_failure_leaves_a_way_on(stage, error, labels):
    fail = [error]

    def once(request, on_event, cancel) -> None:
        if fail:
            raise fail.pop()

    shown = stage(once)
    wait_for(lambda: shown.labels() == labels)
    assert error.message.split("<")[0] in shown.text
    assert "<header>" not in shown.view.page.value
    shown.press(labels[0])
    wait_for(lambda: "is ready" in shown.text)
    again = shown.requests[-1]
    if labels[0].startswith("Use"):
        assert again.targets == ("venv",)
    if labels[0].startswith("Add"):
        assert again.wishes.apt == ("libx-dev",)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_expected_is_shown_too(stage):
    """A widget that stays at "building" for ever would be the worst answer.

    The error is raised again in its thread: a bug of ours shall leave its traceback.
    """

    def fail(request, on_event, cancel) -> None:
        raise OSError(28, "No space left on device")

    shown = stage(fail)
    wait_for(lambda: shown.labels() == ["Retry"])
    assert "No space left on device" in shown.text
    assert "Traceback" not in shown.text
    time.sleep(0.3)  # the redrawing thread has ended
    assert "No space left on device" in shown.view.page.value
