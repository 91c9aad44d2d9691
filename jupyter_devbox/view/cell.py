"""The widget that `%containerize` shows: found, building, done or failed, in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from jupyter_devbox.errors import (
    BuildCancelledError,
    DevboxError,
    RequirementError,
    UntrustedProjectError,
)
from jupyter_devbox.spec.names import parse_requirement
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.view import bundle, markup, wording
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.ways import ways_on
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import (
    ContainerizeRequest,
    ContainerizeResult,
    Event,
    Found,
    Joined,
    Planned,
)

_REDRAW = 0.25


def widgets_work(env: Mapping[str, str], names: Mapping[str, object]) -> bool:
    """Tell whether somebody sits in front of this kernel who can press a widget's buttons.

    Jupyter Server and VS Code name the notebook; `jupyter execute`, nbclient and papermill do not.
    """
    watched = in_jupyter(env) or "__vsc_ipynb_file__" in names
    return watched and find_spec("ipywidgets") is not None


def in_jupyter(env: Mapping[str, str]) -> bool:
    """Tell whether Jupyter Server started this kernel for a notebook."""
    return "JPY_SESSION_NAME" in env


class CellView:
    """One run of `containerize` in a cell. It works in a thread: other cells run meanwhile."""

    def __init__(self, context: Context, request: ContainerizeRequest, progress: Progress) -> None:
        import ipywidgets  # noqa: PLC0415  (optional at run time)

        self.widgets = ipywidgets
        self.context = context
        self.request = request
        self.progress = progress
        self.cancel = threading.Event()
        self.page = ipywidgets.HTML()
        self.spoken = ipywidgets.HTML()
        self.log = ipywidgets.HTML(layout={"display": "none"})
        self.log_switch = ipywidgets.ToggleButton(
            description="Log", layout={"width": "auto", "min_height": "32px"}
        )
        self.log_switch.observe(self._show_log, names="value")
        self.fields: dict[str, Any] = {}
        self.questions = ipywidgets.VBox()
        self.buttons = ipywidgets.HBox()
        self.root = ipywidgets.VBox(
            [self.page, self.spoken, self.questions, self.buttons, self.log],
            layout={
                "border": "1px solid var(--jp-border-color1, #bdbdbd)",
                "padding": "12px 16px",
                "max_width": "960px",
            },
        )
        self.found: Found | None = None
        self.planned: Planned | None = None
        self.handle: Any = None
        self._lock = threading.Lock()
        self._running = threading.Event()

    def start(self) -> None:
        """Show the widget, and begin; a real question is asked first."""
        from IPython.display import display  # noqa: PLC0415

        self._set(markup.busy("Looking at what this notebook uses"))
        self.handle = display(self._bundle("Working…"), raw=True, display_id=True)
        # Facts first: whether there is something to ask decides what comes next.
        dry = replace(self.request, dry_run=True, build=False)
        self._in_thread(lambda: self._look(dry))

    def _look(self, dry: ContainerizeRequest) -> None:
        containerize(self.context, dry, self._take, self.cancel)
        if self.found and any(snapshot.unresolved for snapshot in self.found.snapshots):
            self._ask()
        else:
            self._build(self.request)

    def _take(self, event: Event) -> None:
        if isinstance(event, Found):
            self.found = event
        elif isinstance(event, Joined):
            self.progress.last_line = wording.joined(event)
        elif isinstance(event, Planned):
            self.planned = event
        else:
            self.progress.apply(event)

    def _ask(self) -> None:
        """Ask for the packages of imports that were not found."""
        if self.found is None or self.planned is None:
            return
        self._set(markup.found(self.found, self.planned))
        names = sorted({u.name for s in self.found.snapshots for u in s.unresolved})
        for name in names:
            self.fields[name] = self.widgets.Text(
                description=f"Package for {name}",
                placeholder="empty: it is left out",
                style={"description_width": "initial"},
                layout={"width": "min(100%, 460px)"},
            )
        self.questions.children = tuple(self.fields.values())
        without = f"Build without {wording.names_in_button(names)}"
        build = self._button(without, self._answer_build, primary=True)
        for field in self.fields.values():
            field.observe(lambda _: self._relabel(build, without), names="value")
        self._text("\n".join(wording.found(self.found, "%containerize")))
        self.buttons.children = (build, self._button("Write files only", self._answer_write))

    def _relabel(self, button: Any, without: str) -> None:  # noqa: ANN401
        empty = [name for name, field in self.fields.items() if not field.value.strip()]
        button.description = without if len(empty) == len(self.fields) else "Build"

    def _answer_build(self) -> None:
        request = self._answered()
        if request:
            self.request = request
            self._in_thread(lambda: self._build(request))

    def _answer_write(self) -> None:
        request = self._answered()
        if request:
            self.progress = Progress(phases_for(request.targets, build=False))
            self._in_thread(lambda: self._build(replace(request, build=False)))

    def _answered(self) -> ContainerizeRequest | None:
        """Return the request with the packages that were typed; None if one is no name."""
        typed = {n: field.value.strip() for n, field in self.fields.items() if field.value.strip()}
        try:
            for text in typed.values():
                parse_requirement(text)
        except RequirementError as error:
            self.page.value = markup.with_note(self.page.value, error.message)
            return None
        wishes: ProjectOptions = self.request.wishes
        provides = (*wishes.provides, *(f"{name}={text}" for name, text in typed.items()))
        return replace(self.request, wishes=replace(wishes, provides=provides))

    def _build(self, request: ContainerizeRequest) -> None:
        self.questions.children = ()
        self.progress.started = time.monotonic()
        if request.build:
            cancel = self._button("Cancel build", self.cancel.set)
            self.buttons.children = (cancel, self.log_switch)
        else:
            self.buttons.children = ()
        self._running.set()
        threading.Thread(target=self._redraw, daemon=True).start()
        try:
            result = containerize(self.context, request, self._take, self.cancel)
        finally:
            self._running.clear()
        self._done(result)

    def _redraw(self) -> None:
        said = None
        while self._running.is_set():
            with self._lock:
                if self._running.is_set():
                    self.page.value = markup.building(self.progress)
                    if self.log_switch.value:
                        self.log.value = markup.log(self.progress.log)
                    if self.progress.current != said:
                        said = self.progress.current
                        self.spoken.value = markup.announcement(said or "")
            time.sleep(_REDRAW)

    def _show_log(self, change: Any) -> None:  # noqa: ANN401  (traitlets' own)
        self.log.value = markup.log(self.progress.log)
        self.log.layout.display = None if change["new"] else "none"

    def _done(self, result: ContainerizeResult) -> None:
        self.buttons.children = ()
        self.log.layout.display = "none"
        self._set(markup.done(result))
        text = "\n".join([*wording.ready(result), *wording.next_in_notebook(result)])
        self.handle.update({**self._bundle(text), **bundle.ready(result)}, raw=True)

    def _failed(self, error: DevboxError) -> None:
        self.progress.fail()
        self.questions.children = ()
        self.buttons.children = tuple(
            self._retry(way.label, way.request, primary=not number)
            for number, way in enumerate(ways_on(error, self.request))
        )
        if isinstance(error, BuildCancelledError):
            self._set(markup.note("Build cancelled", "The finished steps are kept."))
        elif isinstance(error, UntrustedProjectError):
            self._set(markup.not_approved(error))
        else:
            self._set(markup.failed(error))
        self._text("\n".join(wording.failure(error, "%containerize")))

    def _retry(self, text: str, request: ContainerizeRequest, *, primary: bool = False) -> Any:  # noqa: ANN401
        """Return a button that begins again with another request."""

        def act() -> None:
            self.request = request
            self.cancel = threading.Event()
            self.progress = Progress(phases_for(request.targets, build=request.build))
            self._in_thread(lambda: self._build(request))

        return self._button(text, act, primary=primary)

    def _in_thread(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except DevboxError as error:
                self._failed(error)
            except BaseException as error:  # else the widget would say "building" for ever
                self._failed(DevboxError(f"Something went wrong: `{error}`", hint="run it again"))
                raise

        threading.Thread(target=guarded, daemon=True).start()

    def _button(self, text: str, act: Callable[[], None], *, primary: bool = False) -> Any:  # noqa: ANN401
        button = self.widgets.Button(
            description=text,
            button_style="primary" if primary else "",
            layout={"width": "auto", "min_height": "32px"},
        )
        button.on_click(lambda _: act())
        return button

    def _set(self, html: str) -> None:
        with self._lock:
            self.page.value = html

    def _bundle(self, text: str) -> dict[str, Any]:
        """Return what is saved with the notebook: the widget, and words for when it is dead."""
        bundle: dict[str, Any] = dict(self.root._repr_mimebundle_())
        bundle["text/plain"] = text
        return bundle

    def _text(self, text: str) -> None:
        self.handle.update(self._bundle(text), raw=True)
