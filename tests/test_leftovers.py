"""Whatever a run of the tests leaves behind is named."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import leftovers
import pytest

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import ContainerSpec, ImageInfo


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(leftovers, "_SECONDS", 0.0)


def test_a_process(hurried, monkeypatch):
    monkeypatch.setenv(leftovers.MARK, "of-this-test")
    machine = leftovers.Machine(None, "of-this-test", (), alone=False)
    before = machine.listing()
    assert before == {"process": set()}
    code = "print(flush=True); input()"
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (line,) = machine.left(before)
        assert line.startswith(f"left behind: process {process.pid} ")
        process.communicate(b"\n")
    assert machine.left(before) == []


def test_what_lies_in_the_temporary_folder(hurried, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DEVBOX_RUNTIME_DIR", str(tmp_path / "run"))
    machine = leftovers.Machine(None, "nobody", (), alone=True)
    before = machine.listing()
    (tmp_path / "devbox-scratch").mkdir()
    (tmp_path / "of-others").mkdir()
    (tmp_path / "run" / "0000").mkdir(parents=True)
    assert machine.left(before) == [
        f"left behind: runtime folder {tmp_path}/run/0000",
        f"left behind: temporary file {tmp_path}/devbox-scratch",
    ]


def test_a_container(hurried, engine: Engine, base_image: ImageInfo):
    session = os.environ[leftovers.MARK]
    machine = leftovers.Machine(engine, session, (session,), alone=False)
    before = machine.listing()
    of_others = replace(machine, places=("somebody else",))
    before_others = of_others.listing()
    container = engine.create(ContainerSpec(image=base_image.id))
    try:
        (line,) = machine.left(before)
        assert line.startswith(f"left behind: container {container[:12]} ")
        assert of_others.left(before_others) == []
    finally:
        engine.remove(container)
    assert machine.left(before) == []
