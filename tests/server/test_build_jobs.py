"""Builds as jobs, with work of the test's own: admitted or refused, joined, cancelled, kept."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from makers import lock, snapshot, spec

from jupyter_devbox.errors import (
    BuildCancelledError,
    BuildError,
    BuildStepError,
    ConflictError,
    EngineNotRunningError,
    NotFoundError,
    NotOursError,
    UntrustedProjectError,
)
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.server.body import read_edits
from jupyter_devbox.server.builds import jobs as jobs_module
from jupyter_devbox.server.builds.job import Order
from jupyter_devbox.server.builds.jobs import Builds
from jupyter_devbox.server.builds.store import KEPT, Store
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import (
    ContainerizeRequest,
    ContainerizeResult,
    Joined,
    RegisteredKernel,
)

PROJECT = Project(root=Path("/p/digits"), reason="it has .git")
OTHER = Project(root=Path("/p/other"), reason="it has .git")
KERNEL = RegisteredKernel(
    name="k", display_name="digits · CPU", target="cpu", project="/p/digits", image="sha256:1"
)
WRITE = PhaseEvent(phase="Write files", status="started")


def result() -> ContainerizeResult:
    return ContainerizeResult(
        project=PROJECT,
        snapshots=(snapshot(),),
        spec=spec(),
        lock=lock(),
        changes=Changes(changes=(), conflicts=()),
        files=(".devcontainer/Dockerfile",),
        images=(ImageInfo(id="sha256:1", size=10**9),),
        kernels=(KERNEL,),
        left_out=("runArgs is not allowed",),
    )


def order(edits=None, **more) -> Order:
    read = read_edits(edits or {})
    request = ContainerizeRequest(
        notebooks=(Path("/p/digits/a.ipynb"),), targets=read.targets, wishes=read.wishes
    )
    return Order(path="digits/a.ipynb", request=request, edits=read, **more)


def wait_for(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Stage:
    """A machine with builds whose work is what the test says."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.context = Context(home=folder, env=env, data=folder / "devbox", kernels=folder / "k")
        self.changes: list[tuple[str, int, str]] = []
        self.ends: list[str] = []
        self.act = None
        self.builds = self.server()

    def server(self) -> Builds:
        def work(request, on_event, cancel):
            return self.act(request, on_event, cancel)

        return Builds(
            self.context,
            work,
            on_change=lambda job: self.changes.append(
                (job.id, job.record().seq, job.record().state)
            ),
            on_end=lambda job: self.ends.append(job.id),
        )

    def end_of(self, identity: str, seconds: float = 10.0):
        wait_for(lambda: self.builds.get(identity).state != "running", seconds)
        return self.builds.get(identity)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path, {"MY_API_TOKEN": "s3cr3t-t0ken"})


@pytest.fixture
def gate():
    """An event that a test's work waits for."""
    event = threading.Event()
    yield event
    event.set()


def test_a_build_from_start_to_end(stage, gate):
    def act(request, on_event, cancel):
        on_event(PhaseEvent(phase="Pin versions", status="started"))
        on_event(PhaseEvent(phase="Pin versions", status="done", detail="3 packages"))
        on_event(WRITE)
        on_event(PhaseEvent(phase="Python packages", status="started"))
        on_event(LogEvent(phase="Python packages", line="a \x1b[1mline\x1b[0m s3cr3t-t0ken"))
        on_event(
            PhaseEvent(phase="Python packages", status="progress", current=1, total=2, detail="x")
        )
        gate.wait(10)
        return result()

    stage.act = act
    record, joined = stage.builds.order(PROJECT, order({"apt": ["jq"]}))
    assert (record.state, joined) == ("running", False)
    wait_for(lambda: stage.builds.get(record.id).lines)
    middle = stage.builds.get(record.id).to_json()
    assert middle["project"] == {"name": "digits", "root": "/p/digits"}
    assert middle["edits"] == {"apt": ["jq"]}
    assert middle["phases"][0]["detail"] == "3 packages"
    assert 0 < middle["fraction"] < 1
    assert "owner" not in middle
    gate.set()
    done = stage.end_of(record.id)
    assert (done.state, done.fraction, done.problem) == ("done", 1.0, None)
    assert done.ended is not None
    wait_for(lambda: stage.ends)
    assert done.result["kernels"][0]["bytes"] == 10**9
    assert done.result["left_out"] == ["runArgs is not allowed"]
    assert stage.builds.log(record.id, 0).lines == ("a line ***",)
    seqs = [seq for _, seq, _ in stage.changes]
    assert seqs == sorted(seqs)
    assert stage.changes[-1][2] == "done"
    assert stage.ends == [record.id]
    assert "s3cr3t" not in "".join(
        path.read_text() for path in stage.context.builds.iterdir() if path.is_file()
    )


@pytest.mark.parametrize(
    "error",
    [
        UntrustedProjectError("not approved", details=("+ diff",)),
        ConflictError("a line and the plan disagree"),
        EngineNotRunningError("Docker isn't running"),
    ],
)
def test_what_stands_in_the_way_is_the_answer_and_no_build(stage, error):
    def act(request, on_event, cancel):
        on_event(PhaseEvent(phase="Pin versions", status="started"))
        raise error

    stage.act = act
    with pytest.raises(type(error)):
        stage.builds.order(PROJECT, order())
    assert stage.builds.all() == ()
    assert stage.changes == []
    assert list(stage.context.builds.iterdir()) == []
    # The project is free again.
    stage.act = lambda *_: result()
    assert stage.builds.order(PROJECT, order())[1] is False


def test_what_takes_longer_is_a_failed_build(stage, gate, monkeypatch):
    monkeypatch.setattr(jobs_module, "DECIDE", 0.05)

    def act(request, on_event, cancel):
        gate.wait(10)
        raise ConflictError("a line and the plan disagree", hint="look at it")

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    assert record.state == "running"
    gate.set()
    failed = stage.end_of(record.id)
    assert (failed.state, failed.problem["code"]) == ("failed", "conflict")
    assert failed.problem["fix"] is None


def test_the_second_joins_the_first_of_its_project_alone(stage, gate):
    calls = []

    def act(request, on_event, cancel):
        calls.append(request)
        on_event(WRITE)
        gate.wait(10)
        return result()

    stage.act = act
    first, _ = stage.builds.order(PROJECT, order())
    second, joined = stage.builds.order(PROJECT, order())
    assert (second.id, joined) == (first.id, True)
    third, joined = stage.builds.order(OTHER, order())
    assert joined is False
    assert third.id != first.id
    gate.set()
    stage.end_of(first.id)
    stage.end_of(third.id)
    assert len(calls) == 2
    assert stage.builds.newest(PROJECT.root) == first.id
    assert stage.builds.newest(Path("/p/none")) is None


@pytest.mark.parametrize(
    "wanted",
    [
        {"edits": {"apt": ["jq"]}},
        {"work": lambda *_: result()},
        {"path": "digits/b.ipynb"},
        {"agreed": "another plan"},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
def test_what_the_running_build_would_not_do_is_refused(stage, gate, wanted):
    """Joined to it, it would be lost without a word."""

    def act(request, on_event, cancel):
        on_event(WRITE)
        gate.wait(10)
        return result()

    stage.act = act
    first, _ = stage.builds.order(PROJECT, order())
    other = order(wanted.get("edits"), **{k: wanted[k] for k in {"work"} & {*wanted}})
    other = replace(
        other,
        path=wanted.get("path", other.path),
        request=replace(other.request, agreed=wanted.get("agreed", "")),
    )
    with pytest.raises(BuildError, match="being built, for: `digits/a") as refused:
        stage.builds.order(PROJECT, other)
    assert refused.value.hint == "try again when that has ended"
    gate.set()
    stage.end_of(first.id)
    second, joined = stage.builds.order(PROJECT, other)  # as the hint says
    assert joined is False
    stage.end_of(second.id)


def test_files_alone_join_a_build_and_not_the_other_way(stage, gate):
    def act(request, on_event, cancel):
        on_event(WRITE)
        gate.wait(10)
        return result()

    stage.act = act
    files = replace(order(), request=replace(order().request, build=False))
    first, _ = stage.builds.order(PROJECT, order())
    assert stage.builds.order(PROJECT, files)[1] is True
    gate.set()
    stage.end_of(first.id)
    gate.clear()
    first, _ = stage.builds.order(PROJECT, files)
    with pytest.raises(BuildError):
        stage.builds.order(PROJECT, order())
    gate.set()
    stage.end_of(first.id)


def test_who_joins_one_that_is_refused_is_refused_too(stage, gate):
    def act(request, on_event, cancel):
        gate.wait(10)
        raise ConflictError("no")

    stage.act = act
    refused = []

    def ask():
        try:
            stage.builds.order(PROJECT, order())
        except ConflictError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert len(refused) == 4
    assert stage.builds.all() == ()


def test_cancel(stage):
    def act(request, on_event, cancel):
        on_event(WRITE)
        on_event(PhaseEvent(phase="Python packages", status="started"))
        assert cancel.wait(10)
        raise BuildCancelledError("Stopped at Python packages", hint="run it again")

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    assert stage.builds.cancel(record.id)[1] is True
    ended = stage.end_of(record.id)
    assert ended.state == "cancelled"
    assert ended.problem["fix"] is None
    assert stage.builds.cancel(record.id)[1] is False
    with pytest.raises(NotFoundError):
        stage.builds.cancel("20260101-000000-00000000")


def test_a_failure_says_phase_cause_lines_and_cure(stage):
    def act(request, on_event, cancel):
        on_event(WRITE)
        on_event(PhaseEvent(phase="Python packages", status="started"))
        for number in range(50):
            on_event(LogEvent(phase="Python packages", line=f"line {number}"))
        on_event(PhaseEvent(phase="Python packages", status="failed", seconds=1.0))
        raise BuildStepError(
            "Build failed at Python packages: x needs libx-dev",
            hint="jupyter devbox containerize --apt libx-dev",
            details=("fatal error: x.h", "Full log: /somewhere"),
        )

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order({"apt": ["jq"], "memory": "4g"}))
    problem = stage.end_of(record.id).problem
    assert (problem["code"], problem["phase"]) == ("build_step", "Python packages")
    assert problem["message"] == "x needs libx-dev"
    assert problem["log"] == ["fatal error: x.h"]
    assert problem["fix"] == {
        "label": "Add libx-dev and retry",
        "edits": {"apt": ["jq", "libx-dev"], "memory": "4g"},
    }


def test_without_an_engine_a_virtual_environment_is_the_cure(stage, gate, monkeypatch):
    monkeypatch.setattr(jobs_module, "DECIDE", 0.01)

    def act(request, on_event, cancel):
        gate.wait(10)
        raise EngineNotRunningError("Docker isn't running", hint="sudo systemctl start docker")

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order({"exclude": ["x"]}))
    gate.set()
    fix = stage.end_of(record.id).problem["fix"]
    assert fix["edits"] == {"exclude": ["x"], "targets": ["venv"]}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_expected_ends_the_build_too(stage):
    def act(request, on_event, cancel):
        on_event(WRITE)
        raise RuntimeError("a bug")

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    ended = stage.end_of(record.id)
    assert (ended.state, ended.problem["code"]) == ("failed", "unexpected")
    for thread in threading.enumerate():  # what it raises is told of the test that runs then
        if thread.name == "devbox-build":
            thread.join(10)
    assert "a bug" in ended.problem["message"]
    assert not any("Traceback" in line for line in ended.problem["details"])


def test_following_another_process_is_said_in_the_log(stage):
    def act(request, on_event, cancel):
        on_event(Joined(project=PROJECT))
        on_event(WRITE)
        return result()

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    stage.end_of(record.id)
    assert "Another containerize is at work on digits" in stage.builds.log(record.id, 0).lines[0]


# --- on disk --------------------------------------------------------------------------------------


def test_another_server_sees_it_and_cannot_cancel_it(stage, gate):
    def act(request, on_event, cancel):
        on_event(WRITE)
        gate.wait(10)
        return result()

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    other = stage.server()
    assert [one.id for one in other.all()] == [record.id]
    assert other.get(record.id).state == "running"
    with pytest.raises(NotOursError):
        other.cancel(record.id)
    gate.set()
    wait_for(lambda: other.get(record.id).state == "done")


def test_one_whose_server_is_gone_is_interrupted(stage, gate):
    def act(request, on_event, cancel):
        on_event(WRITE)
        on_event(LogEvent(phase="Write files", line="so far"))
        gate.wait(10)
        return result()

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    wait_for(lambda: stage.builds.get(record.id).lines)
    path = stage.context.builds / f"{record.id}.json"
    known = json.loads(path.read_text())
    known["owner"] = "0123456789abcdef"  # nobody has this mark
    path.write_text(json.dumps(known))
    seen = stage.server().get(record.id)
    assert (seen.state, seen.lines, seen.problem["code"]) == ("interrupted", 1, "interrupted")
    assert seen.problem["phase"] == "Write files"
    assert stage.server().log(record.id, 0).lines == ("so far",)
    assert stage.server().cancel(record.id)[1] is False


def test_closing_leaves_them_as_interrupted(stage):
    def act(request, on_event, cancel):
        on_event(WRITE)
        cancel.wait(10)
        raise BuildCancelledError("Stopped")

    stage.act = act
    record, _ = stage.builds.order(PROJECT, order())
    stage.builds.close()
    known = json.loads((stage.context.builds / f"{record.id}.json").read_text())
    assert (known["state"], known["ended"]) == ("running", None)
    assert known["owner"]


def test_a_bounded_number_is_kept(stage):
    folder = stage.context.builds
    stage.act = lambda *_: result()
    first, _ = stage.builds.order(PROJECT, order())
    stage.end_of(first.id)
    text = (folder / f"{first.id}.json").read_text()
    for number in range(KEPT + 20):
        identity = f"20200101-{number:06}-00000000"
        (folder / f"{identity}.json").write_text(text.replace(first.id, identity))
        (folder / f"{identity}.log").write_text("x\n")
    assert len(stage.builds.all()) == KEPT
    second, _ = stage.builds.order(PROJECT, order())
    stage.end_of(second.id)
    found = stage.builds.all()
    assert len(found) == KEPT
    assert found[0].id == max(first.id, second.id)
    assert len(list(folder.glob("*.log"))) == KEPT


def test_a_clock_that_was_set_back_does_not_hide_the_newest(stage):
    def build() -> str:
        record, _ = stage.builds.order(PROJECT, order())
        return stage.end_of(record.id).id

    def put(identity: str) -> None:
        text = (stage.context.builds / f"{first}.json").read_text()
        (stage.context.builds / f"{identity}.json").write_text(text.replace(first, identity))

    stage.act = lambda *_: result()
    first = build()
    put("20991231-235959-00000000")
    second, third = build(), build()
    assert first < second < third
    assert stage.builds.newest(PROJECT.root) == third
    put("99999999-999999-00000000")  # no moment, and no reason to fail
    assert build()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"state": "running"}', '{"state": "done", "id": 3}', "null"]
)
def test_a_damaged_record_is_passed_over(stage, text):
    stage.context.builds.mkdir(parents=True)
    (stage.context.builds / "20200101-000000-00000000.json").write_text(text)
    assert stage.builds.all() == ()
    with pytest.raises(NotFoundError):
        stage.builds.get("20200101-000000-00000000")


@pytest.mark.parametrize("identity", ["../x", "", "20200101-000000-0000000g", "a" * 500, "x\0y"])
def test_an_id_is_no_path(stage, identity):
    with pytest.raises(NotFoundError):
        stage.builds.get(identity)
    assert Store(stage.context).get(identity) is None
