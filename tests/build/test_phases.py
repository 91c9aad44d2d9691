"""Recorded builds, told in phases."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_devbox.build.packages import PackageCount
from jupyter_devbox.build.phases import PhaseTracker
from jupyter_devbox.engine.progress import ProgressParser
from jupyter_devbox.spec.events import PHASES, LogEvent, PhaseEvent, StepEvent

pytestmark = pytest.mark.usefixtures("pure")

DATA = Path(__file__).parent / "data"


def recorded(name: str) -> list[StepEvent]:
    parser = ProgressParser()
    return parser.feed((DATA / f"{name}.rawjson").read_bytes()) + parser.close()


def told(steps: list[StepEvent], packages: int = 0, *, finish: bool = True):
    tracker = PhaseTracker(packages)
    events = [event for step in steps for event in tracker.see(step)]
    events += tracker.finish() if finish else []
    return tracker, events


def phases(events) -> list[tuple[str, str]]:
    return [
        (e.phase, e.status) for e in events if isinstance(e, PhaseEvent) and e.status != "progress"
    ]


def last(events, phase: str) -> PhaseEvent:
    return [e for e in events if isinstance(e, PhaseEvent) and e.phase == phase][-1]


def step(name: str, status: str = "started", **more: object) -> StepEvent:
    return StepEvent(step=name, name=name, status=status, **more)


def ran(name: str, **more: object) -> list[StepEvent]:
    return [step(name), step(name, "done", seconds=1.0, **more)]


def test_a_cold_build():
    _, events = told(recorded("cold"), packages=5)
    assert phases(events) == [
        ("Base image", "started"),
        ("System packages", "started"),
        ("Base image", "done"),
        ("Python packages", "started"),
        ("System packages", "done"),
        ("Finish image", "started"),
        ("Python packages", "done"),
        ("Finish image", "done"),
    ]
    assert last(events, "Base image").cached
    assert last(events, "System packages").seconds == pytest.approx(6.9, abs=0.1)
    python = last(events, "Python packages")
    assert (python.detail, python.current, python.total) == ("5 packages", 5, 5)
    assert python.seconds == pytest.approx(8.9, abs=0.1)
    counts = [(e.current, e.total) for e in events if getattr(e, "status", "") == "progress"]
    assert counts[0] == (0, 5)
    assert counts == sorted(counts)
    details = [e.detail for e in events if getattr(e, "status", "") == "progress"]
    assert "numpy (18.2 MB)" in details
    assert "six 1.16.0" in details


def test_lines_go_to_their_phase():
    _, events = told(recorded("cold"))
    lines = {(e.phase, e.line) for e in events if isinstance(e, LogEvent)}
    assert ("System packages", "Unpacking file (1:5.44-3) ...") in lines
    assert ("Python packages", " + numpy==1.26.4") in lines


def test_nothing_changed():
    _, events = told(recorded("cached"), packages=5)
    ends = [e for e in events if isinstance(e, PhaseEvent) and e.status == "done"]
    assert [e.phase for e in ends] == list(PHASES[2:6])
    assert [e.cached for e in ends] == [True, True, True, False]
    assert [e.seconds for e in ends[:3]] == [None, None, None]
    assert last(events, "Python packages").detail == "5 packages"


def test_one_package_more():
    _, events = told(recorded("added"), packages=6)
    python = last(events, "Python packages")
    assert not python.cached
    assert last(events, "System packages").cached


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("failed-base", "Base image"),
        ("failed-apt", "System packages"),
        ("failed-hash", "Python packages"),
        ("failed-pipheader", "Python packages"),
        ("failed-unknown", "System packages"),
    ],
)
def test_a_failure_is_told_once_and_at_its_phase(name, phase):
    tracker, events = told(recorded(name), finish=False)
    failed = [e for e in events if isinstance(e, PhaseEvent) and e.status == "failed"]
    assert [e.phase for e in failed] == [phase]
    assert tracker.current == phase
    assert tracker.fail() == []


def test_a_failure_without_a_step():
    tracker, _ = told(recorded("failed-syntax"), finish=False)
    (failed,) = tracker.fail()
    assert (failed.phase, failed.status) == ("Base image", "failed")


def test_a_step_stopped_by_another_s_failure_is_no_failure():
    steps = [step("[1/2] RUN apt-get install a"), step("[x 1/2] RUN pip install b")]
    steps += [
        step("[x 1/2] RUN pip install b", "failed", error="context canceled"),
        step("[1/2] RUN apt-get install a", "failed", error="exit code: 100"),
    ]
    _, events = told(steps, finish=False)
    assert [p for p, status in phases(events) if status == "failed"] == ["System packages"]


def test_a_phase_whose_step_was_stopped_is_not_done():
    """On a cancel BuildKit ends its steps one by one: others may run a moment longer."""
    apt, pip = "[1/2] RUN apt-get install a", "[x 1/2] RUN pip install b"
    stopped = step(apt, "failed", error="context canceled")
    _, events = told([step(apt), step(pip), stopped], finish=False)
    assert phases(events) == [("System packages", "started"), ("Python packages", "started")]


def test_a_phase_that_goes_on_after_it_seemed_done_is_told_to():
    """Its next step waited for nothing but the last, while another stage had gone further."""
    user, apt, uv = (
        "[final 2/6] RUN useradd x",
        "[final 3/6] RUN make it",
        "[uv 2/2] RUN pip install uv",
    )
    _, events = told([step(uv), *ran(user, cached=True), step(apt)], finish=False)
    assert phases(events) == [
        ("Python packages", "started"),
        ("System packages", "started"),
        ("System packages", "done"),
        ("System packages", "started"),
    ]


def test_a_step_that_was_stopped_and_begun_anew_is_done():
    apt, pip = "[1/2] RUN apt-get install a", "[x 1/2] RUN pip install b"
    stopped = step(apt, "failed", error="context canceled")
    again = [step(apt), step(apt, "done", seconds=1.0)]
    _, events = told([step(apt), step(pip), stopped, *again], finish=False)
    assert phases(events)[-1] == ("System packages", "done")


def test_a_base_image_that_has_to_be_fetched():
    name = "[final 1/2] FROM registry.example/python"
    steps = [
        step("[internal] load metadata for registry.example/python"),
        step(name),
        step(name, "progress", current=5, total=10),
        step(name, "done", seconds=12.0),
        *ran("[final 2/2] RUN uv pip install x"),
    ]
    _, events = told(steps)
    base = last(events, "Base image")
    assert (base.cached, base.seconds) == (False, 12.0)


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("[internal] load .dockerignore", "Base image"),
        ("[auth] python:pull token", "Base image"),
        ("resolve image config for docker-image://x", "Base image"),
        ("[final 1/9] FROM x", "Base image"),
        ("[1/9] FROM x", "Base image"),
        ("[final 2/9] RUN apt-get update && apt-get install -y file", "System packages"),
        ('[final 2/9] RUN apt-get "$@" update && apt-get "$@" install file', "System packages"),
        ("[final 2/9] RUN useradd jovyan && install -d /opt/venv", "System packages"),
        ("[final 2/9] RUN apt-get install -y python3-pip && install -d /x", "System packages"),
        ("[final 3/9] RUN umask 000 && /opt/uv/bin/uv venv --quiet /opt/venv", "Python packages"),
        ("[final 3/9] RUN uv --quiet pip install x", "Python packages"),
        ("[tools 2/2] RUN python3 -m pip install --quiet uv", "Python packages"),
        ("[builder 2/2] RUN printf x > y && pip wheel -r y", "Python packages"),
        ("exporting to image", "Finish image"),
        ("writing image sha256:x", "Finish image"),
    ],
)
def test_names(name, phase):
    assert PhaseTracker().phase_of(step(name)) == phase


def test_what_follows_the_packages_of_its_own_stage_finishes_the_image():
    steps = [
        *ran("[tools 2/2] RUN python3 -m pip install uv"),
        *ran("[final 3/6] RUN useradd jovyan"),
        *ran("[final 4/6] RUN uv pip install x"),
        *ran("[final 5/6] WORKDIR /workspaces"),
    ]
    tracker, _ = told(steps)
    assert [tracker.phase_of(s) for s in steps[2::2]] == [
        "System packages",
        "Python packages",
        "Finish image",
    ]


class TestPackageCount:
    def see(self, *lines: str, expected: int = 0) -> PackageCount:
        count = PackageCount(expected)
        for line in lines:
            count.see(line)
        return count

    def test_downloads_then_the_list(self):
        count = self.see(
            "Resolved 4 packages in 3ms",
            "Downloading scikit-learn (9.3MiB)",
            " Downloaded scikit-learn",
            " Downloading Scikit_Learn",
            " Built demo==1.0",
        )
        assert (count.current, count.total) == (2, 4)
        assert count.detail == "scikit-learn (9.8 MB)"
        count.see("Prepared 3 packages in 1s")
        assert count.current == 3
        count.see(" + attrs==24.1")
        count.see(" + demo @ file:///run/demo-1.0.whl")
        assert count.detail == "demo file:///run/demo-1.0.whl"
        assert (count.current, count.total) == (3, 4)

    def test_never_more_than_there_are(self):
        count = self.see("Prepared 9 packages in 1s", expected=5)
        assert (count.current, count.total) == (5, 5)

    def test_a_second_run_counts_on(self):
        count = self.see(
            *(f" + p{n}==1" for n in range(10)), "Prepared 2 packages in 1s", expected=20
        )
        assert count.current == 12

    @pytest.mark.parametrize(
        ("size", "text"),
        [("1.0KiB", "x (1.0 kB)"), ("2.0GiB", "x (2.1 GB)"), ("odd", "x (odd)")],
    )
    def test_sizes(self, size, text):
        assert self.see(f"Downloading x ({size})").detail == text

    def test_other_lines_change_nothing(self):
        assert not PackageCount().see("Bytecode compiled 491 files in 1.32s")
