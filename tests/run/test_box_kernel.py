"""A kernel in the project's box does what a kernel on the host does."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from transports import both_transports

pytestmark = [pytest.mark.docker, both_transports]

GONE = 10


@pytest.fixture
def kernel(devbox):
    """One kernel a test, all in one box: a test that fails leaves nothing to the next."""
    (devbox.project / "sub").mkdir(exist_ok=True)
    (devbox.project / "sub" / "local.py").write_text("def answer():\n    return 42\n")
    env = {
        **os.environ,
        "JPY_PARENT_PID": str(os.getpid()),
        "JPY_SESSION_NAME": str(devbox.project / "sub" / "n.ipynb"),
        "SECRET": "s",
        "WHERE": "here",
    }
    listed = {"MINE": "${WHERE} and now"}
    with devbox.kernel(cwd=devbox.project / "sub", env=env, name="main", spec_env=listed) as one:
        yield one


def test_folder_files_and_user(kernel, devbox):
    said = kernel.run(
        "import os, local, pwd; print(os.getcwd(), local.answer(), os.environ['HOME'])\n"
        "open('made.txt', 'w').write(pwd.getpwnam('jovyan').pw_name)"
    )
    assert said.text == f"/workspaces/{devbox.project.name}/sub 42 /home/jovyan\n"
    made = devbox.project / "sub" / "made.txt"
    assert (made.read_text(), made.stat().st_uid) == ("jovyan", os.getuid())


def test_environment_is_a_short_list(kernel):
    names = "['JPY_PARENT_PID', 'SECRET', 'WHERE', 'MINE', 'JPY_SESSION_NAME']"
    said = kernel.run(f"import os; print([os.environ.get(n) for n in {names}])")
    assert said.text == ("[None, None, None, 'here and now', '/workspaces/project/sub/n.ipynb']\n")


def test_home_can_be_written(kernel):
    assert (
        kernel.run("import os; open(os.path.expanduser('~/x'), 'w').close()").reply["status"]
        == "ok"
    )


def test_connection_file_is_not_the_boxs_to_change(kernel):
    said = kernel.run(
        "import glob\nfor f in glob.glob('/run/devbox/k/*.*'):\n"
        "  try: open(f, 'a')\n  except OSError as e: print(e.errno)"
    )
    assert set(said.text.split()) == {"30"}  # EROFS


def test_no_listening_tcp_socket(kernel):
    said = kernel.run(
        "lines = [l.split() for f in ('tcp', 'tcp6') for l in open(f'/proc/net/{f}')]\n"
        "print(sum(l[3] == '0A' and not l[1].startswith('0100007F') for l in lines[1:] if l))"
    )
    assert said.text == "0\n"


def test_resolve_path(kernel, devbox):
    resolve = kernel.km.resolve_path
    assert resolve("local.py") == str(devbox.project / "sub" / "local.py")
    assert resolve("/workspaces/project/sub/local.py") == str(devbox.project / "sub" / "local.py")
    assert resolve("/etc/passwd") is None
    assert resolve("~/x") is None


def test_provisioner_info(kernel, devbox):
    said = asyncio.run(kernel.provisioner.get_provisioner_info())
    assert said["container"] == kernel.container
    assert said["project"] == str(devbox.project)
    assert said["connection_info"]["transport"] == "ipc"


def test_input(kernel):
    sent = kernel.kc.execute("print('Hello', input('name? '))", allow_stdin=True)
    asked = kernel.kc.get_stdin_msg(timeout=10)
    assert asked["content"]["prompt"] == "name? "
    kernel.kc.input("Ada")
    kernel.until_printed(sent, "Hello Ada\n")
    assert kernel.reply(sent)["content"]["status"] == "ok"


def test_completion(kernel):
    kernel.run("import local")
    sent = kernel.kc.complete("local.ans")
    found = kernel.reply(sent)["content"]["matches"]
    assert found == ["answer"]


def test_interrupt_sleep(kernel):
    sent = kernel.busy("import time; time.sleep(60)")
    kernel.km.interrupt_kernel()
    assert kernel.reply(sent, 10)["content"]["ename"] == "KeyboardInterrupt"


def test_interrupt_reaches_child_processes(kernel):
    sent = kernel.busy("import subprocess; print(subprocess.call(['sleep', '60']))")
    kernel.km.interrupt_kernel()
    assert kernel.reply(sent, 10)["content"]["ename"] == "KeyboardInterrupt"


def test_interrupt_c_code_that_keeps_the_gil(kernel):
    """A message can't: the thread that would read it never gets to run. A signal can."""
    sent = kernel.busy("import re; re.match('(a+)+$', 'a' * 64 + 'b')")
    kernel.km.interrupt_kernel()
    assert kernel.reply(sent, 10)["content"]["ename"] == "KeyboardInterrupt"


def test_widgets_answer(kernel):
    said = kernel.run(
        "import ipywidgets; slider = ipywidgets.IntSlider(value=3); seen = []\n"
        "slider.observe(lambda change: seen.append(change['new']), 'value'); slider.comm.comm_id"
    )
    comm = next(o for o in said.outputs if o["type"] == "execute_result")
    content = {
        "comm_id": comm["data"]["text/plain"].strip("'"),
        "data": {"method": "update", "state": {"value": 7}, "buffer_paths": []},
    }
    message = kernel.kc.session.msg("comm_msg", content)
    kernel.kc.shell_channel.send(message)
    kernel.on_iopub(
        message["header"]["msg_id"], lambda m: m["content"].get("execution_state") == "idle"
    )
    assert kernel.run("print(slider.value, seen)").text == "7 [7]\n"


def test_debugger(kernel):
    """The requests that JupyterLab sends first, through to a breakpoint that is accepted."""

    def ask(number, command, **arguments):
        content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
        message = kernel.kc.session.msg("debug_request", content)
        kernel.kc.control_channel.send(message)
        answer = kernel.reply(message["header"]["msg_id"], channel="control")["content"]
        assert answer["success"], answer
        return answer

    assert ask(1, "initialize", clientID="test", adapterID="", pathFormat="path")["body"]
    ask(2, "attach")
    code = "def f():\n    return 1\nf()"
    path = ask(3, "dumpCell", code=code)["body"]["sourcePath"]
    set_ = ask(4, "setBreakpoints", source={"path": path}, breakpoints=[{"line": 2}])
    assert set_["body"]["breakpoints"][0]["verified"]
    ask(5, "configurationDone")
    assert ask(6, "debugInfo")["body"]["isStarted"]
    ask(7, "disconnect", restart=False, terminateDebuggee=False)


def test_a_hundred_megabytes_of_output(kernel):
    sent = kernel.kc.execute("for _ in range(100): print('x' * (2**20 - 1))")
    size = 0

    def all_there(message):
        nonlocal size
        size += len(message["content"].get("text", ""))
        return message["content"].get("execution_state") == "idle"

    kernel.on_iopub(sent, all_there)
    assert size == 100 * 2**20


def test_one_display_of_fifty_megabytes(kernel):
    said = kernel.run("display({'text/plain': 'y' * 50_000_000}, raw=True)")
    shown = next(o for o in said.outputs if o["type"] == "display_data")
    assert len(shown["data"]["text/plain"]) == 50_000_000


def test_two_kernels_share_the_box_and_nothing_else(kernel, devbox):
    with devbox.kernel() as other:
        assert other.container == kernel.container
        kernel.run("mine = 1")
        assert other.run("mine").reply["ename"] == "NameError"
        assert other.run("print(len(__import__('glob').glob('/run/devbox/s/*-1')))").text == "2\n"
    assert kernel.run("print(mine)").text == "1\n"


def test_restart(kernel):
    kernel.run("left = 1")
    container, pid = kernel.container, kernel.process.pid
    kernel.km.restart_kernel()
    kernel.kc.wait_for_ready(timeout=60)
    assert kernel.container == container
    assert kernel.process.pid != pid
    assert kernel.run("left").reply["ename"] == "NameError"


def test_restart_while_stuck_where_no_signal_helps(kernel):
    """C code that never looks for signals can't be interrupted, here or on the host."""
    sent = kernel.busy("sum(range(10**11))")
    kernel.km.interrupt_kernel()
    kernel.km.interrupt_kernel()
    assert kernel.km.is_alive()
    assert sent
    started = time.monotonic()
    kernel.km.restart_kernel(now=True)
    kernel.kc.wait_for_ready(timeout=60)
    assert time.monotonic() - started < 20
    assert kernel.run("print(1)").text == "1\n"


def test_death_is_noticed_even_if_a_child_stays(kernel):
    sent = kernel.busy(
        "import os, time\nif os.fork() == 0: time.sleep(60)\nos.kill(os.getpid(), 9)"
    )
    assert sent
    assert kernel.process.wait(GONE) == -signal.SIGKILL
    assert not kernel.km.is_alive()
    why = kernel.provisioner.why()
    assert "killed by SIGKILL" in why.message
    kernel.km.restart_kernel(now=True)
    kernel.kc.wait_for_ready(timeout=60)


def test_shutdown_leaves_nothing(devbox):
    with devbox.kernel() as one:
        one.run("import subprocess; subprocess.Popen(['sleep', '3600'])")
        container, runtime = one.container, one.provisioner._kernel.runtime
        name, file = one.provisioner._kernel.name, Path(one.km.connection_file)
        assert file.exists()
        one.km.shutdown_kernel()
    left = [p.name for p in (*runtime.sockets.iterdir(), *runtime.shared.iterdir())]
    assert not [entry for entry in left if entry.startswith(name)]
    assert not file.exists()
    assert "sleep 3600" not in processes(devbox, container)


def processes(devbox, container):
    from jupyter_devbox.spec.container import ExecSpec

    script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done"
    return devbox.engine.run(container, ExecSpec(command=("sh", "-c", script))).stdout
