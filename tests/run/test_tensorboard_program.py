"""What starts TensorBoard in a box, run on this machine with a module that stands in for it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_devbox.errors import BoxProgramError
from jupyter_devbox.run import tensorboard_program
from jupyter_devbox.run.forwarding import Way
from jupyter_devbox.run.tensorboard import TensorBoard, start_tensorboard
from jupyter_devbox.spec.container import ExecResult

FAKE = """
import socket, sys, time
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if "broken" in arguments["--logdir"]:
    sys.exit("no such thing")
listener = socket.create_server((arguments["--host"], int(arguments["--port"])))
time.sleep(60)
"""


@pytest.fixture
def site(tmp_path):
    """A site folder whose TensorBoard does nothing but listen."""
    package = tmp_path / "site" / "tensorboard"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "main.py").write_text(FAKE)
    info = tmp_path / "site" / "tensorboard-2.18.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tensorboard\nVersion: 2.18.0\n")
    yield tmp_path / "site"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "environ").read_bytes().partition(b"DEVBOX_TENSORBOARD=")[2]
        except OSError:
            continue
        if str(tmp_path).encode() in said:
            os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """The folder where the program writes what TensorBoard says."""
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def serve(folder, path=""):
    done = subprocess.run(
        [sys.executable, "-c", Path(tensorboard_program.__file__).read_text(), str(folder)],
        env={"PYTHONPATH": str(path), **{name: os.environ[name] for name in ("PATH", "TMPDIR")}},
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    return json.loads(done.stdout)


def test_a_folder_has_one(site, logs, tmp_path):
    first = serve(tmp_path / "runs", site)
    assert (first["version"], first["started"]) == ("2.18.0", True)
    socket.create_connection(("127.0.0.1", first["port"]), 30).close()
    assert serve(tmp_path / "runs", site) == {**first, "started": False}
    other = serve(tmp_path / "other", site)
    assert other["started"] is True
    assert other["port"] != first["port"]


def test_one_that_ends_says_why(site, logs, tmp_path):
    began = time.monotonic()
    assert serve(tmp_path / "broken", site) == {"error": "ended", "lines": ["no such thing"]}
    assert time.monotonic() - began < 60
    assert list(logs.iterdir()) == []


def test_a_python_without_it(logs, tmp_path):
    assert serve(tmp_path) == {"error": "missing"}
    assert list(logs.iterdir()) == []


# --- its answer is the box's word ----------------------------------------------------------------


class Says:
    def __init__(self, out, err=""):
        self.result = ExecResult(exit_code=0, stdout=out, stderr=err)
        self.spec = None

    def run(self, container, spec, stdin=b""):
        self.spec = spec
        return self.result


WAY = Way(container="c", runtime=None, shared=False, user="me")


def test_a_well_formed_answer():
    engine = Says('noise\n{"port": 6006, "version": "2.18.0", "started": true}\n')
    found = start_tensorboard(engine, WAY, "/workspaces/x/-rm -rf")
    assert found == TensorBoard(port=6006, version="2.18.0", started=True)
    assert engine.spec.command[-1] == "/workspaces/x/-rm -rf"
    assert (engine.spec.user, engine.spec.workdir) == ("me", "/")


@pytest.mark.parametrize(
    "said",
    ["", "nonsense", "[]", '{"port": "6006"}', '{"port": 0}', '{"port": 70000}', '{"port": true}',
     '{"error": "ended", "lines": 5}', '{"error": ["missing"]}', "[" * 100_000],
)  # fmt: skip
def test_nonsense_is_a_failure(said):
    with pytest.raises(BoxProgramError, match="did not start"):
        start_tensorboard(Says(said), WAY, "/w")


def test_what_it_said_last_is_shown_and_steers_no_terminal():
    said = json.dumps({"error": "ended", "lines": ["a\x1b[2J", *map(str, range(99))]})
    with pytest.raises(BoxProgramError) as caught:
        start_tensorboard(Says(said), WAY, "/w")
    assert len(caught.value.details) == 5
    assert "\x1b" not in "".join(caught.value.details)


def test_an_image_without_it():
    with pytest.raises(BoxProgramError, match="has no TensorBoard") as caught:
        start_tensorboard(Says('{"error": "missing"}'), WAY, "/w")
    assert "pip install tensorboard" in caught.value.hint


def test_a_version_that_is_none():
    found = start_tensorboard(Says('{"port": 1, "version": "<b>"}'), WAY, "/w")
    assert found.version == ""
