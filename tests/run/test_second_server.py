"""A kernel that another process takes over: it watches, interrupts and ends it, owns nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time

import pytest
from transports import both_transports

from jupyter_devbox.errors import RunError

pytestmark = [pytest.mark.docker, both_transports]

SECOND = """
import asyncio, json, sys
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

info = json.loads(sys.stdin.readline())
manager = KernelManager(kernel_name=sys.argv[1])
factory = KernelProvisionerFactory.instance(parent=manager)
provisioner = factory.create_provisioner_instance(
    info["kernel_id"], manager.kernel_spec, parent=manager)
asyncio.run(provisioner.load_provisioner_info(info))
manager.provisioner = provisioner
manager.load_connection_info(info["connection_info"])
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=20)
print(json.dumps(manager.is_alive()), flush=True)
for line in sys.stdin:
    if line == "interrupt\\n":
        manager.interrupt_kernel()
    elif line == "end\\n":
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    elif line == "leave\\n":
        client.stop_channels()
        break
    print(json.dumps(manager.is_alive()), flush=True)
"""


class Second:
    """A server that was given what is known about a running kernel."""

    def __init__(self, kernelspec, info):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SECOND, kernelspec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.tell(json.dumps(info))

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def alive(self):
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(params=["box", "kernel"])
def shared(devbox, request):
    """A kernel of this process, and another process that is attached to it."""
    config = {"name": f"shared-{request.param}", "isolation": request.param}
    with devbox.kernel(**config) as kernel:
        info = asyncio.run(kernel.provisioner.get_provisioner_info())
        key = info["connection_info"]["key"]
        info["connection_info"]["key"] = key.decode() if isinstance(key, bytes) else key
        second = Second(config["name"], json.loads(json.dumps(info)))
        assert second.alive() is True
        yield kernel, second, info
        second.close()


def test_a_second_server_interrupts_and_ends_a_kernel(shared):
    kernel, second, _ = shared
    sent = kernel.busy("time.sleep(60)")
    second.tell("interrupt")
    assert second.alive() is True
    assert kernel.reply(sent, 10)["content"]["ename"] == "KeyboardInterrupt"
    second.tell("end")
    assert second.alive() is False
    assert kernel.process.wait(10) == -signal.SIGKILL


def test_a_second_servers_end_is_not_the_kernels(shared):
    kernel, second, _ = shared
    second.process.kill()
    second.process.wait()
    time.sleep(0.5)
    assert kernel.run("print(1)").text == "1\n"


def test_a_second_server_sees_the_end(shared):
    kernel, second, _ = shared
    kernel.kc.execute("import os; os._exit(3)")
    kernel.process.wait(10)
    deadline = time.monotonic() + 10
    alive = True
    while alive and time.monotonic() < deadline:
        time.sleep(0.1)
        second.tell("look")
        alive = second.alive()
    assert alive is False


def test_what_was_kept_is_checked(devbox, shared):
    kernel, _, info = shared
    elsewhere = devbox.root / "other"
    elsewhere.mkdir(exist_ok=True)
    other = devbox.manager(name="other", project=elsewhere)
    from jupyter_client.provisioning import KernelProvisionerFactory

    factory = KernelProvisionerFactory.instance(parent=other)
    for changes, wrong in (({}, "not the box of this project"), ({"pid": "1; rm"}, "no process")):
        one = factory.create_provisioner_instance(
            info["kernel_id"], other.kernel_spec, parent=other
        )
        with pytest.raises(RunError, match=wrong):
            asyncio.run(one.load_provisioner_info({**info, **changes}))
    gone = {**info, "container": "0" * 64}
    one = factory.create_provisioner_instance(info["kernel_id"], other.kernel_spec, parent=other)
    asyncio.run(one.load_provisioner_info(gone))
    assert not one.has_process
    other.cleanup_resources()
    assert kernel.run("print(1)").text == "1\n"
