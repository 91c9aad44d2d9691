"""``notebook``: how one notebook stands."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.server.asked import Asked, asked_notebook
from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.server.kernels import in_box, kernel_json
from jupyter_devbox.server.places import saved
from jupyter_devbox.server.shapes import (
    engine_json,
    kernelspec_json,
    project_json,
    target_json,
)
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.drift import Difference
from jupyter_devbox.workflow.notebooks import NotebookState, notebook_state


class NotebookHandler(DevboxHandler):
    """One notebook, its project and its kernel."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what it uses and what could run it."""
        asked = await asked_notebook(self, self.query("path"), self.query("kernel"))
        told = await self.common.once.get(
            ("notebook", asked.file, saved(asked.file), self.query("kernel"), asked.snapshot),
            lambda: self.in_thread(self._state, asked),
        )
        self.answer({**told, "path": asked.path})

    def _state(self, asked: Asked) -> dict[str, Any]:
        context = self.common.context
        boxed = in_box(asked.kernel)
        state = notebook_state(context, asked.file, asked.snapshot, in_box=boxed)
        return {
            **_json(state),
            "kernel": kernel_json(context, asked.kernel),
            "build": self.common.builds.newest(state.project.root),
        }


def _json(state: NotebookState) -> dict[str, Any]:
    snapshot = state.snapshot
    return {
        "project": project_json(state.project),
        "uses": {
            "packages": len(snapshot.requirements),
            "apt": [package.name for package in snapshot.apt],
            "unresolved": [{"import": u.name, "cells": list(u.cells)} for u in snapshot.unresolved],
            "source": _source(snapshot),
        },
        "kernels": [kernelspec_json(kernel, size) for kernel, size in state.kernels],
        "drift": [_difference(difference) for difference in state.differences],
        "approved": state.approved,
        "engine": engine_json(state.obstacle),
        "targets": [target_json(target) for target in state.targets],
    }


def _source(snapshot: KernelSnapshot) -> str:
    if snapshot.live:
        return "live"
    return "environment" if snapshot.installed else "saved"


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "version": one.version,
        "pinned": one.pinned,
        "cell": one.cell,
    }
