"""The real TensorBoard in a real box: started once a folder, forwarded, its page served."""

from __future__ import annotations

import time
import urllib.request
from pathlib import Path

import pytest

from jupyter_devbox.errors import BoxProgramError, OutsideBoxError, RunError
from jupyter_devbox.run.forwarding import recorded
from jupyter_devbox.run.ports import PORTS
from jupyter_devbox.workflow.tensorboard import forward, forwarded_elsewhere, serve_folder

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

SECONDS = 120
WRITE = """
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter("runs/first")
for step in range(10):
    value = Summary.Value(tag="loss", simple_value=1 / (step + 1))
    writer.add_event(Event(step=step, summary=Summary(value=[value])))
writer.close()
print("written")
"""


def get(number, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{number}{path}", timeout=SECONDS) as answer:
        return answer.read().decode()


def until(condition):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(condition)


def test_a_project_without_a_box(context, devbox):
    with pytest.raises(RunError, match="No box of this project runs"):
        serve_folder(context, devbox.project, devbox.project / "runs")


def test_from_nothing_to_its_page(context, devbox, tmp_path):
    with devbox.kernel(name="board") as kernel:
        with pytest.raises(OutsideBoxError) as caught:
            serve_folder(context, devbox.project, tmp_path)
        assert str(devbox.project) in caught.value.hint
        with pytest.raises(BoxProgramError, match="has no TensorBoard"):
            serve_folder(context, devbox.project, devbox.project / "runs")
        kernel.run("%pip install -q tensorboard", seconds=600)
        assert "written" in kernel.run(WRITE, seconds=SECONDS).text
        assert Path(devbox.project, "runs", "first").is_dir()

        first = serve_folder(context, devbox.project, devbox.project / "runs")
        assert first.found.started
        assert first.found.version
        assert first.folder == f"/workspaces/{devbox.project.name}/runs"
        again = serve_folder(context, devbox.project, devbox.project / "runs")
        assert (again.found.port, again.found.started) == (first.found.port, False)

        # Nobody forwards yet: this process does, as the command would.
        assert forwarded_elsewhere(first) == 0
        opened = forward(context, first)
        try:
            assert "<title>TensorBoard</title>" in get(opened.local, "/")
            tags = until(lambda: "loss" in get(opened.local, "/data/plugin/scalars/tags"))
            assert tags
            assert recorded(first.way.runtime) == {first.found.port: opened.local}
        finally:
            opened.close()

        # A server does: the command only says where.
        PORTS.enable()
        try:
            number = until(lambda: forwarded_elsewhere(first))
            assert "TensorBoard" in get(number, "/")
            listed = next(b for b in PORTS.all() if b.container == kernel.container).ports
            labels = {p.found.port: p.found.label for p in listed}
            assert labels == {first.found.port: "TensorBoard"}
        finally:
            PORTS.disable()


def test_the_ordinary_extension(devbox):
    """``%tensorboard`` shows a frame at its port in the box, which is forwarded."""
    with devbox.kernel(name="board") as kernel:
        PORTS.enable()
        try:
            kernel.run("%pip install -q tensorboard", seconds=600)
            said = kernel.run("%load_ext tensorboard\n%tensorboard --logdir other", SECONDS)
            frame = str([one.get("data") for one in said.outputs])
            assert "iframe" in frame

            def local():
                box = next(b for b in PORTS.all() if b.container == kernel.container)
                found = [p for p in box.ports if f"{p.found.port}" in frame and p.local]
                return found and found[0]

            port = until(local)
            assert port.found.label == "TensorBoard"
            assert "TensorBoard" in get(port.local, "/")
        finally:
            PORTS.disable()
