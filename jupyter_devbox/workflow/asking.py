"""Answers what boxes ask for. What would change files waits for the user's word on the host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_devbox.errors import BoxRequestError, DevboxError, PlanChangedError, UsageError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.ledger.asks import Asks, StoredAsk
from jupyter_devbox.run.paths import PathMap
from jupyter_devbox.spec.asking import Ask, Reply, Verb, parse_ask
from jupyter_devbox.workflow.adding import AddRequest, add
from jupyter_devbox.workflow.apt import install_apt, plan_apt, root_commands
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event
from jupyter_devbox.workflow.syncing import SyncRequest, sync

TRUST = "jupyter devbox trust"
_MOST_WAITING = 5
_ON_HOST = f"in a terminal of this machine: {TRUST}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The box at the other end of a socket: its name, its project here and there."""

    box: str
    project: Path
    workspace: str


class BoxAnswers:
    """Answers one box, one request at a time: planning is work that a box must not multiply."""

    def __init__(self, context: Context, asker: Asker) -> None:
        self._context = context
        self._asker = asker
        self._busy = threading.Lock()

    def __call__(self, line: bytes) -> Reply:
        """Return the answer to a line; never raises for what the box says."""
        if not self._busy.acquire(blocking=False):
            return Reply(state="failed", message="The last request is still being looked at")
        try:
            return _answer(self._context, self._asker, parse_ask(line))
        except DevboxError as error:
            return Reply(state="failed", message=error.message, hint=error.hint)
        finally:
            self._busy.release()


def _answer(context: Context, asker: Asker, ask: Ask) -> Reply:
    notebook = _notebook(asker, ask)
    name = Project(root=asker.project, reason="").relative(notebook)
    wanted = _Wanted(asker.project, ask.verb, name, ask.names)
    changes = _changes(context, wanted)
    if not changes.changes:
        return Reply(
            state="current",
            message=f"Nothing to add: the project's files name all that {name} uses",
        )
    asks = Asks(context.data / "asks", time.time())
    mine = [a for a in asks.all() if a.project == str(asker.project)]
    for known in reversed(mine):
        if (_wanted(known), known.digest) == (wanted, changes.digest()):
            return _state_of(asks, known)
    if sum(a.state == "waiting" and not asks.expired(a) for a in mine) >= _MOST_WAITING:
        message = "Too many requests of this box wait for an answer"
        return Reply(state="failed", message=message, hint=_ON_HOST)
    asks.add(
        project=str(asker.project),
        box=asker.box,
        verb=ask.verb,
        notebook=name,
        names=ask.names,
        diff=_shown(wanted, changes),
        digest=changes.digest(),
    )
    return _waiting(name)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a box asks for, with the notebook's path in the project."""

    project: Path
    verb: Verb
    notebook: str
    names: tuple[str, ...]

    @property
    def place(self) -> Project:
        """The project, which its socket names."""
        return Project(root=self.project, reason="a box of it asks")


def _wanted(ask: StoredAsk) -> _Wanted:
    return _Wanted(Path(ask.project), ask.verb, ask.notebook, ask.names)


def _shown(wanted: _Wanted, changes: Changes) -> tuple[str, ...]:
    """Return all that is done on a yes: what runs as root first."""
    root = root_commands(wanted.place, wanted.names) if wanted.verb == "apt" else ()
    return (*root, *changes.diff())


def _waiting(name: str) -> Reply:
    message = f"The image lacks something that {name} uses; adding it waits for your word"
    return Reply(state="waiting", message=message, hint=_ON_HOST)


def _state_of(asks: Asks, known: StoredAsk) -> Reply:
    """Return what became of an earlier request for the same."""
    if asks.expired(known):
        asks.put(replace(known, asked=asks.now))  # asked again: its time begins anew
        return _waiting(known.notebook)
    if known.state == "waiting":
        return _waiting(known.notebook)
    return Reply(state=known.state, message=known.message)


def _notebook(asker: Asker, ask: Ask) -> Path:
    """Return the host's path of the notebook that a box names.

    Raises
    ------
    BoxRequestError
        It is no notebook of the project's, links followed.
    """
    found = PathMap(asker.project, asker.workspace).existing(ask.notebook, asker.workspace)
    path = Path(found) if found else None
    if path is None or path.suffix != ".ipynb" or path.is_symlink() or not path.is_file():
        message = f"The project has no such notebook: `{ask.notebook}`"
        raise BoxRequestError(message, hint="save the notebook inside the project")
    return path


def _changes(context: Context, wanted: _Wanted) -> Changes:
    """Return what would be written; nothing is."""
    return _done(context, wanted, lambda _: None, dry_run=True).changes


def _done(
    context: Context,
    wanted: _Wanted,
    on_event: Callable[[Event], None],
    cancel: threading.Event | None = None,
    *,
    dry_run: bool = False,
    agreed: str = "",
) -> ContainerizeResult:
    """Do what a box wants, by the use case that a person's own command runs."""
    project = wanted.place
    if wanted.verb == "containerize":
        # A box may write the notebook at any moment: what is written is held against what was
        # shown.
        request = ContainerizeRequest(
            notebooks=(wanted.project / wanted.notebook,),
            project=wanted.project,
            dry_run=dry_run,
            by_user=False,
            agreed=agreed,
        )
        return containerize(context, request, on_event, cancel)
    if wanted.verb == "sync":
        order = SyncRequest(project=project, dry_run=dry_run, by_user=False, agreed=agreed)
        return sync(context, order, on_event, cancel).made
    named = AddRequest(
        project=project, names=wanted.names, dry_run=dry_run, by_user=False, agreed=agreed
    )
    if wanted.verb == "add":
        return add(context, named, on_event, cancel)
    if dry_run:
        return plan_apt(context, named)
    return install_apt(context, named, on_event, cancel)


def approve(
    context: Context,
    identity: str,
    on_event: Callable[[Event], None],
    cancel: threading.Event | None = None,
) -> ContainerizeResult:
    """Do what a box asked for, and note how it ended.

    Raises
    ------
    UsageError
        There is no such request any more.
    PlanChangedError
        It would change something else than what was shown; what it is now is shown next time.
    DevboxError
        What stands in the way.
    """
    asks, ask = _find(context, identity)
    wanted = _wanted(ask)
    try:
        result = _done(context, wanted, on_event, cancel, agreed=ask.digest)
    except PlanChangedError:
        now = _changes(context, wanted)
        asks.put(replace(ask, diff=_shown(wanted, now), digest=now.digest()))
        raise
    except DevboxError as error:
        asks.put(replace(ask, state="failed", message=error.message))
        raise
    message = f"The new image of {ask.notebook} is there: restart the kernel"
    asks.put(replace(ask, state="done", message=message))
    return result


def refuse(context: Context, identity: str) -> StoredAsk:
    """Refuse what a box asked for, and return it; raises `UsageError` if there is none."""
    asks, ask = _find(context, identity)
    refused = replace(ask, state="refused", message="You refused it on the host")
    asks.put(refused)
    return refused


def waiting(context: Context) -> tuple[StoredAsk, ...]:
    """Return what boxes ask for and nobody has answered, oldest first."""
    return tuple(Asks(context.data / "asks", time.time()).waiting())


def _find(context: Context, identity: str) -> tuple[Asks, StoredAsk]:
    asks = Asks(context.data / "asks", time.time())
    for ask in asks.waiting():
        if ask.id == identity:
            return asks, ask
    message = f"No box waits for an answer to: `{identity}`"
    raise UsageError(message, hint=TRUST)
