"""Asks a notebook's running kernel what it uses, without waiting for one that is busy.

The kernel executes silently and without history: `In`, `Out`, `_` and the counter stay as they are.
"""

from __future__ import annotations

import ast
import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session

from jupyter_devbox.errors import DevboxError, ProbeError
from jupyter_devbox.files.project import Project
from jupyter_devbox.server.once import Once
from jupyter_devbox.server.places import saved
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.capturing import capture_kernel, probe_source

PATIENCE = 2.0
"""Seconds that a kernel has for all its answers."""

_PAUSE = 60.0
"""Seconds in which a kernel that did not answer in time is left alone."""

_FRESH = 30.0
"""Seconds for which an answer is good where nothing was executed meanwhile."""

_SETTLE = 1.0
"""Seconds in which the server must have heard that a kernel which answered is idle again."""

_MOST = 16 * 1024 * 1024
_HISTORY = """
import json
def answer(request):
    try:
        from IPython import get_ipython
        return list(get_ipython().history_manager.input_hist_raw)
    except (ImportError, AttributeError):
        return []
"""
# One expression: it leaves no name in the user's namespace.
_CALL = "(lambda n: (exec({source!r}, n), n['json'].dumps(n['answer'](n['json'].loads({words!r}))))[1])({{'__name__': 'devbox_probe'}})"  # noqa: E501


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """An answer, when it came, and what stood then: it holds while nothing is executed or saved."""

    at: float
    heard: datetime | None
    written: int
    snapshot: KernelSnapshot

    def holds(self, manager: Any, notebook: Path) -> bool:  # noqa: ANN401
        """Tell whether the server has heard nothing of the kernel since, nor the file changed."""
        same = self.heard is not None and manager.last_activity == self.heard
        fresh = time.monotonic() - self.at < _FRESH
        return same and fresh and saved(notebook) == self.written


class LiveKernels:
    """What the running kernels of one server last said."""

    def __init__(self) -> None:
        self._asking = Once(0.0)
        self._paused: dict[str, float] = {}
        self._said: dict[tuple[str, str], _Said] = {}

    async def snapshot(
        self,
        manager: Any,  # noqa: ANN401
        notebook: Path,
        project: Project,
        executor: Executor,
    ) -> KernelSnapshot | None:
        """Return what a kernel uses; None if it is busy, is not Python's, or gives no answer.

        Parameters
        ----------
        manager
            The kernel's own manager (jupyter_client).
        executor
            Where the capture's own work is done.
        """
        # A question under way makes its kernel busy: who comes meanwhile waits for its answer.
        written = saved(notebook)

        async def ask() -> KernelSnapshot:
            return await _ask(manager, notebook, project, executor)

        return await self._asking.get(
            (str(manager.kernel_id), notebook, written),
            lambda: self._known_or_asked(manager, notebook, written, ask),
        )

    async def _known_or_asked(
        self,
        manager: Any,  # noqa: ANN401
        notebook: Path,
        written: int,
        ask: Callable[[], Awaitable[KernelSnapshot]],
    ) -> KernelSnapshot | None:
        identity = str(manager.kernel_id)
        if not _can_be_asked(manager) or self._paused.get(identity, 0.0) > time.monotonic():
            return None
        key = (identity, str(notebook))
        known = self._said.get(key)
        if known is not None and known.holds(manager, notebook):
            return known.snapshot
        before = manager.last_activity
        try:
            snapshot = await ask()
        except (ProbeError, TimeoutError, asyncio.TimeoutError, FutureTimeoutError):
            self._paused[identity] = time.monotonic() + _PAUSE
            return None
        heard = await _settled(manager, before)
        now = time.monotonic()
        self._said = {k: one for k, one in self._said.items() if now - one.at < _FRESH}
        self._said[key] = _Said(at=now, heard=heard, written=written, snapshot=snapshot)
        return snapshot


def _can_be_asked(manager: Any) -> bool:  # noqa: ANN401
    """Tell whether a kernel is Python's, here, and idle as far as the server knows."""
    here = isinstance(manager, AsyncKernelManager) and manager.provisioner is not None
    if not here or getattr(manager, "execution_state", "") != "idle":
        return False
    spec = manager.kernel_spec
    return spec is not None and spec.language == "python"


async def _settled(manager: Any, before: datetime | None) -> datetime | None:  # noqa: ANN401
    """Return when the server last heard of a kernel that has just answered; None if it is at work.

    Our question makes the kernel say that it is busy, and idle again; that comes on another socket
    than the answer, and later. It has all come when two looks find the same, and not what was
    there `before` the question.
    """
    end = time.monotonic() + _SETTLE
    seen = before
    while time.monotonic() < end:
        await asyncio.sleep(0.02)
        last: datetime | None = manager.last_activity
        if manager.execution_state == "idle" and last == seen != before:
            return last
        seen = last
    return None


async def _ask(
    manager: Any,  # noqa: ANN401
    notebook: Path,
    project: Project,
    executor: Executor,
) -> KernelSnapshot:
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    client = _client(manager)
    source = probe_source()

    async def evaluate(program: str, request: Mapping[str, Any]) -> object:
        words = json.dumps(request)
        expression = _CALL.format(source=program, words=words)
        return await asyncio.wait_for(_reply(client, expression), max(0.05, end - loop.time()))

    def from_thread(request: Mapping[str, Any]) -> object:
        asked = asyncio.run_coroutine_threadsafe(evaluate(source, request), loop)
        return asked.result(PATIENCE + 1)

    try:
        history = await evaluate(_HISTORY, {})
        ran = (
            [text for text in history if isinstance(text, str)] if isinstance(history, list) else []
        )
        to_host = _to_host(manager)
        return await loop.run_in_executor(
            executor,
            lambda: capture_kernel(
                notebook, project, history=ran, ask=from_thread, to_host=to_host
            ),
        )
    finally:
        client.shell_channel.stop()


def _client(manager: Any) -> Any:  # noqa: ANN401
    """Return a client that asks on the kernel's shell channel alone.

    Its session is its own: the kernel tells clients apart by it, and answers the last one of two
    that share theirs.
    """
    own = Session(key=manager.session.key, signature_scheme=manager.session.signature_scheme)
    client = manager.client(session=own, context=manager.context)
    client.start_channels(iopub=False, stdin=False, hb=False, control=False)
    return client


async def _reply(client: Any, expression: str) -> object:  # noqa: ANN401
    """Return the value of an expression in the kernel, which gives JSON text.

    Raises
    ------
    ProbeError
        It raised there, or what it gave is no such text.
    """
    identity = client.execute(
        "", silent=True, store_history=False, user_expressions={"devbox": expression},
        allow_stdin=False, stop_on_error=False,
    )  # fmt: skip
    while True:
        message = await client.get_shell_msg()
        if message["parent_header"].get("msg_id") == identity:
            break
    told = message["content"].get("user_expressions", {}).get("devbox", {})
    text = told.get("data", {}).get("text/plain") if told.get("status") == "ok" else None
    try:
        if isinstance(text, str) and len(text) < _MOST:
            return json.loads(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        pass
    error = "The kernel gave an answer that cannot be read"
    raise ProbeError(error, hint="restart the kernel")


def _to_host(manager: Any) -> Callable[[str], str | None] | None:  # noqa: ANN401
    """Return what finds a box's files on this machine; None for a kernel that is in no box."""
    metadata = getattr(manager.kernel_spec, "metadata", None) or {}
    ours = metadata.get("jupyter_devbox")
    if not isinstance(ours, dict) or ours.get("target") == "venv":
        return None

    def find(path: str) -> str | None:
        try:
            found = manager.resolve_path(path)
        except DevboxError:
            return None
        return found if isinstance(found, str) else None

    return find
