"""All builds: those that run in this server, one a project, and those that lie on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_devbox.engine.redact import Redactor, secrets_in
from jupyter_devbox.errors import BuildError, NotFoundError, NotOursError
from jupyter_devbox.files.project import Project
from jupyter_devbox.server.builds.job import Job, Order, Work
from jupyter_devbox.server.builds.log import LogPart, read_log
from jupyter_devbox.server.builds.record import BuildRecord
from jupyter_devbox.server.builds.store import Store, now
from jupyter_devbox.workflow.context import Context

DECIDE = 2.0
"""Seconds that a request waits for what stands in its build's way, before it is a build anyhow."""

_END = 5.0


class Builds:
    """Starts, lists and cancels builds. Every method may block for a moment.

    Parameters
    ----------
    work
        The use case that a build runs.
    on_change, on_end
        See `Job`.
    """

    def __init__(
        self,
        context: Context,
        work: Work,
        *,
        on_change: Callable[[Job], None],
        on_end: Callable[[Job], None],
    ) -> None:
        self._context = context
        self._work = work
        self._on_change = on_change
        self._on_end = on_end
        self._store = Store(context)
        self._lock = threading.Lock()
        self._running: dict[str, Job] = {}
        """Project's root → its build."""

    def order(self, project: Project, order: Order) -> tuple[BuildRecord, bool]:
        """Start a build, or join the one of this project that runs; tell which.

        Raises
        ------
        BuildError
            One of this project runs that does something else.
        DevboxError
            What stands in its way, if that is known within two seconds: then there is no build.
        """
        root = str(project.root)
        with self._lock:
            job = self._running.get(root)
            if job is not None and job.record().state != "running":
                job = None  # it has ended, and is about to say so
            joined = job is not None
            if job is not None and not job.order.includes(order):
                message = f"This project is being built, for: `{job.order.path}`"
                raise BuildError(message, hint="try again when that has ended")
            if job is None:
                job = self._running[root] = self._made(project, order)
                job.start()
        job.wait_until_decided(DECIDE)
        return job.record(), joined

    def _made(self, project: Project, order: Order) -> Job:
        self._store.make()
        identity = self._store.new_id()
        request = order.request
        record = BuildRecord(
            id=identity,
            path=order.path,
            name=project.name,
            root=str(project.root),
            targets=request.targets,
            write_only=not request.build,
            started=now(),
            edits=order.edits.told,
            owner=self._context.ledger.mark(),
        )
        redact = Redactor(secrets_in(self._context.env))
        return Job(
            record,
            order,
            self._store,
            self._store.open_log(identity, redact),
            work=self._work,
            on_change=self._on_change,
            on_end=self._ended,
        )

    def _ended(self, job: Job) -> None:
        with self._lock:
            self._running = {root: one for root, one in self._running.items() if one is not job}
        self._on_end(job)

    def all(self) -> tuple[BuildRecord, ...]:
        """Return the builds there are, newest first."""
        running = {job.id: job.record() for job in self._here()}
        return tuple(running.get(record.id, record) for record in self._store.all())

    def newest(self, root: Path) -> str | None:
        """Return the id of a project's newest build; None if it has none."""
        return next((record.id for record in self.all() if record.root == str(root)), None)

    def get(self, identity: str) -> BuildRecord:
        """Return a build; raises `NotFoundError`."""
        for job in self._here():
            if job.id == identity:
                return job.record()
        record = self._store.get(identity)
        if record is None:
            message = f"There is no such build: `{identity[:60]}`"
            raise NotFoundError(message, hint="look at the list of builds")
        return record

    def log(self, identity: str, since: int) -> LogPart:
        """Return a part of a build's log; the build must be there."""
        return read_log(self._store.log(identity), since)

    def cancel(self, identity: str) -> tuple[BuildRecord, bool]:
        """Have a build end, and tell whether it was running; raises `NotFoundError`.

        Raises
        ------
        NotOursError
            Another server runs it.
        """
        record = self.get(identity)
        if record.state != "running":
            return record, False
        for job in self._here():
            if job.id == identity:
                job.cancel.set()
                return job.record(), True
        message = "Another Jupyter server runs this build"
        raise NotOursError(message, hint="cancel it there")

    def close(self) -> None:
        """Have all builds end, because the server does; they are left as interrupted."""
        with self._lock:
            jobs = list(self._running.values())
        deadline = time.monotonic() + _END
        for job in jobs:
            job.leave()
        for job in jobs:
            job.join(max(0.0, deadline - time.monotonic()))

    def _here(self) -> list[Job]:
        with self._lock:
            return [job for job in self._running.values() if job.admitted]
