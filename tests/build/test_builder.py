"""A whole build: phases told, log kept, failures explained. On the fake, and once on Docker."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest
from engine.fake import FakeEngine

from jupyter_devbox.build import BuildResult, build_image
from jupyter_devbox.errors import BuildCancelledError, BuildError, BuildStepError
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.events import LogEvent, PhaseEvent

BASE = "python:3.11-slim-bookworm"


@pytest.fixture
def fake(tmp_path):
    (tmp_path / "engine").mkdir()
    engine = FakeEngine(tmp_path / "engine", [BASE])
    yield engine
    engine.close()


@pytest.fixture
def build(fake, tmp_path):
    """Build from lines of a Dockerfile; `events` collects what is told."""

    def run(*lines: str, engine=fake, cancel=None, packages: int = 0, log: Path | None = None):
        context = tmp_path / "context"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text("\n".join((f"FROM {BASE}", *lines, "")))
        return build_image(
            engine,
            BuildRequest(context=str(context), tag="devbox-test/demo:1"),
            on_event=run.events.append,
            cancel=cancel or threading.Event(),
            log_path=log or tmp_path / "logs" / "demo.log",
            packages=packages,
        )

    run.events = []
    return run


def test_success(build, tmp_path):
    result = build(
        "RUN : apt-get install x", "RUN : uv pip install; echo ' + six==1.0'", packages=1
    )
    assert isinstance(result, BuildResult)
    assert result.image.tags == ("devbox-test/demo:1",)
    assert result.seconds > 0
    assert LogEvent(phase="Python packages", line=" + six==1.0") in build.events
    done = [e for e in build.events if isinstance(e, PhaseEvent) and e.status == "done"]
    assert [e.phase for e in done] == ["Base image", "System packages", "Python packages"]
    assert done[-1].detail == "1 package"


def test_the_log_is_whole_and_private(build, tmp_path):
    result = build("RUN echo one; echo two")
    assert result.log == tmp_path / "logs" / "demo.log"
    assert result.log.read_text().splitlines() == [
        f"#1 [1/9] FROM {BASE}",
        "#1 DONE 0.0 s",
        "#2 [2/9] RUN echo one; echo two",
        "#2 one",
        "#2 two",
        "#2 DONE 0.0 s",
    ]
    if os.name != "nt":
        assert stat.S_IMODE(result.log.stat().st_mode) == 0o600


def test_a_known_failure(build, tmp_path):
    missing = "graphviz/cgraph.h: No such file or directory"
    with pytest.raises(BuildStepError) as caught:
        build(f"RUN : uv pip install; echo 'fatal error: {missing}'; seq 1 100; exit 1")
    error = caught.value
    assert error.message == (
        "Build failed at Python packages: a package has to be compiled and needs the headers from "
        "libgraphviz-dev: `graphviz/cgraph.h`"
    )
    assert error.hint == "jupyter devbox containerize --apt libgraphviz-dev"
    assert error.details[-1] == f"Full log: {tmp_path / 'logs' / 'demo.log'}"
    assert error.details[-2].endswith("exit code: 1")
    assert error.details[-3] == "100"
    assert len(error.details) == 21
    assert build.events[-1].status == "failed"
    assert missing in (tmp_path / "logs" / "demo.log").read_text()


def test_an_unknown_failure(build):
    with pytest.raises(BuildStepError) as caught:
        build("RUN : uv pip install; exit 3")
    assert caught.value.message == (
        "Build failed at Python packages: a command ended with exit code: 3"
    )
    assert "read the log" in caught.value.hint


def test_a_failure_without_a_step(build):
    with pytest.raises(BuildStepError, match="Build failed at System packages: ") as caught:
        build("RUM true")
    assert "unknown instruction" in caught.value.message
    assert build.events[-1].status == "failed"


def test_cancelled(build, tmp_path):
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    begun = time.monotonic()
    with pytest.raises(BuildCancelledError, match="Stopped at Python packages; ") as caught:
        build("RUN : uv pip install; echo begun; sleep 60", cancel=cancel)
    assert time.monotonic() - begun < 10
    assert "goes on from there" in caught.value.hint
    assert "#2 begun" in (tmp_path / "logs" / "demo.log").read_text()


def test_a_log_that_cannot_be_written(build, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match="log can't be written"):
        build("RUN true", log=tmp_path / "file" / "demo.log")
    assert build.events == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_costs_the_log_alone(build, tmp_path):
    assert build("RUN echo x", log=Path("/dev/full")).image.id


@pytest.mark.slow
@pytest.mark.usefixtures("base_image", "docker_cli")
def test_on_docker(build, engine):
    result = build(f"RUN echo {time.time_ns()} && : uv pip install x", engine=engine)
    done = [e for e in build.events if isinstance(e, PhaseEvent) and e.status == "done"]
    assert [e.phase for e in done] == ["Base image", "Python packages", "Finish image"]
    with pytest.raises(BuildStepError, match="Build failed at System packages: a command ended"):
        build(f"RUN echo {time.time_ns()}; exit 3", engine=engine)
    engine.remove_image(result.image.id)
