"""Two looks at a container, against its limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.box_use import BoxUse, Usage, box_use
from jupyter_devbox.spec.container import Limits

MAYBE = st.none() | st.floats(0, 1e9)


def test_cpus_are_those_that_were_busy_between_the_looks():
    before = Usage(at=10.0, memory=1, cpu_seconds=5.0, pids=3)
    now = Usage(at=10.5, memory=2, cpu_seconds=5.75, pids=4)
    assert box_use(before, now, Limits(memory=9, cpus=2.0, pids=64, shm=5)) == BoxUse(
        memory=2, memory_limit=9, cpus=1.5, cpus_limit=2.0, pids=4, pids_limit=64
    )


def test_no_limit_and_nothing_known():
    assert box_use(Usage(at=1.0), Usage(at=1.0), Limits()) == BoxUse()


@given(MAYBE, MAYBE, st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_clock_or_counter_that_jumps_gives_no_nonsense(first, second, begun, ended):
    before, now = Usage(at=begun, cpu_seconds=first), Usage(at=ended, cpu_seconds=second)
    cpus = box_use(before, now, Limits()).cpus
    assert cpus is None or cpus >= 0
