"""What goes wrong is said once, with its cause, its last words and what to do."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.manager import AsyncKernelManager
from transports import both_transports

from jupyter_devbox.errors import (
    EngineNotRunningError,
    ImageMissingError,
    KernelStartError,
    ProjectError,
    RunError,
)
from jupyter_devbox.provisioner import DevboxProvisioner
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.workflow.context import this_machine

pytestmark = [pytest.mark.docker, both_transports]


def refused(devbox, error, *, cwd=None, extra=(), **config):
    manager = devbox.manager(name="refused", **config)
    with pytest.raises(error) as caught:
        manager.start_kernel(cwd=str(cwd or devbox.project), extra_arguments=list(extra))
    manager.cleanup_resources()
    return caught.value


def kernels(devbox, container) -> str:
    script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done"
    said = devbox.engine.run(container, ExecSpec(command=("sh", "-c", script))).stdout
    return "\n".join(line for line in said.splitlines() if "ipykernel" in line)


def test_an_image_without_a_kernel(devbox, base_image):
    error = refused(devbox, KernelStartError, image=base_image.id)
    assert error.message == (
        "The image has no Jupyter kernel: `ipykernel_launcher` is missing, exit code 1"
    )
    assert "No module named ipykernel_launcher" in error.details[-1]
    assert str(error).splitlines()[-1] == "Next: jupyter devbox containerize"


@pytest.mark.parametrize("isolation", ["box", "kernel"])
def test_a_kernel_that_ends_at_once(devbox, isolation):
    error = refused(
        devbox, KernelStartError, isolation=isolation, extra=["--IPKernelApp.transport=pigeon"]
    )
    assert error.message == "The kernel ended by itself: exit code 1"
    assert "pigeon" in "\n".join(error.details)
    assert len(error.details) <= 20


def test_a_kernel_that_takes_too_long(devbox):
    error = refused(devbox, KernelStartError, start_timeout=0.05)
    assert error.message.startswith("The kernel did not answer in time")
    box = next(c for c in devbox.containers() if c.labels["jupyter-devbox.kind"] == "box")
    assert kernels(devbox, box.id) == ""


def test_a_start_that_is_given_up(devbox, monkeypatch):
    """The engine is asked in a thread that goes on: its kernel would be nobody's."""
    started = []
    start = DevboxProvisioner._start

    def slowly(self, kwargs):
        kernel = start(self, kwargs)
        started.append(kernel)
        time.sleep(1)
        return kernel

    async def give_up(manager):
        starting = asyncio.ensure_future(manager.start_kernel(cwd=str(devbox.project)))
        while not started:  # noqa: ASYNC110  (a thread fills it)
            await asyncio.sleep(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await manager.cleanup_resources()

    monkeypatch.setattr(DevboxProvisioner, "_start", slowly)
    asyncio.run(give_up(AsyncKernelManager(kernel_name=devbox.kernelspec())))
    (kernel,) = started
    assert kernel.process.exit_code is not None
    assert kernels(devbox, kernel.container) == ""
    assert list(kernel.runtime.sockets.iterdir()) == []


def test_the_image_was_deleted(devbox):
    error = refused(devbox, ImageMissingError, image=f"sha256:{'0' * 64}")
    assert error.hint.startswith("jupyter devbox build --project ")


def test_the_project_was_deleted(devbox):
    gone = devbox.root / "gone"
    error = refused(devbox, ProjectError, project=gone)
    assert error.message == f"The project's folder is gone: `{gone}`"


def test_no_engine(devbox, monkeypatch):
    def connect(self):
        msg = "Docker isn't running: nothing answers at `/run/x`"
        raise EngineNotRunningError(msg, hint="sudo systemctl start docker")

    monkeypatch.setattr(DevboxProvisioner, "connect", connect)
    error = refused(devbox, EngineNotRunningError)
    assert str(error) == (
        "Docker isn't running: nothing answers at `/run/x`\nNext: sudo systemctl start docker"
    )
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_a_box_that_is_removed(devbox):
    with devbox.kernel() as kernel:
        devbox.engine.remove(kernel.container)
        assert kernel.process.wait(10) == -signal.SIGKILL
        assert not kernel.km.is_alive()
        why = kernel.provisioner.why()
        assert why.message.startswith("The box was removed with all that was installed in it, by")
        kernel.km.restart_kernel(now=True)
        kernel.kc.wait_for_ready(timeout=20)
        first = kernel.run("print(1)").text
        assert sorted(first.splitlines()) == [
            "1",
            f"This kernel is new, the variables are gone. {why.message}",
        ]
        assert kernel.run("print(2)").text == "2\n"


def test_a_box_that_is_stopped(devbox):
    with devbox.kernel() as kernel:
        devbox.engine.stop(kernel.container, 5)
        assert kernel.process.wait(10) == -signal.SIGKILL
        why = kernel.provisioner.why()
        assert why.message.startswith("The box was stopped, by docker stop or by VS Code")


def test_memory_limit(devbox):
    with devbox.kernel(
        name="limited", memory=256 * 2**20, project=project(devbox, "lim")
    ) as kernel:
        kernel.kc.execute("print('so far', flush=True); x = bytearray(2**30)")
        assert kernel.process.wait(20) == -signal.SIGKILL
        why = kernel.provisioner.why()
        assert why.message == "The kernel was killed: 256 MiB limit"
        assert why.details[0] == "killed by SIGKILL, exit code -9"
        kernel.km.restart_kernel(now=True)
        kernel.kc.wait_for_ready(timeout=20)
        kernel.process.send_signal(signal.SIGUSR1)
        assert kernel.process.wait(10) == -signal.SIGUSR1
        assert "memory" not in kernel.provisioner.why().message


def test_other_limits(devbox):
    limits = {"cpus": 0.5, "pids": 64, "shm": 2**26}
    with devbox.kernel(name="few", project=project(devbox, "few"), **limits) as kernel:
        said = kernel.run(
            "import os; s = os.statvfs('/dev/shm'); print(s.f_blocks * s.f_frsize)\n"
            "import subprocess\n"
            "try: print(len([subprocess.Popen(['sleep', '9']) for _ in range(64)]))\n"
            "except OSError as e: print(e.errno)"
        )
        assert said.text == f"{2**26}\n11\n"  # EAGAIN


def project(devbox, name):
    folder = devbox.root / name
    folder.mkdir(exist_ok=True)
    return folder


HOST = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1], cwd=sys.argv[2])
print(manager.provisioner._kernel.container, flush=True)
client.execute("import time; time.sleep(600)")
time.sleep(600) if (time := __import__('time')) else None
"""


@pytest.mark.parametrize("isolation", ["box", "kernel"])
def test_a_killed_server_takes_its_kernels_along(devbox, isolation):
    name = devbox.kernelspec(f"left-{isolation}", isolation=isolation)
    command = [sys.executable, "-c", HOST, name, str(devbox.project)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) as server:
        container = server.stdout.readline().decode().strip()
        assert devbox.engine.container(container).status == "running"
        server.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if isolation == "kernel":
            if devbox.engine.container(container).status == "exited":
                return
        elif kernels(devbox, container) == "":
            return
        time.sleep(0.05)
    pytest.fail("the kernel still runs")


def test_the_box_cannot_make_us_read_another_file(devbox):
    """The log is the box's to write: a link in its place is not followed.

    A box that shares no folder, as over a stream alone, has no log in its hands.
    """
    with devbox.kernel() as kernel:
        name = kernel.provisioner._kernel.name
        linked = kernel.run(
            f"import os; os.remove('/run/devbox/s/{name}.log')\n"
            f"os.symlink('/etc/passwd', '/run/devbox/s/{name}.log')"
        )
        kernel.busy("os._exit(3)")
        assert kernel.process.wait(10) == 3
        details = kernel.provisioner.why().details
        assert "root:" not in "\n".join(details)
        if linked.reply["status"] == "ok":
            assert details == ()


def test_a_sentence_is_logged_for_a_kernel_that_dies(devbox, monkeypatch):
    said = []
    with devbox.kernel() as kernel:
        log = kernel.provisioner.log
        monkeypatch.setattr(log, "error", lambda form, *rest, **_: said.append(form % rest))
        kernel.busy("import os; os._exit(3)")
        assert kernel.process.wait(10) == 3
        deadline = time.monotonic() + 5
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
    assert said[0].startswith("The kernel ended by itself: exit code 3")


def test_a_strangers_runtime_folder(devbox, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to("/tmp")
    monkeypatch.setenv("JUPYTER_DEVBOX_RUNTIME_DIR", str(tmp_path / "link"))
    error = refused(devbox, RunError)
    assert "somebody else" in error.message or "too deep" in error.message


# --- crashes ----------------------------------------------------------------------

SECONDS = 60
SEGFAULT = "def deep():\n    import ctypes\n    ctypes.string_at(0)\ndeep()"


@pytest.mark.parametrize(
    ("code", "number", "said"),
    [
        (SEGFAULT, signal.SIGSEGV, "Fatal Python error: Segmentation fault"),
        ("import os\nos.abort()", signal.SIGABRT, "Fatal Python error: Aborted"),
    ],
    ids=["segfault", "abort"],
)
def test_a_crash_is_told_with_its_calls_and_kept(devbox, code, number, said):
    project = devbox.root / "crashes"
    project.mkdir(exist_ok=True)
    with devbox.kernel(name="crashes", project=project) as kernel:
        assert kernel.run("print([n for n in dir() if 'devbox' in n])").text == "[]\n"
        kernel.kc.execute(code)
        assert kernel.process.wait(SECONDS) == -number
        deadline = time.monotonic() + SECONDS
        while (why := kernel.provisioner.last_death) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert why.message.endswith(f"killed by {number.name}, exit code -{int(number)}")
        assert why.details[0] == said
        assert any("string_at" in line or "<module>" in line for line in why.details[:4])
        file = Path(re.search(r"is in (\S+\.log);", why.hint)[1])
        assert file.parent == this_machine().logs
        assert said in file.read_text()
        assert file.stat().st_mode & 0o077 == 0
        assert list(project.iterdir()) == []


def test_there_are_no_core_dumps_unless_they_are_asked_for(devbox):
    project = devbox.root / "cores"
    project.mkdir(exist_ok=True)
    look = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    with devbox.kernel(name="cores", project=project) as kernel:
        assert kernel.run(look).text == "(0, 0)\n"
    with devbox.kernel(name="cores", project=project, ulimits=["core=4096:8192"]) as kernel:
        assert kernel.run(look).text == "(4096, 8192)\n"


def test_what_a_kernel_starts_has_no_hand_on_its_log(devbox):
    with devbox.kernel() as kernel:
        script = "ls -l /proc/self/fd"
        call = f"subprocess.run({script.split()!r}, close_fds=False, capture_output=True)"
        said = kernel.run(f"import subprocess\nprint({call}.stdout.decode())").text
        assert "/proc/" in said
        assert ".log" not in said
        assert kernel.run("import os; print('JUPYTER_DEVBOX_LOG' in os.environ)").text == "False\n"
