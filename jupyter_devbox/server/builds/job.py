"""One build that runs: what it tells becomes its record, its log and news for the pages."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_devbox.errors import BuildCancelledError, BuildStepError, DevboxError
from jupyter_devbox.server.body import Edits
from jupyter_devbox.server.builds.log import LogWriter
from jupyter_devbox.server.builds.record import BuildRecord, PhaseRecord, State
from jupyter_devbox.server.builds.store import Store, now
from jupyter_devbox.server.problems import problem
from jupyter_devbox.server.shapes import kernelspec_json
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.view import wording
from jupyter_devbox.view.progress import PhaseState, Progress, phases_for
from jupyter_devbox.view.ways import ways_on
from jupyter_devbox.workflow.requests import (
    ContainerizeRequest,
    ContainerizeResult,
    Event,
    Joined,
)

_WRITTEN_EVERY = 1.0
"""Seconds between two writings of a record whose phases do not change: other servers read it."""

_TAIL = 20
_ADMITTED_AT = "Write files"

Work = Callable[[ContainerizeRequest, Callable[[Event], None], threading.Event], ContainerizeResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built, for which notebook; `work` of its own in place of the server's."""

    path: str
    request: ContainerizeRequest
    edits: Edits
    work: Work | None = None

    def includes(self, other: Order) -> bool:
        """Tell whether this one's build does all that another one wants.

        Work of its own is never another's: what it will do depends on when it begins.
        """
        mine, wanted = self.request, other.request
        return (
            self.work is other.work is None
            and self.path == other.path
            and dict(self.edits.told) == dict(other.edits.told)
            and mine.build >= wanted.build
            and wanted.agreed in {"", mine.agreed}
        )


class Job:
    """A build in a thread of its own.

    What stands in its way before anything is written is no build, but the answer to the request:
    until it is *admitted* nobody but the one who ordered it hears of it.

    Parameters
    ----------
    record
        What is known at its beginning.
    work
        The use case.
    on_change
        Called from any thread when the record has changed, once it is admitted.
    on_end
        Called once, in the job's thread, after the last change.
    """

    def __init__(
        self,
        record: BuildRecord,
        order: Order,
        store: Store,
        log: LogWriter,
        *,
        work: Work,
        on_change: Callable[[Job], None],
        on_end: Callable[[Job], None],
    ) -> None:
        self.cancel = threading.Event()
        self.refusal: BaseException | None = None
        self.order = order
        self._decided = threading.Event()
        self._record = record
        self._store = store
        self._log = log
        self._work = work
        self._on_change = on_change
        self._on_end = on_end
        self._begun = time.monotonic()
        self._written = 0.0
        self._admitted = False
        self._closing = False
        self._tail: deque[str] = deque(maxlen=_TAIL)
        request = order.request
        self._progress = Progress(phases_for(request.targets, build=request.build))
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="devbox-build", daemon=True)

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def admitted(self) -> bool:
        """Whether it is a build that others may see."""
        return self._admitted

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait_until_decided(self, seconds: float) -> None:
        """Wait until it is clear that the build goes ahead; it is admitted then, or in any case.

        Blocks.

        Raises
        ------
        DevboxError
            What stands in its way.
        """
        self._decided.wait(seconds)
        with self._lock:
            if self.refusal is None:
                self._admit()
                return
        raise self.refusal

    def leave(self) -> None:
        """Have it end because the server does: it is left as one that was interrupted."""
        with self._lock:
            self._closing = True
        self.cancel.set()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def record(self) -> BuildRecord:
        """Return how it stands."""
        with self._lock:
            progress, record = self._progress, self._record
            if record.state != "running":
                return record
            seen = time.monotonic()
            return replace(
                record,
                seconds=round(seen - self._begun, 1),
                phases=tuple(_phase(state, seen) for state in progress.states.values()),
                fraction=round(progress.fraction(), 4),
                step=progress.position(),
                lines=self._log.lines,
            )

    def current(self) -> str:
        """Return the phase at hand."""
        with self._lock:
            return self._progress.current or ""

    def _run(self) -> None:
        """Do the work, and note how it ended."""
        ended: dict[str, Any]
        try:
            result = (self.order.work or self._work)(self.order.request, self._take, self.cancel)
            ended = {"state": "done", "fraction": 1.0, "result": _result(result)}
        except BuildCancelledError as error:
            ended = {"state": "cancelled", "problem": self._problem(error)}
        except DevboxError as error:
            if self._refused(error):
                return
            ended = {"state": "failed", "problem": self._problem(error)}
        except BaseException as error:  # else the panel would say "building" for ever
            unexpected = DevboxError(f"Something went wrong: `{error}`", hint="build again")
            if not self._refused(unexpected):
                self._finish({"state": "failed", "problem": self._problem(unexpected)})
            raise
        self._finish(ended)

    def _refused(self, error: DevboxError) -> bool:
        """Note what stands in the way of a build that was not admitted yet; tell whether it is."""
        with self._lock:
            if self._admitted:
                return False
            self.refusal = error
        self._log.close()
        self._store.remove(self.id)
        self._on_end(self)
        self._decided.set()
        return True

    def _finish(self, ended: Mapping[str, Any]) -> None:
        with self._lock:
            self._admit()
            state: State = ended["state"]
            if self._closing and state == "cancelled":
                state = "running"  # its owner is gone in a moment: whoever reads it then knows
            elif state in {"failed", "cancelled"}:
                self._progress.fail()
            whole = self.record()
            self._record = replace(
                whole,
                **{**ended, "state": state},
                ended=now() if state != "running" else None,
                seq=whole.seq + 1,
            )
        self._log.close()
        self._keep()
        self._on_change(self)
        self._on_end(self)
        self._decided.set()

    def _take(self, event: Event) -> None:
        """Take in what the use case tells, in its thread."""
        with self._lock:
            if isinstance(event, LogEvent):
                line = self._log.write(event.line)
                self._tail.append(line)
                self._progress.apply(LogEvent(phase=event.phase, line=line))
            elif isinstance(event, PhaseEvent):
                if event.phase == _ADMITTED_AT:
                    self._admit()
                    self._decided.set()
                self._progress.apply(event)
            elif isinstance(event, Joined):
                self._tail.append(self._log.write(wording.joined(event)))
            else:
                return
            self._record = replace(self._record, seq=self._record.seq + 1)
            admitted = self._admitted
        if admitted:
            if not isinstance(event, LogEvent) or time.monotonic() - self._written > _WRITTEN_EVERY:
                self._keep()
            self._on_change(self)

    def _admit(self) -> None:
        if not self._admitted:
            self._admitted = True
            self._keep()
            self._on_change(self)

    def _keep(self) -> None:
        """Write the record down. A full disk costs what the next server knows, not the build."""
        self._written = time.monotonic()
        try:
            self._store.put(self.record())
        except DevboxError as error:
            self._tail.append(error.message)

    def _problem(self, error: DevboxError) -> dict[str, Any]:
        """Return the failure with its phase, the log's end and what may mend it."""
        failed = [s.phase for s in self._progress.states.values() if s.status == "failed"]
        tail = list(self._tail)
        if isinstance(error, BuildStepError):
            tail = [line for line in error.details if not line.startswith("Full log: ")] or tail
        request = self.order.request
        best = ways_on(error, request)[0]
        mends = best.request != request
        phase = failed[0] if failed else self.current()
        told = problem(error)
        return {
            **told,
            "message": told["message"].removeprefix(f"Build failed at {phase}: "),
            "phase": phase,
            "log": tail,
            "fix": {"label": best.label, "edits": self._mended(best.request)} if mends else None,
        }

    def _mended(self, request: ContainerizeRequest) -> dict[str, Any]:
        """Return this build's edits as another request has them."""
        edits = {**self.order.edits.told}
        if request.targets != self.order.request.targets:
            edits["targets"] = list(request.targets)
        if request.wishes.apt != self.order.request.wishes.apt:
            edits["apt"] = list(request.wishes.apt)
        return edits


def _phase(state: PhaseState, seen: float) -> PhaseRecord:
    running = state.status == "running"
    seconds = seen - state.started if running else state.seconds
    return PhaseRecord(
        phase=state.phase,
        status=state.status,
        detail=state.detail,
        cached=state.cached,
        seconds=None if seconds is None else round(seconds, 1),
        current=state.current,
        total=state.total,
    )


def _result(result: ContainerizeResult) -> dict[str, Any]:
    image = result.image
    sizes = {image.id: image.size} if image else {}
    return {
        "files": list(result.files),
        "image": image.id if image else None,
        "bytes": image.size if image else None,
        "kernels": [kernelspec_json(k, sizes.get(k.image or "")) for k in result.kernels],
        "left_out": list(result.left_out),
    }
