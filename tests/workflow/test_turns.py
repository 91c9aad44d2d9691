"""One at a time on a project: who comes second shows the first's phases, then has its turn."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_devbox.errors import BuildCancelledError
from jupyter_devbox.files.project import Project
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.workflow.requests import Joined
from jupyter_devbox.workflow.turns import turn

DONE = PhaseEvent(phase="Base image", status="done", detail="python", cached=True, seconds=1.5)


@pytest.fixture
def project(tmp_path):
    return Project(root=tmp_path / "digits", reason="it is a test")


def never() -> threading.Event:
    return threading.Event()


def follow(context, project, told, cancel=None):
    """Take a second turn in a thread; return it, and the event of its having come."""
    came = threading.Event()

    def second():
        try:
            with turn(context, project, told.append, cancel or never()):
                came.set()
        except BuildCancelledError as error:
            told.append(error)

    thread = threading.Thread(target=second)
    thread.start()
    return thread, came


def wait_for(wanted, told):
    for _ in range(250):
        if wanted in told:
            return
        threading.Event().wait(0.02)
    raise AssertionError(told)


def test_alone_nobody_is_followed(context, project):
    told = []
    with turn(context, project, told.append, never()) as tell:
        tell(DONE)
        tell(LogEvent(phase="Base image", line="a secret that stays in the log"))
    assert told == [DONE, LogEvent(phase="Base image", line="a secret that stays in the log")]
    (journal,) = (context.data / "turns").glob("*.jsonl")
    assert "secret" not in journal.read_text()


def test_the_second_sees_the_firsts_phases_and_waits(context, project):
    told = []
    with turn(context, project, lambda _: None, never()) as tell:
        thread, came = follow(context, project, told)
        wait_for(Joined(project=project), told)
        tell(DONE)
        wait_for(DONE, told)
        assert not came.is_set()
    thread.join(5)
    assert came.is_set()
    assert told == [Joined(project=project), DONE]


def test_another_project_does_not_wait(context, project):
    told = []
    other = Project(root=project.root.with_name("other"), reason="it is a test")
    with turn(context, project, lambda _: None, never()):
        thread, came = follow(context, other, told)
        thread.join(5)
    assert came.is_set()
    assert told == []


def test_cancelling_the_second_leaves_the_first_alone(context, project):
    told, cancel = [], threading.Event()
    with turn(context, project, lambda _: None, never()) as tell:
        thread, came = follow(context, project, told, cancel)
        wait_for(Joined(project=project), told)
        cancel.set()
        thread.join(5)
        tell(DONE)
    assert not came.is_set()
    assert isinstance(told[-1], BuildCancelledError)


def test_a_failed_turn_is_over(context, project):
    def fail():
        with turn(context, project, lambda _: None, never()):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    told = []
    thread, came = follow(context, project, told)
    thread.join(5)
    assert came.is_set()
    assert told == []


def test_a_half_written_line_is_read_when_it_is_whole(context, project, tmp_path):
    told = []
    with turn(context, project, lambda _: None, never()) as tell:
        (journal,) = (context.data / "turns").glob("*.jsonl")
        tell(DONE)
        whole = journal.read_text()
        with Path(journal).open("a") as file:
            file.write(whole[:20])
            file.flush()
            thread, _ = follow(context, project, told)
            wait_for(DONE, told)
            file.write(whole[20:])
    thread.join(5)
    assert told.count(DONE) in {1, 2}
    assert len(told) == told.count(DONE) + 1
