"""Kernels for clients that start `argv` and know no provisioner, as VS Code does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.manager import KernelManager

from jupyter_devbox.errors import RunError
from jupyter_devbox.run.start import kernel_name
from jupyter_devbox.shim.doors import PORTS, dial, open_doors
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.spec.kernelspec import SPEC_VARIABLE

SHIM = (sys.executable, "-m", "jupyter_devbox.shim")
SECONDS = 20
ONES = dict.fromkeys(PORTS, 1)

# --- doors ------------------------------------------------------------------


def test_dial_does_not_follow_a_link(tmp_path):
    """A box once replaced its socket by a link to Docker's."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "other"))
        listener.listen()
        (tmp_path / "kernel").symlink_to("other")
        dial(str(tmp_path / "other")).close()
        with pytest.raises(OSError, match=r"."):
            dial(str(tmp_path / "kernel"))


def test_dial_refuses_what_is_no_socket(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("file", "nothing"):
        with pytest.raises(OSError, match=r"."):
            dial(str(tmp_path / name))


@pytest.mark.parametrize("ip", ["0.0.0.0", "192.168.1.7", "::", "example.invalid", "*"])
def test_it_listens_on_this_machine_alone(ip):
    with pytest.raises(RunError, match="this machine alone") as caught:
        open_doors({"ip": ip, **ONES})
    assert caught.value.hint


def test_an_address_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RunError, match="taken"):
            open_doors({"ip": "127.0.0.1", **dict.fromkeys(PORTS, taken.getsockname()[1])})


# --- mistakes, without an engine --------------------------------------------


def shim(*words, **env):
    mine = {k: v for k, v in os.environ.items() if k != SPEC_VARIABLE}
    return subprocess.run(
        [*SHIM, *words],
        check=False,
        capture_output=True,
        text=True,
        env={**mine, **env},
        timeout=60,
    )


def connection(tmp_path, **options):
    return write_connection_file(str(tmp_path / "kernel-1.json"), ip="127.0.0.1", **options)[0]


def test_no_connection_file():
    said = shim()
    assert said.returncode == 2
    assert said.stderr.startswith("A connection file is missing")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ip": "127.0.0.1", "key": "x"}'])
def test_a_damaged_connection_file(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    said = shim("-f", str(tmp_path / "c.json"))
    assert said.returncode == 42
    assert said.stderr.splitlines() == [
        f"This is no connection file: `{tmp_path / 'c.json'}`",
        "Next: start the kernel again",
    ]


@pytest.mark.parametrize("name", ["", "devbox-none", "../x"])
def test_an_unknown_kernelspec(tmp_path, name):
    said = shim("-f", connection(tmp_path), **{SPEC_VARIABLE: name})
    assert said.returncode == 42
    assert said.stderr.splitlines()[-1] == "Next: jupyter devbox kernel install"
    assert "Traceback" not in said.stderr


# --- kernels ----------------------------------------------------------------


class Plain:
    """A kernel that was started from `argv`, its manager knowing nothing of us."""

    def __init__(self, devbox, **config):
        name = devbox.kernelspec(name="plain", provisioner=False, **config)
        self.km = KernelManager(kernel_name=name)
        self.km.start_kernel(cwd=str(devbox.project))
        self.kc = self.km.client()
        self.kc.start_channels()
        self.kc.wait_for_ready(timeout=SECONDS)

    def run(self, code):
        said = []
        reply = self.kc.execute_interactive(
            code,
            timeout=SECONDS,
            allow_stdin=False,
            output_hook=lambda m: said.append(m["content"].get("text", "")),
        )
        return reply["content"], "".join(said)

    @property
    def process(self):
        return self.km.provisioner.process


@pytest.fixture
def plain(devbox):
    kernel = Plain(devbox)
    yield kernel
    kernel.kc.stop_channels()
    kernel.km.shutdown_kernel(now=True)


def processes(devbox):
    """Command lines of kernels that run in any of the boxes."""
    script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done"
    lines = []
    for box in devbox.containers():
        if box.status == "running":
            said = devbox.engine.run(box.id, ExecSpec(command=("sh", "-c", script))).stdout
            lines += [line for line in said.splitlines() if "ipykernel" in line]
    return lines


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.docker
def test_a_plain_client_has_a_kernel_in_the_box(plain, devbox):
    assert type(plain.km.provisioner).__name__ == "LocalProvisioner"
    names = f"[os.environ.get(n) for n in ({SPEC_VARIABLE!r}, 'JUPYTER_DEVBOX_BOX')]"
    _, text = plain.run(f"import os; print(os.getcwd(), {names})")
    assert text == f"/workspaces/{devbox.project.name} [None, '1']\n"


@pytest.mark.docker
def test_interrupt_by_message(plain):
    sent = plain.kc.execute("import time; print('up', flush=True); time.sleep(60)")
    until(lambda: plain.kc.get_iopub_msg(timeout=SECONDS)["content"].get("text") == "up\n")
    plain.km.interrupt_kernel()
    assert answer(plain.kc, sent)["ename"] == "KeyboardInterrupt"


def answer(client, sent):
    while True:
        message = client.get_shell_msg(timeout=SECONDS)
        if message["parent_header"].get("msg_id") == sent:
            return message["content"]


@pytest.mark.docker
def test_restart(plain):
    plain.run("left = 1")
    plain.km.restart_kernel()
    plain.kc.wait_for_ready(timeout=SECONDS)
    assert plain.run("left")[0]["ename"] == "NameError"


@pytest.mark.docker
def test_a_hundred_megabytes(plain):
    _, text = plain.run("for _ in range(100): print('x' * (2**20 - 1))")
    assert len(text) == 100 * 2**20


@pytest.mark.docker
def test_shutdown_leaves_nothing(devbox):
    kernel = Plain(devbox)
    file = Path(kernel.km.connection_file)
    assert processes(devbox)
    kernel.kc.stop_channels()
    kernel.km.shutdown_kernel()
    assert kernel.process is None or kernel.process.poll() is not None
    until(lambda: not processes(devbox))
    assert not file.exists()
    until(lambda: not list(devbox.runtime.glob(f"*/*/{kernel_name(str(file))}*")))


@contextmanager
def spawned(devbox, tmp_path, *, transport="tcp", wrapper=()):
    """Start the kernelspec's `argv` as VS Code does; yield the process and a ready client."""
    name = devbox.kernelspec(name="spawned", provisioner=False)
    if transport == "ipc":
        ports = dict(zip(PORTS, range(1, 6), strict=True))
        info = {"ip": str(tmp_path / "ipc"), "key": "k", "transport": "ipc", **ports}
        file = str(tmp_path / "kernel-ipc.json")
        Path(file).write_text(json.dumps({**info, "signature_scheme": "hmac-sha256"}))
    else:
        file = connection(tmp_path, key=b"a-b")
    process = subprocess.Popen(
        [*wrapper, *SHIM, "-f", file],
        cwd=devbox.project,
        env={**os.environ, SPEC_VARIABLE: name},
        stderr=subprocess.PIPE,
        text=True,
    )
    client = BlockingKernelClient(connection_file=file)
    client.load_connection_file()
    client.start_channels()
    try:
        client.kernel_info(reply=True, timeout=SECONDS)  # a client alone takes silence for death
        client.wait_for_ready(timeout=SECONDS)
        yield process, client
    finally:
        client.stop_channels()
        process.kill()
        process.communicate(timeout=SECONDS)


@pytest.mark.docker
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_sigint_interrupts_and_sigterm_ends(devbox, tmp_path, transport):
    with spawned(devbox, tmp_path, transport=transport) as (process, client):
        sent = client.execute("import time; print('up', flush=True); time.sleep(60)")
        until(lambda: client.get_iopub_msg(timeout=SECONDS)["content"].get("text") == "up\n")
        process.send_signal(signal.SIGINT)
        assert answer(client, sent)["ename"] == "KeyboardInterrupt"
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == -signal.SIGTERM
        until(lambda: not processes(devbox))
        assert process.stderr.read() == ""


@pytest.mark.docker
@pytest.mark.parametrize(
    ("code", "expected", "said"),
    [
        ("import os; os._exit(3)", 3, "The kernel ended by itself: exit code 3"),
        ("import os; os.abort()", -signal.SIGABRT, "The kernel ended by itself: killed by SIGABRT"),
        ("exit()", 0, ""),
    ],
)
def test_the_exit_code_is_passed_on(devbox, tmp_path, code, expected, said):
    with spawned(devbox, tmp_path) as (process, client):
        client.execute(code)
        assert process.wait(SECONDS) == expected
        assert process.stderr.read().startswith(said)


@pytest.mark.docker
def test_sigterm_while_it_starts(devbox, tmp_path):
    name = devbox.kernelspec(name="spawned", provisioner=False)
    env = {**os.environ, SPEC_VARIABLE: name}
    file = connection(tmp_path)
    for delay in (0.2, 0.5, 0.8):
        command = [*SHIM, "-f", file]
        with subprocess.Popen(command, cwd=devbox.project, env=env) as process:
            time.sleep(delay)
            process.terminate()
            assert process.wait(SECONDS) == -signal.SIGTERM
        until(lambda: not processes(devbox))


KILLED = """
import os, subprocess, sys, time
shim = subprocess.Popen(sys.argv[1:])
print(shim.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.docker
@pytest.mark.parametrize("victim", ["parent", "shim"])
def test_kill_9_leaves_nothing(devbox, tmp_path, victim):
    wrapper = (sys.executable, "-u", "-c", KILLED) if victim == "parent" else ()
    with spawned(devbox, tmp_path, wrapper=wrapper) as (process, _client):
        assert processes(devbox)
        process.kill()
        process.wait(SECONDS)
        until(lambda: not processes(devbox))
        file = str(tmp_path / "kernel-1.json")
        until(lambda: not running(file))


def running(word):
    """Processes of this machine that have a word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(path)
        except OSError:
            continue
    return found


@pytest.mark.docker
@pytest.mark.slow
def test_a_server_whose_environment_lacks_us(devbox, tmp_path, make_environment):
    """Server and kernel in different environments: `argv` names the interpreter that has us."""
    name = devbox.kernelspec(name="plain", provisioner=False)
    client = make_environment("jupyter_client")
    code = (
        "import importlib.util, sys\n"
        "assert importlib.util.find_spec('jupyter_devbox') is None\n"
        "from jupyter_client.manager import start_new_kernel\n"
        "km, kc = start_new_kernel(kernel_name=sys.argv[1], cwd=sys.argv[2])\n"
        "kc.execute_interactive('import os; print(os.getcwd())')\n"
        "kc.stop_channels(); km.shutdown_kernel()"
    )
    done = subprocess.run(
        [client, "-c", code, name, str(devbox.project)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert (done.stdout, done.returncode) == (f"/workspaces/{devbox.project.name}\n", 0), done
    named = devbox.kernelspec(name="named", provisioner=True)
    done = subprocess.run(
        [client, "-c", code, named, str(devbox.project)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert "NoSuchKernel" in done.stderr  # which is why it is only written where it is known


@pytest.fixture
def make_environment(tmp_path):
    from uv import find_uv_bin

    def make(*packages):
        python = tmp_path / "other" / "bin" / "python"
        uv = (find_uv_bin(), "--quiet")
        for words in (
            ("venv", "--python", sys.executable, str(tmp_path / "other")),
            ("pip", "install", "--python", str(python), *packages),
        ):
            subprocess.run([*uv, *words], check=True)
        return str(python)

    yield make
    shutil.rmtree(tmp_path / "other", ignore_errors=True)
