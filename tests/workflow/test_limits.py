"""Limits against what the engine's machine has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.fake import FakeEngine

from jupyter_devbox.errors import ConfigurationError, EngineNotRunningError
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.workflow.limits import limit_warnings

GB = 1 << 30


class Machine(FakeEngine):
    """An engine whose machine has what is said."""

    def __init__(self, root, **has):
        super().__init__(root)
        self.has = has

    def info(self):
        return replace(super().info(), **self.has)


class Gone(FakeEngine):
    def info(self):
        raise EngineNotRunningError("gone")


@pytest.mark.parametrize(
    ("now", "asked", "ends"),
    [
        (Limits(), {}, []),
        (Limits(memory=8 * GB, cpus=2.0, shm=8 * GB, pids=10**6), {}, []),
        (Limits(), {"memory": "16g"}, ["`16.0 GiB of 8.0 GiB`"]),
        (Limits(memory=16 * GB), {"memory": "4g"}, []),
        (Limits(memory=16 * GB), {"memory": "off"}, []),
        (Limits(cpus=2.5), {"shm_size": "9g"}, ["`9.0 GiB of 8.0 GiB`", "`2.5 of 2`"]),
    ],
)
def test_what_the_machine_has_not_is_said_with_its_figure(tmp_path, now, asked, ends):
    found = limit_warnings(Machine(tmp_path, cpus=2, memory=8 * GB), now, asked)
    assert [code for code, _ in found] == ["limit_beyond_machine"] * len(ends)
    assert [sentence.rpartition(": ")[2] for _, sentence in found] == ends


def test_nothing_is_said_of_a_machine_that_is_not_known(tmp_path):
    most = {"memory": "900t", "cpus": "5000"}
    for engine in (None, Gone(tmp_path), Machine(tmp_path, cpus=0, memory=0)):
        assert limit_warnings(engine, Limits(), most) == ()


def test_what_is_no_limit_is_a_mistake(tmp_path):
    with pytest.raises(ConfigurationError):
        limit_warnings(None, Limits(), {"memory": "lots"})
