"""Notebooks and environments made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jupyter_devbox.capture import capture_notebook
from jupyter_devbox.spec.snapshot import KernelSnapshot


def write_notebook(path: Path, cells: Sequence[str], **metadata: object) -> Path:
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata,
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for source in cells
        ],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def capture(tmp_path: Path) -> Callable[..., KernelSnapshot]:
    """Capture a notebook of these cells, saved in the test's folder."""

    def run(*cells: str) -> KernelSnapshot:
        path = write_notebook(tmp_path / "analysis.ipynb", cells)
        return capture_notebook(path, project=tmp_path)

    return run


class Site:
    """A site-packages folder with distributions that were never built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(
        self,
        name: str,
        version: str,
        files: dict[str, str],
        *,
        requires: Sequence[str] = (),
        direct_url: object = None,
        installer: str = "pip",
        headers: Sequence[str] = (),
    ) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        rows = []
        for file, text in files.items():
            target = self.folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            rows.append(f"{file},sha256=abc,{len(text)}")
        if direct_url is not None:
            (info / "direct_url.json").write_text(json.dumps(direct_url))
            rows.append(f"{info.name}/direct_url.json,,")
        (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,", ""]))
        (info / "INSTALLER").write_text(installer + "\n")
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {line}" for line in requires] + list(headers)
        (info / "METADATA").write_text("\n".join([*lines, "", "About it."]))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An empty site-packages folder that this process imports from."""
    made = Site(tmp_path / "env" / "site-packages")
    monkeypatch.syspath_prepend(str(made.folder))
    return made


def names(snapshot: KernelSnapshot, reason: str = "import") -> set[str]:
    return {r.name for r in snapshot.requirements if r.reason == reason}


def by_name(snapshot: KernelSnapshot) -> dict[str, object]:
    return {r.name: r for r in snapshot.requirements}
