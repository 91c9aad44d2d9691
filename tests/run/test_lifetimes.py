"""Who ends what, and when: idle boxes, killed servers, kernels that another process takes over."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_devbox.run import forked, start
from jupyter_devbox.run.box import open_box
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.box import LABEL_KIND, LABEL_PROJECT
from jupyter_devbox.spec.container import ExecSpec, Mount
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.deaths import last_death
from jupyter_devbox.workflow.sweeping import sweep

pytestmark = pytest.mark.docker

SECONDS = 30


def until(condition, seconds: float = SECONDS):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return result


def commands(devbox, container) -> list[str]:
    """What runs in a box, as command lines."""
    script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done"
    said = devbox.engine.run(container, ExecSpec(command=("sh", "-c", script))).stdout
    return [line for line in said.splitlines() if line]


def mounted(devbox, container) -> str:
    return devbox.engine.run(container, ExecSpec(command=("cat", "/proc/mounts"))).stdout


def folder(devbox, name):
    path = devbox.root / name
    path.mkdir(exist_ok=True)
    return path


# --- idle boxes ---------------------------------------------------------------


def stays(devbox, box):
    """Longer than it may be idle, a box with a kernel runs."""
    time.sleep(3)
    assert devbox.engine.container(box).status == "running"


def stops(devbox, box):
    """Without one it ends by itself."""
    ended = until(lambda: (s := devbox.engine.container(box)).status == "exited" and s)
    assert ended.exit_code == 0


def test_an_idle_box_stops_and_keeps_what_was_installed(devbox):
    project = folder(devbox, "idle")
    config = {"name": "idle", "project": project, "idle": 2}
    with devbox.kernel(**config) as kernel:
        box = kernel.container
        kernel.run("open('/opt/venv/installed', 'w').write('x')")
        stays(devbox, box)
    stops(devbox, box)
    with devbox.kernel(**config) as kernel:
        assert kernel.container == box
        assert kernel.run("print(open('/opt/venv/installed').read())").text == "x\n"


def test_a_box_without_the_host_s_folder_stops_too(devbox, monkeypatch):
    """Docker from a snap has a /tmp of its own: our folder in it is not there for a mount."""
    elsewhere = Mount(source=str(devbox.root / "not-here"), target="/run/devbox/k")
    monkeypatch.setattr(RuntimeDir, "mounts", lambda _: (elsewhere,))
    config = {"name": "unshared", "project": folder(devbox, "unshared"), "idle": 2}
    with devbox.kernel(**config) as kernel:
        box = kernel.container
        assert "/run/devbox/k" not in mounted(devbox, box)
        stays(devbox, box)
    stops(devbox, box)
    with devbox.kernel(**config) as kernel:
        assert kernel.container == box


def test_any_program_keeps_a_box(devbox):
    """VS Code's server and terminals are such programs: nothing of ours started them."""
    project = folder(devbox, "used")
    spec = devbox.spec(project=str(project), name="used", idle=1)
    box, _ = open_box(devbox.engine, spec, base=devbox.runtime, host={})
    theirs = devbox.engine.stream(box.id, ExecSpec(command=("cat",), stdin=True))
    time.sleep(4)
    assert devbox.engine.container(box.id).status == "running"
    theirs.close()
    until(lambda: devbox.engine.container(box.id).status == "exited")


def test_a_running_box_takes_over_another_idle_time(devbox):
    project = folder(devbox, "changed")
    spec = devbox.spec(project=str(project), name="changed", idle=0)
    box, _ = open_box(devbox.engine, spec, base=devbox.runtime, host={})
    spec = devbox.spec(project=str(project), name="changed", idle=1)
    assert open_box(devbox.engine, spec, base=devbox.runtime, host={})[0].id == box.id
    until(lambda: devbox.engine.container(box.id).status == "exited")


def test_a_kernel_starts_in_a_box_that_stops_this_moment(devbox, monkeypatch):
    """Between the look at the box and the start in it the box may end: it is started again."""
    project = folder(devbox, "race")
    with devbox.kernel(name="race", project=project) as kernel:
        box = kernel.container
        engine = kernel.provisioner._engine
    fork, times = start.fork_launcher, []

    def late(one, container, *others, **more):
        times.append(container)
        if len(times) == 1:
            engine.stop(container, 5)
        return fork(one, container, *others, **more)

    monkeypatch.setattr(start, "fork_launcher", late)
    with devbox.kernel(name="race", project=project) as kernel:
        assert kernel.container == box
        assert times == [box, box]


def test_a_main_process_that_something_in_the_box_has_stopped(devbox, monkeypatch):
    """It forks a kernel's launcher; where it can't, the engine starts one."""
    parent = "import os; print(open(f'/proc/{os.getppid()}/stat').read().split()[3])"
    project = folder(devbox, "stopped")
    monkeypatch.setattr(forked, "_PATIENCE", 0.5)
    with devbox.kernel(name="stopped", project=project) as kernel:
        main = int(kernel.run(parent).text)
        assert main > 0  # what the engine starts has no parent in the box
        kernel.run(f"import os, signal; os.kill({main}, signal.SIGSTOP)")
        with devbox.kernel(name="stopped", project=project) as second:
            assert second.container == kernel.container
            assert second.run(parent).text == "0\n"
            second.run(f"import os, signal; os.kill({main}, signal.SIGCONT)")
        with devbox.kernel(name="stopped", project=project) as third:
            assert third.run(parent).text == f"{main}\n"


def test_docker_stop_takes_no_time(devbox):
    spec = devbox.spec(project=str(folder(devbox, "quick")), name="quick")
    box, _ = open_box(devbox.engine, spec, base=devbox.runtime, host={})
    begun = time.monotonic()
    devbox.engine.stop(box.id, 30)
    assert time.monotonic() - begun < 5
    assert devbox.engine.container(box.id).exit_code == 0


def test_a_kernel_whose_launcher_was_killed_is_ended(devbox):
    """Nobody would ever hear of it again; its own children with a session of theirs may stay."""
    with devbox.kernel() as kernel:
        kernel.run("import subprocess; subprocess.Popen(['sleep', '77'], start_new_session=True)")
        kernel.run("import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
        assert kernel.process.wait(10) == -signal.SIGKILL
        why = kernel.provisioner.why()
        assert why.message.startswith("The kernel's launcher was ended in the box")
        name = f"devbox-{kernel.provisioner._kernel.name}.json"
        until(lambda: not any(name in line for line in commands(devbox, kernel.container)))
        assert "sleep 77 " in commands(devbox, kernel.container)
        script = "kill $(pidof sleep)"
        devbox.engine.run(kernel.container, ExecSpec(command=("sh", "-c", script)))


# --- servers that are killed ----------------------------------------------------

SERVER = """
import json, sys, time
from jupyter_client.manager import KernelManager
kernels = []
for name in sys.argv[2:]:
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(cwd=sys.argv[1])
    kernels.append(manager)
print(json.dumps([[k.provisioner._kernel.container, k.provisioner._kernel.name,
                   str(k.provisioner._kernel.runtime.path), k.connection_file]
                  for k in kernels]), flush=True)
time.sleep(600)
"""


@contextmanager
def server(devbox, project, *names, **env):
    """Another process that runs a kernel for each kernelspec named."""
    command = [sys.executable, "-c", SERVER, str(project), *names]
    environment = {**os.environ, **env}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process, [tuple(row) for row in json.loads(process.stdout.readline())]
        finally:
            process.kill()


def runtime_files(devbox) -> set[str]:
    return {
        str(path.relative_to(devbox.runtime))
        for path in Path(devbox.runtime).rglob("*")
        if not path.is_dir()
    }


def swept(devbox):
    return sweep(this_machine(), devbox.engine, Path(devbox.runtime))


def test_a_killed_server_leaves_nothing_after_the_next_start(devbox):
    project = folder(devbox, "killed")
    shared = devbox.kernelspec("killed-box", project=project)
    own = devbox.kernelspec("killed-own", project=project, isolation="kernel")
    stranger = devbox.engine.create(
        # Labels alone prove nothing: this one is not in the ledger.
        devbox_container(devbox, project)
    )
    with devbox.kernel(name="killed-box", project=project) as mine:
        before = runtime_files(devbox)
        with server(devbox, project, shared, shared, own) as (process, kernels):
            assert swept(devbox) == ()  # all of it belongs to a living process
            process.send_signal(signal.SIGSTOP)
            assert swept(devbox) == ()  # stopped is not dead
            process.kill()
        (box, first, _, _), (_, second, _, _), (alone, third, runtime, _) = kernels
        left = (first, second)
        until(lambda: not any(n in line for line in commands(devbox, box) for n in left))
        until(lambda: devbox.engine.container(alone).status == "exited")
        gone = swept(devbox)
        assert alone in gone
        assert {Path(each).name for each in gone} >= {first, second}
        assert third not in {Path(each).name for each in gone}  # went with its folder
        assert devbox.engine.container(alone) is None
        assert not Path(runtime).exists()
        assert runtime_files(devbox) == before
        assert devbox.engine.container(box).status == "running"
        assert mine.run("print(1)").text == "1\n"
        assert devbox.engine.container(stranger).status == "created"
        assert swept(devbox) == ()
    entries = [e.id for e in this_machine().ledger.entries("kernel")]
    assert alone not in entries
    assert box in [e.id for e in this_machine().ledger.entries("box")]
    devbox.engine.remove(stranger)


def devbox_container(devbox, project):
    from jupyter_devbox.spec.container import ContainerSpec

    labels = devbox.spec(project=str(project)).labels("kernel")
    return ContainerSpec(image=devbox.image, command=("true",), labels=labels)


def test_a_stopped_box_is_kept_and_one_that_never_started_goes(devbox):
    project = folder(devbox, "half")
    name = devbox.kernelspec("half", project=project)
    with server(devbox, project, name) as (process, ((box, *_),)):
        process.kill()
    devbox.engine.stop(box, 5)
    # What a server leaves that is killed between `create` and `start`.
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from jupyter_devbox.engine.detect import connect\n"
        "from jupyter_devbox.run.box import create, box_runtime_dir\n"
        "from jupyter_devbox.spec.box import BoxSpec\n"
        "from jupyter_devbox.workflow.context import this_machine\n"
        "ledger = this_machine().ledger\n"
        "engine = connect()\n"
        "spec = BoxSpec(project=sys.argv[1], name='half', target='cpu', image=sys.argv[2],\n"
        "               uid=os.getuid(), gid=os.getgid())\n"
        "note = lambda kind, c: ledger.record(kind, c, engine=engine.info().id,\n"
        "                                     owner=ledger.mark())\n"
        "runtime = box_runtime_dir(spec, Path(sys.argv[3]))\n"
        "print(create(engine, spec, runtime, kind='box', host={}, record=note,\n"
        "             name='devbox-test-never'), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project), devbox.image, str(devbox.runtime)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    never = done.stdout.strip()
    assert devbox.engine.container(never).status == "created"
    gone = swept(devbox)
    assert never in gone
    assert box not in gone
    assert devbox.engine.container(never) is None
    assert devbox.engine.container(box).status == "exited"


def test_another_engines_things_are_left_alone(devbox):
    """Their ids mean nothing here, and must still be known when that engine is back."""
    ledger = this_machine().ledger
    ledger.record("kernel", "f" * 64, engine="elsewhere", owner="0123456789abcdef")
    swept(devbox)
    assert ledger.has("kernel", "f" * 64)
    ledger.forget("kernel", "f" * 64)


def test_the_first_kernel_of_a_process_sweeps(devbox):
    project = folder(devbox, "sweeps")
    own = devbox.kernelspec("sweeps-own", project=project, isolation="kernel")
    with server(devbox, project, own) as (process, ((alone, *_),)):
        process.kill()
    assert devbox.engine.container(alone) is not None
    with server(devbox, project, devbox.kernelspec("sweeps-box", project=project)):
        until(lambda: devbox.engine.container(alone) is None)


def test_a_sweep_costs_next_to_nothing(devbox):
    swept(devbox)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        swept(devbox)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.05, times


# --- limits ---------------------------------------------------------------------


def test_at_the_boxs_limit_only_the_big_kernel_dies(devbox):
    project = folder(devbox, "two")
    config = {"name": "two", "project": project, "memory": 512 * 2**20}
    with devbox.kernel(**config) as small, devbox.kernel(**config) as big:
        assert small.container == big.container
        small.run("kept = 1")
        big.kc.execute("x = bytearray(2**30)")
        assert big.process.wait(30) == -signal.SIGKILL
        why = big.provisioner.why()
        assert why.message == "The kernel was killed: 512 MiB limit"
        assert why.hint == (
            f"jupyter devbox containerize --project {project} --memory 1g, "
            "then restart the kernel; or Restart with limits… in JupyterLab"
        )
        assert small.run("print(kept)").text == "1\n"
        noted = until(lambda: last_death(this_machine(), str(project)))
        assert (noted.message, noted.hint) == (why.message, why.hint)


def test_a_restart_gets_what_was_registered_since(devbox):
    """`containerize --memory` writes the kernelspec anew; Jupyter keeps the one it has read."""
    project = folder(devbox, "more")
    limit = "print(int(open(f).read()) // 2**20)"
    files = "['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max']"
    look = f"import os; f = next(x for x in {files} if os.path.exists(x)); {limit}"
    with devbox.kernel(name="more", project=project, memory=256 * 2**20) as kernel:
        assert kernel.run(look).text == "256\n"
        devbox.kernelspec(name="more", project=project, memory=384 * 2**20)
        kernel.km.restart_kernel(now=True)
        kernel.kc.wait_for_ready(timeout=SECONDS)
        assert kernel.run(look).text == "384\n"
    assert len(devbox.engine.containers({LABEL_KIND: "box", LABEL_PROJECT: str(project)})) == 1


def test_a_box_of_old_limits_stops_with_its_last_kernel(devbox):
    """A restart into new limits gets a box beside it, while another kernel runs in the old one."""
    project = folder(devbox, "beside")
    labels = {LABEL_KIND: "box", LABEL_PROJECT: str(project)}
    config = {"name": "beside", "project": project, "memory": 256 * 2**20}
    with devbox.kernel(**config) as stays, devbox.kernel(**config) as moves:
        old = moves.container
        assert stays.container == old
        devbox.kernelspec(**{**config, "memory": 384 * 2**20})
        moves.km.restart_kernel(now=True)
        moves.kc.wait_for_ready(timeout=SECONDS)
        assert moves.container != old
        assert stays.run("print(1)").text == "1\n"
        stays.km.shutdown_kernel(now=True)
        until(lambda: devbox.engine.container(old).status != "running")
        assert moves.run("print(2)").text == "2\n"
        kept = moves.container
    assert devbox.engine.container(kept).status == "running", "the box that fits stays warm"
    assert {box.id for box in devbox.engine.containers(labels)} == {old, kept}


READER = """
import sys
from jupyter_client.blocking import BlockingKernelClient
client = BlockingKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=20)
sent, size = client.execute("for _ in range(1024): print('x' * (2**20 - 1))"), 0
while True:
    message = client.get_iopub_msg(timeout=60)
    size += len(message["content"].get("text", ""))
    ours = message["parent_header"].get("msg_id") == sent
    if ours and message["content"].get("execution_state") == "idle":
        break
print(size)
"""


def test_a_gigabyte_of_output_costs_the_server_no_memory(devbox):
    """It goes from kernel to client: what the client keeps is its own business, as on the host."""

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    with devbox.kernel() as kernel:
        kernel.kc.stop_channels()
        before, most = resident(), 0
        runtime = kernel.provisioner._kernel.runtime
        command = [sys.executable, "-c", READER, kernel.km.connection_file]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
            while reader.poll() is None:
                most = max(most, resident() - before)
                time.sleep(0.2)
            assert int(reader.stdout.read()) == 2**30
        assert most < 50 * 2**20
        assert sum(p.stat().st_size for p in runtime.sockets.glob("*.log")) < 10**6


# --- many -----------------------------------------------------------------------


def test_twenty_kernels_at_once(devbox):
    project = folder(devbox, "many")
    name = devbox.kernelspec("many", project=project)
    from jupyter_client.manager import AsyncKernelManager

    async def together():
        managers = [AsyncKernelManager(kernel_name=name) for _ in range(20)]
        try:
            await asyncio.gather(*(m.start_kernel(cwd=str(project)) for m in managers))
            boxes = devbox.engine.containers({LABEL_KIND: "box", LABEL_PROJECT: str(project)})
            assert len(boxes) == 1
            assert len({m.provisioner._kernel.process.pid for m in managers}) == 20
            for manager in managers:
                client = manager.client()
                client.start_channels()
                await client.wait_for_ready(timeout=60)
                client.stop_channels()
        finally:
            await asyncio.gather(*(m.shutdown_kernel(now=True) for m in managers))

    asyncio.run(together())
