"""What is said of a build whose server ended in the middle of it."""

from __future__ import annotations

import pytest

from jupyter_devbox.server.builds.record import BuildRecord, PhaseRecord, interrupted

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


@pytest.mark.parametrize(
    ("stood", "named", "stands"),
    [
        # Stages are built side by side: a base image may be on its way while packages come in.
        ((DONE, RUNNING, RUNNING, WAITING), "System packages", (DONE, RUNNING, FAILED, WAITING)),
        ((RUNNING, WAITING, WAITING, WAITING), "Write files", (FAILED, WAITING, WAITING, WAITING)),
        ((DONE, DONE, WAITING, WAITING), "", (DONE, DONE, WAITING, WAITING)),  # between two phases
    ],
)
def test_the_last_of_the_phases_that_ran_is_where_it_was_interrupted(stood, named, stands):
    names = ("Write files", "Base image", "System packages", "Python packages")
    record = BuildRecord(
        id="20261123-132314-06fff1d3",
        path="digits/n.ipynb",
        name="digits",
        root="/home/ada/digits",
        targets=("cpu",),
        write_only=False,
        seq=4,
        started="2026-11-23T13:23:14Z",
        phases=tuple(
            PhaseRecord(phase=phase, status=status)
            for phase, status in zip(names, stood, strict=True)
        ),
        owner="0123456789abcdef",
    )
    seen = interrupted(record, 7)
    assert (seen.state, seen.seq, seen.lines, seen.owner) == ("interrupted", 5, 7, "")
    assert seen.problem is not None
    assert (seen.problem["code"], seen.problem["phase"]) == ("interrupted", named)
    assert tuple(phase.status for phase in seen.phases) == stands
