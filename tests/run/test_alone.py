"""`isolation: kernel`: a container for each kernel, gone with it."""

from __future__ import annotations

import signal

import pytest
from transports import both_transports

from jupyter_devbox.spec.box import DEVCONTAINER_FOLDER, LABEL_KIND

pytestmark = [pytest.mark.docker, both_transports]


@pytest.fixture(scope="module")
def alone(devbox):
    with devbox.kernel(name="alone", isolation="kernel") as kernel:
        yield kernel


def test_a_container_of_its_own(devbox, alone):
    with devbox.kernel(name="alone", isolation="kernel") as other:
        assert other.container != alone.container
        # Over a stream it has no folder in common with this machine at all.
        files = "1\n" if devbox.transport == "mount" else "0\n"
        said = other.run("import glob; print(len(glob.glob('/run/devbox/k/*.json')))")
        assert said.text == files
        container, runtime = other.container, other.provisioner._kernel.runtime
    assert devbox.engine.container(container) is None
    assert not runtime.path.exists()


def test_vs_code_does_not_join_it(devbox, alone):
    labels = devbox.engine.container(alone.container).labels
    assert labels[LABEL_KIND] == "kernel"
    assert DEVCONTAINER_FOLDER not in labels


def test_interrupt(alone):
    sent = alone.busy("time.sleep(60)")
    alone.km.interrupt_kernel()
    assert alone.reply(sent)["content"]["ename"] == "KeyboardInterrupt"


def test_restart_takes_a_new_container(devbox, alone):
    alone.run("left = 1")
    before = alone.container
    alone.km.restart_kernel()
    alone.kc.wait_for_ready(timeout=20)
    assert alone.container != before
    assert devbox.engine.container(before) is None
    assert alone.run("left").reply["ename"] == "NameError"


def test_its_end_is_noticed(devbox):
    with devbox.kernel(name="alone", isolation="kernel") as kernel:
        kernel.busy("import os; os.abort()")
        assert kernel.process.wait(10) == -signal.SIGABRT
        assert "SIGABRT" in kernel.provisioner.why().message


def test_its_removal_is_noticed(devbox):
    with devbox.kernel(name="alone", isolation="kernel") as kernel:
        devbox.engine.remove(kernel.container)
        assert kernel.process.wait(10) == -signal.SIGKILL
        assert "was removed" in kernel.provisioner.why().message


def test_the_memory_limit_is_told(devbox):
    limits = {"memory": 256 * 2**20, "isolation": "kernel"}
    with devbox.kernel(name="alone-limited", **limits) as kernel:
        kernel.kc.execute("x = bytearray(2**30)")
        assert kernel.process.wait(20) == -signal.SIGKILL
        assert kernel.provisioner.why().message == "The kernel was killed: 256 MiB limit"
