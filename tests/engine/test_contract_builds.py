"""What every engine does with images and builds, proven on the fake and on the real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from engine.fake import FakeEngine

from jupyter_devbox.errors import (
    BuildCancelledError,
    BuildError,
    BuildStepError,
    EngineError,
    ImageMissingError,
)
from jupyter_devbox.spec.container import BuildRequest, ContainerSpec

BASE = "python:3.11-slim-bookworm"
UNKNOWN = f"sha256:{'0' * 64}"
SLEEP = ("sleep", "1000")


class TestImages:
    def test_absent(self, any_engine):
        for reference in ("no-such-image:1", UNKNOWN, "", "../images", "Not A Name"):
            assert any_engine.image(reference) is None
        any_engine.remove_image("no-such-image:1")

    def test_by_name_and_by_id(self, any_engine, image):
        assert any_engine.image(image.id) == any_engine.image(BASE)
        assert image.id.startswith("sha256:")
        assert BASE in image.tags
        assert image.platform.startswith("linux/")

    def test_tagging_one_that_is_absent(self, any_engine):
        with pytest.raises(ImageMissingError):
            any_engine.tag(UNKNOWN, "devbox-test/never:1")


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., BuildRequest]:
    def write(*lines: str, **options: object) -> BuildRequest:
        text = "\n".join((f"FROM {BASE}", *lines, ""))
        (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
        return BuildRequest(context=str(tmp_path), **options)

    return write


@pytest.mark.slow
@pytest.mark.usefixtures("image")
class TestBuild:
    @pytest.fixture(autouse=True)
    def _buildx(self, any_engine, request):
        if not isinstance(any_engine, FakeEngine):
            request.getfixturevalue("docker_cli")

    def test_success(self, any_engine, context):
        mine, mark = f"devbox-test-{time.time_ns()}", str(time.time_ns())
        request = context(
            f"RUN echo {mark} && echo error >&2", tag=f"{mine}:1", labels={mine: "a b"}
        )
        steps = []
        built = any_engine.build(request, steps.append, threading.Event())
        assert built.labels[mine] == "a b"
        assert built.tags == (f"{mine}:1",)
        lines = {step.line for step in steps if "RUN" in step.name}
        assert {mark, "error"} <= lines
        (done,) = [step for step in steps if "RUN" in step.name and step.status == "done"]
        assert not done.cached
        assert done.seconds is not None

        any_engine.tag(built.id, f"{mine}:2")
        (found,) = any_engine.images({mine: ""})
        assert found.id == built.id
        assert set(found.tags) == {f"{mine}:1", f"{mine}:2"}
        any_engine.remove_image(f"{mine}:2")
        assert any_engine.image(f"{mine}:1") is not None

        container = any_engine.create(ContainerSpec(image=built.id, command=SLEEP))
        any_engine.tag(built.id, f"{mine}:3")
        with pytest.raises(EngineError) as caught:
            any_engine.remove_image(built.id)
        assert caught.value.hint == "jupyter devbox prune"
        assert any_engine.image(f"{mine}:1") is not None  # refused as a whole
        any_engine.remove(container)
        any_engine.remove_image(built.id)
        assert any_engine.image(built.id) is None
        assert any_engine.images({mine: ""}) == ()

    def test_a_failing_step(self, any_engine, context):
        mark = str(time.time_ns())
        request = context(f"RUN seq 1 40; echo {mark}; exit 9")
        steps = []
        with pytest.raises(BuildStepError) as caught:
            any_engine.build(request, steps.append, threading.Event())
        assert len(caught.value.details) == 20
        assert mark in caught.value.details
        assert "exit code: 9" in caught.value.details[-1]
        (failed,) = [step for step in steps if step.status == "failed"]
        assert "exit code: 9" in failed.error

    def test_a_broken_dockerfile(self, any_engine, context):
        with pytest.raises(BuildStepError, match="unknown instruction: RUM"):
            any_engine.build(context("RUM true"), lambda step: None, threading.Event())

    def test_cancelled_while_it_runs(self, any_engine, context):
        cancel = threading.Event()

        def on_step(step):
            if step.line.startswith("begun"):
                cancel.set()

        request = context(f"RUN echo begun {time.time_ns()}; sleep 60")
        begun = time.monotonic()
        with pytest.raises(BuildCancelledError):
            any_engine.build(request, on_step, cancel)
        assert time.monotonic() - begun < 20

    def test_cancelled_before(self, any_engine, context):
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(BuildCancelledError):
            any_engine.build(context("RUN true"), lambda step: None, cancel)

    def test_a_view_that_fails_ends_the_build(self, any_engine, context):
        class ViewError(Exception):
            pass

        def on_step(step):
            raise ViewError

        with pytest.raises(ViewError):
            any_engine.build(context("RUN true"), on_step, threading.Event())

    def test_a_base_that_is_absent(self, any_engine, tmp_path):
        (tmp_path / "Dockerfile").write_text("FROM localhost:1/no/such:1\n", encoding="utf-8")
        with pytest.raises(BuildError):
            any_engine.build(
                BuildRequest(context=str(tmp_path)), lambda step: None, threading.Event()
            )
