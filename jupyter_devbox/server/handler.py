"""What all handlers have: who may call them, work in threads, and errors as JSON."""

# ruff: noqa: ANN401  # Tornado's signatures
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, RequestHandler

from jupyter_devbox.errors import BadRequestError, DevboxError
from jupyter_devbox.server.body import Body
from jupyter_devbox.server.places import notebook_file
from jupyter_devbox.server.problems import http_problem, problem, status_of

if TYPE_CHECKING:
    from jupyter_devbox.server.common import Common

P = ParamSpec("P")
T = TypeVar("T")

AUTH_RESOURCE = "jupyter_devbox"
Method = TypeVar("Method", bound=Callable[..., Any])

__all__ = ["AUTH_RESOURCE", "DevboxHandler", "authorized", "authorized_to"]


def served_methods(handler: type[APIHandler]) -> tuple[str, ...]:
    """Return the methods of HTTP that a handler answers."""
    return tuple(
        name
        for name in ("GET", "POST", "DELETE", "OPTIONS")
        if getattr(handler, name.lower()) is not getattr(RequestHandler, name.lower())
    )


def authorized_to(action: str) -> Callable[[Method], Method]:
    """Return the decorator of a method that needs another right than its verb says."""
    decorator: Callable[[Method], Method] = authorized(action)
    return decorator


class DevboxHandler(APIHandler):
    """A resource below ``jupyter-devbox/``.

    Every method of a subclass carries ``@authenticated`` and ``@authorized``: reads, POST of a plan
    among them, need the right to read, everything else that to write or execute.
    """

    auth_resource = AUTH_RESOURCE

    def initialize(self, common: Callable[[], Common]) -> None:
        """Take what all handlers share."""
        self.common = common()

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.common.executor, lambda: work(*args, **kwargs))

    def body(self) -> Body:
        """Return the request's body."""
        return Body(self.request.body)

    def query(self, name: str) -> str:
        """Return a parameter of the address; "" where it is absent."""
        return str(self.get_query_argument(name, "", strip=False))

    def number(self, name: str) -> int:
        """Return a parameter that is a number from 0; 0 where it is absent."""
        text = self.query(name) or "0"
        if not (text.isascii() and text.isdigit() and len(text) < 12):
            message = f"This is no number: `{text[:80]}`"
            raise BadRequestError(message, hint="reload the page")
        return int(text)

    def file_of(self, path: str) -> Path:
        """Return the file of a notebook's path; see `places.notebook_file`."""
        return notebook_file(self.contents_manager, path)

    def answer(self, value: Mapping[str, Any], status: int = 200) -> None:
        """Send an object."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self._send(value)

    def _send(self, value: Mapping[str, Any]) -> None:
        # Whoever left meanwhile needs no answer: nobody waits for it to be sent.
        _ = self.finish(dict(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send an error as a `Problem`: a sentence and the next step, never a traceback."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, DevboxError):
            self.set_status(status_of(error))
            self._send(problem(error))
            return
        said = ""
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(served_methods(type(self))))  # RFC 9110, 15.5.6
        if isinstance(error, HTTPError) and error.log_message:
            said = error.log_message % error.args if error.args else error.log_message
        self._send(http_problem(status_code, said))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is a mistake of nobody's without a traceback."""
        if isinstance(value, DevboxError) and status_of(value) < 500:
            self.log.debug("%s: %s", value.code, value.message)
        elif isinstance(value, DevboxError) and status_of(value) in {501, 503}:
            self.log.info("%s: %s", value.code, value.message)
        else:
            super().log_exception(typ, value, tb)
