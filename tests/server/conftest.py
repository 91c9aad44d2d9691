"""A real Jupyter server in this process, with a data folder and a HOME of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from notebooks import write_notebook

# Its fixtures and its hook for coroutines, for the tests of this folder alone.
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_devbox": True},
            "allow_root": True,
        }
    }


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """The tests' own HOME, and this interpreter as the kernel ``python3``."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """Let no answer be good for the next question: tests change things behind the server's back."""
    monkeypatch.setattr("jupyter_devbox.server.common._FRESH", 0.0)


@pytest.fixture
def project(jp_root_dir: Path) -> Path:
    """A project below the server's root."""
    folder = jp_root_dir / "digits"
    folder.mkdir()
    write_notebook(folder / "n.ipynb", "import packaging\nimport lab_utils")
    return folder


@pytest.fixture
def call(jp_fetch):
    """Call our REST interface: status and object."""

    async def fetch(method: str, *path: str, body: Any = None, **query: str):
        options: dict[str, Any] = {"method": method, "params": query}
        if body is not None or method in {"POST", "PUT"}:
            options["body"] = body if isinstance(body, (bytes, str)) else json.dumps(body or {})
        options["allow_nonstandard_methods"] = True
        try:
            response = await jp_fetch("jupyter-devbox", *path, request_timeout=120, **options)
        except HTTPClientError as error:
            return error.code, json.loads(error.response.body)
        return response.code, json.loads(response.body)

    return fetch


@pytest.fixture
def own_engine(engine, base_image, monkeypatch):
    """The real engine, for the server in this process too; its images go when the tests end."""
    monkeypatch.setattr("jupyter_devbox.engine.detect.connect", lambda *_: engine)
    return engine


@pytest.fixture
def events(jp_serverapp):
    """What comes over the event bus."""
    found: list[dict[str, Any]] = []

    async def listen(logger, schema_id, data) -> None:
        found.append({"schema": schema_id, **data})

    for schema in ("build", "changed"):
        jp_serverapp.event_logger.add_listener(
            schema_id=f"urn:jupyter-devbox:{schema}", listener=listen
        )
    return found


@pytest.fixture
def ended(call):
    """Wait for a build's end."""

    async def wait(identity: str, seconds: float = 300.0):
        for _ in range(int(seconds / 0.2)):
            status, told = await call("GET", "builds", identity)
            assert status == 200, told
            if told["state"] != "running":
                return told
            await asyncio.sleep(0.2)
        raise AssertionError(told)

    return wait
