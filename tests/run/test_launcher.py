"""The launcher, run on this machine: it needs no container to be itself."""

from __future__ import annotations

import ast
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_devbox.run import launcher

LAUNCHER = Path(launcher.__file__)
SECONDS = 10


class Session:
    """A launcher and both its pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def line(self) -> str:
        ready = select.select([self.process.stdout], [], [], SECONDS)[0]
        assert ready, "the launcher said nothing"
        return self.process.stdout.readline().decode().strip()

    def pid(self) -> int:
        word, number, started = self.line().split()
        assert started == launcher.started(int(number)) or not runs(int(number))
        assert word == "pid"
        return int(number)

    def send(self, *numbers: int) -> None:
        self.process.stdin.write(bytes(numbers))
        self.process.stdin.flush()


@contextmanager
def launched(tmp_path: Path, *command: str, folder: Path | None = None, channel: str = "-"):
    connection = tmp_path / f"{tmp_path.name}.json"
    connection.write_text('{"key": "k"}')
    files = [str(tmp_path / "log"), str(folder or tmp_path), str(connection)]
    arguments = [channel, *files, *command]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), "kernel", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    try:
        yield Session(process)
    finally:
        process.stdin.close()
        process.wait(SECONDS)
        process.stdout.close()


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-S", "-c", code


SLEEP = python("import time; time.sleep(60)")


def until(condition, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def runs(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def log(tmp_path: Path) -> str:
    return (tmp_path / "log").read_text()


def test_a_core_dump_is_named(tmp_path):
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if "/" in pattern or pattern.startswith("|") or hard == 0:
        pytest.skip("this machine puts core dumps elsewhere, or allows none")
    folder = tmp_path / "work"
    folder.mkdir()
    limit = "resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))"
    abort = python(f"import os, resource; {limit}; os.abort()")
    with launched(tmp_path, *abort, folder=folder) as session:
        session.pid()
        word, _, name = session.line().partition(" ")
        assert word == "core"
        assert [path.name for path in folder.iterdir()] == [name]
        assert session.line() == "exit -6 0"


def test_without_one_none_is_named(tmp_path):
    """What looks like one in the kernel's folder is another program's, or an older one."""
    (tmp_path / "core").write_bytes(b"\x7fELF" + bytes(12) + b"\4\0")
    abort = "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()"
    with launched(tmp_path, *python(abort)) as session:
        session.pid()
        assert session.line() == "exit -6 0"


def test_exit_code_and_output(tmp_path):
    code = "import os, sys; print(os.getcwd()); print('late', file=sys.stderr); sys.exit(7)"
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        assert session.line() == "exit 7 0"
        assert session.process.wait(SECONDS) == 7
    assert set(log(tmp_path).split()) == {str(tmp_path), "late"}


def test_the_log_belongs_to_its_user_alone(tmp_path):
    with launched(tmp_path, *python("")) as session:
        session.pid()
        session.line()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_own_session_and_group(tmp_path):
    code = "import os; print(os.getpid() == os.getsid(0) == os.getpgid(0))"
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        session.line()
    assert log(tmp_path) == "True\n"


def test_a_connection_file_of_its_own(tmp_path):
    """It may be rewritten, nobody else can read it, and it goes with the kernel."""
    code = (
        "import os, sys\n"
        "print(sys.argv[-2], sys.argv[-1])\n"
        "print(open(sys.argv[-1], 'r+').read(), oct(os.stat(sys.argv[-1]).st_mode & 0o777))"
    )
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        session.line()
    flag, copy, *rest = log(tmp_path).split()
    assert flag == "-f"
    assert rest == ['{"key":', '"k"}', "0o600"]
    assert not Path(copy).exists()


def test_signals_reach_the_group(tmp_path):
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGUSR1, lambda *_: os._exit(5))\n"
        "child = os.fork()\n"
        "print('up', flush=True)\n"
        "if child: print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        until(lambda: log(tmp_path).count("up") == 2)
        session.send(signal.SIGUSR1)
        assert session.line() == "exit 5 0"


def test_interrupt_works_even_if_it_was_ignored_above(tmp_path):
    code = (
        "import time\ntry:\n print('up', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt: print('stopped')"
    )
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what `sh … &` leaves behind
    try:
        with launched(tmp_path, *python(code)) as session:
            session.pid()
            until(lambda: "up" in log(tmp_path))
            session.send(signal.SIGINT)
            assert session.line() == "exit 0 0"
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped" in log(tmp_path)


def test_killed_by_a_signal(tmp_path):
    with launched(tmp_path, *SLEEP) as session:
        session.pid()
        session.send(signal.SIGKILL)
        assert session.line() == "exit -9 0"
        assert session.process.wait(SECONDS) == 128 + 9


def test_numbers_that_are_no_signals_are_dropped(tmp_path):
    with launched(tmp_path, *SLEEP) as session:
        session.pid()
        session.send(250, 0, 111, signal.SIGTERM)
        assert session.line() == "exit -15 0"


def test_end_of_input_ends_the_kernel_and_its_children(tmp_path):
    code = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        until(lambda: len(log(tmp_path).split()) == 2)
        started = time.monotonic()
        session.process.stdin.close()
        assert session.line() == "exit -9 0"
        assert time.monotonic() - started < 1
        until(lambda: not any(runs(int(pid)) for pid in log(tmp_path).split()))


def test_a_killed_host_ends_the_kernel(tmp_path):
    """The launcher's owner dies without a word: nobody is left to read what it says."""
    host = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(p.stdout.readline().decode(), flush=True); time.sleep(60)"
    )
    (tmp_path / "c.json").touch()
    mine = [sys.executable, "-I", "-S", str(LAUNCHER), "kernel", "-", str(tmp_path / "log")]
    command = [*python(host), *mine, str(tmp_path), str(tmp_path / "c.json"), *SLEEP]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline().split()[1])
        assert runs(pid)
        process.kill()
        until(lambda: not runs(pid), seconds=1)


def test_a_child_that_stays_does_not_hide_the_death(tmp_path):
    """A forked child would hold a plain stream open for as long as it lives."""
    code = "import os, time\nif os.fork() == 0: time.sleep(60)\nelse: os._exit(3)"
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        started = time.monotonic()
        assert session.line() == "exit 3 0"
        assert time.monotonic() - started < 1


def test_a_child_with_a_session_of_its_own_stays(tmp_path):
    """`nohup program &` outlives a kernel, as on the host."""
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "  os.setsid(); print(os.getpid(), flush=True); time.sleep(60)\n"
        "time.sleep(0.3)"
    )
    with launched(tmp_path, *python(code)) as session:
        session.pid()
        assert session.line() == "exit 0 0"
    stayed = int(log(tmp_path))
    assert runs(stayed)
    os.kill(stayed, signal.SIGKILL)


def test_no_zombie_is_left(tmp_path):
    with launched(tmp_path, "true") as session:
        pid = session.pid()
        session.line()
        session.process.wait(SECONDS)
    assert not Path(f"/proc/{pid}").exists()


def test_a_program_that_is_not_there(tmp_path):
    with launched(tmp_path, "no-such-program") as session:
        session.pid()
        assert session.line() == "exit 126 0"
    assert log(tmp_path).startswith("no-such-program: ")


def test_a_child_that_ended_at_once_is_named_with_its_beginning():
    child = subprocess.Popen(["true"])
    until(lambda: launcher.started(child.pid) == "")
    assert launcher.start_time(child.pid).isdecimal()  # nobody has reaped it
    child.wait()
    assert launcher.start_time(child.pid) == ""


def test_a_folder_that_is_not_there(tmp_path):
    with launched(tmp_path, "true", folder=tmp_path / "gone") as session:
        assert session.line() == f"error No such file or directory: {tmp_path / 'gone'}"
        assert session.process.wait(SECONDS) == 126


def test_through_a_socket(tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(SECONDS)
        with launched(tmp_path, *SLEEP, channel=str(path)) as session:
            host, _ = listener.accept()
            with host, host.makefile() as lines:
                assert lines.readline().startswith("pid ")
                host.sendall(bytes([signal.SIGTERM]))
                assert lines.readline() == "exit -15 0\n"
            assert session.process.wait(SECONDS) == 128 + 15


def test_hanging_up_the_socket_ends_the_kernel(tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(SECONDS)
        with launched(tmp_path, *SLEEP, channel=str(path)) as session:
            host, _ = listener.accept()
            with host, host.makefile() as lines:
                pid = int(lines.readline().split()[1])
            assert session.process.wait(SECONDS) == 128 + 9
            assert not runs(pid)


def test_probe_says_its_token(tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(SECONDS)
        subprocess.run([sys.executable, str(LAUNCHER), "probe", str(path), "abc"], check=True)
        caller, _ = listener.accept()
        with caller:
            assert caller.recv(16) == b"abc"


@pytest.mark.parametrize("extra", [0, 1])
def test_others_counts_sessions(extra):
    """On this machine it counts every session but its own and process 1's."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        if not extra:
            sleeper.kill()
            sleeper.wait()
        found = subprocess.run(
            [sys.executable, str(LAUNCHER), "others"], check=True, capture_output=True, text=True
        )
        assert int(found.stdout) >= extra
        sleeper.kill()


def test_what_has_ended_does_not_count():
    """Until its parent has heard of it, it is there and runs no more."""
    with subprocess.Popen(["true"], start_new_session=True) as ended:
        until(lambda: not runs(ended.pid))
        assert launcher._session(str(ended.pid)) == launcher._session("1")


def test_unknown_verb():
    assert launcher.main(["dance"]) == 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("low 0\noom 3\noom_kill 2\n", 2),
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", 1),
        ("", 0),
    ],
)
def test_memory_kills(tmp_path, monkeypatch, text, count):
    (tmp_path / "events").write_text(text)
    monkeypatch.setattr(launcher, "_KILLS", (str(tmp_path / "none"), str(tmp_path / "events")))
    assert launcher.memory_kills() == count


def test_python_3_8_can_read_it():
    """Images may have an older Python than we ask for."""
    ast.parse(LAUNCHER.read_text(), feature_version=(3, 8))


def test_it_imports_little():
    """It stands between a click and a kernel."""
    code = (
        "import runpy, sys; sys.argv = ['x', 'others']\n"
        f"try: runpy.run_path({str(LAUNCHER)!r}, run_name='__main__')\n"
        "except SystemExit: print(sorted({'socket', 'subprocess', 'json', 'pathlib', 'argparse'}"
        " & sys.modules.keys()), file=sys.stderr)"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    )
    assert found.stderr == "[]\n"
