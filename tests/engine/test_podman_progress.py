"""What `podman build` prints becomes the same events as BuildKit's, whatever the chunks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.build.phases import PhaseTracker
from jupyter_devbox.engine.podman_progress import PodmanParser

pytestmark = pytest.mark.usefixtures("pure")

BUILT = b"""\
[1/2] STEP 1/2: FROM python:3.11-slim-bookworm AS tools
[1/2] STEP 2/2: RUN python3 -m pip install --quiet uv==0.8.0
--> Using cache 2d7f5301d29ac279427acad78de327505f8863e0f834e51f672dcc7004e36c1a
--> 2d7f5301d29
[2/2] STEP 1/3: FROM python:3.11-slim-bookworm AS final
[2/2] STEP 2/3: RUN useradd jovyan
\x1b[31mjovyan\x1b[0m is there
--> 424b5b45075
[2/2] STEP 3/3: RUN /opt/uv/bin/uv pip install --requirement requirements.txt
 + numpy==2.0.0
--> 09e4d55ef8e
[2/2] COMMIT demo:cpu
--> 4390a070bf9
Successfully tagged localhost/demo:cpu
4390a070bf9a8fc33760f85621d180a646c54c2f3266272518526a2899d883a6
"""
FAILED = b"""\
STEP 1/2: FROM python:3.11-slim-bookworm
STEP 2/2: RUN seq 1 2; exit 9
1
2
Error: building at STEP "RUN seq 1 2; exit 9": while running runtime: exit status 9
"""
BROKEN = b"""\
STEP 1/2: FROM python:3.11-slim-bookworm
STEP 2/2: RUM true
Error: building at STEP "RUM ": Build error: Unknown instruction: "RUM" &imagebuilder.Step{Env:[]}
"""


def events(output: bytes, status: int, size: int = 10_000):
    ticks = itertools.count()
    parser = PodmanParser(now=lambda: float(next(ticks)))
    found = []
    for start in range(0, len(output), size):
        found += parser.feed(output[start : start + size])
    return [*found, *parser.close(status)], parser


def test_steps_have_buildkits_names_and_are_done_or_cached():
    found, _ = events(BUILT, 0)
    done = [(e.name, e.cached) for e in found if e.status == "done"]
    assert done == [
        ("[tools 1/2] FROM python:3.11-slim-bookworm AS tools", False),
        ("[tools 2/2] RUN python3 -m pip install --quiet uv==0.8.0", True),
        ("[final 1/3] FROM python:3.11-slim-bookworm AS final", False),
        ("[final 2/3] RUN useradd jovyan", False),
        ("[final 3/3] RUN /opt/uv/bin/uv pip install --requirement requirements.txt", False),
        ("exporting to image", False),
    ]
    assert [e.line for e in found if e.line][:2] == ["jovyan is there", " + numpy==2.0.0"]
    assert all(e.seconds for e in found if e.status == "done")


def test_they_fall_into_the_same_phases():
    tracker = PhaseTracker(1)
    found, _ = events(BUILT, 0)
    seen = [event for step in found for event in tracker.see(step)] + tracker.finish()
    done = [e.phase for e in seen if getattr(e, "status", "") == "done"]
    assert done == ["Base image", "System packages", "Python packages", "Finish image"]


def test_a_failing_step_says_its_exit_code():
    found, parser = events(FAILED, 1)
    (failed,) = [e for e in found if e.status == "failed"]
    assert failed.name == "[stage-1 2/2] RUN seq 1 2; exit 9"
    assert failed.error == parser.reason == "the step ended with exit code: 9"
    assert [e.line for e in found if e.line] == ["1", "2"]


def test_a_dockerfile_that_is_not_understood_is_no_steps_fault():
    found, parser = events(BROKEN, 1)
    assert not [e for e in found if e.status == "failed"]
    assert parser.reason == "unknown instruction: RUM"


@given(st.integers(1, 200), st.sampled_from([BUILT, FAILED, BROKEN]))
def test_any_chunks_give_the_same_events(size, output):
    def bare(found):
        return [(e.step, e.name, e.status, e.line, e.cached, e.error) for e in found]

    assert bare(events(output, 0, size)[0]) == bare(events(output, 0)[0])


@given(st.binary(max_size=400))
def test_no_output_breaks_it(output):
    found, parser = events(output + b"\n" + FAILED, 1, 7)
    assert found[-1].status == "failed"
    assert not any(ord(char) < 32 for line in parser.text for char in line)
