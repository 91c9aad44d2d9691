"""A box's main process, run on this machine: it needs no container to be itself."""

from __future__ import annotations

import ast
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_devbox.errors import EngineError
from jupyter_devbox.run import forked, main_process
from jupyter_devbox.run.forked import fork_launcher, share_door
from jupyter_devbox.run.programs import main_process_source
from jupyter_devbox.spec.container import ContainerInfo

SECONDS = 10
TICK = 0.05
NAME = "0123456789ab"
BOX = "fedcba987654" + 52 * "0"
DOOR = f"launch-{BOX[:12]}"
HOST_NAME = f"module.os.uname = lambda: types.SimpleNamespace(nodename={BOX[:12]!r})"
SLEEP = (sys.executable, "-S", "-c", "import time; time.sleep(60)")


def run_main(folder: Path, *, seconds: float = 0, before: str = "") -> subprocess.Popen[bytes]:
    """Start the very text that a box gets, with quicker ticks; `before` runs ahead of its main."""
    (folder / "idle").write_text(str(seconds))
    text = main_process_source().decode()
    main = "sys.exit(module.main(sys.argv[1:]))"
    assert main in text
    text = text.replace(main, f"module.LOOK = {TICK}\n{HOST_NAME}\n{before}\n{main}")
    (folder / "main.py").write_text(text)
    command = [sys.executable, "-I", "-S", str(folder / "main.py"), str(folder / "idle")]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def still_runs(process, seconds=10 * TICK) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def until(condition, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


class Standing:
    """An engine whose one container stands as it is told."""

    def __init__(self, status: str = "running") -> None:
        self.status = status

    def container(self, container):
        return ContainerInfo(id=container, name="box", image="i", status=self.status)


@pytest.fixture
def shared(runtime, monkeypatch):
    """The folder that the box reads; here it has the same path on both sides."""
    monkeypatch.setattr(forked, "SHARED_IN_BOX", str(runtime.shared))
    share_door(runtime, BOX)
    (runtime.shared / f"{NAME}.json").write_text("{}")
    return runtime.shared


@contextmanager
def standing(shared: Path, **options):
    process = run_main(shared, **options)
    try:
        until(lambda: answers(shared))
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)
        process.stderr.close()


def answers(shared: Path) -> bool:
    """Whether the main process has the FIFO open."""
    try:
        os.close(os.open(shared / DOOR, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def asked(runtime, *command: str, engine=None, **env: str):
    files = (str(runtime.sockets / f"{NAME}.log"), str(runtime.path))
    arguments = (*files, str(runtime.shared / f"{NAME}.json"), *command)
    engine = engine or Standing()
    return fork_launcher(engine, BOX, runtime, NAME, arguments=arguments, env=env)


def lines(channel) -> list[str]:
    said = b""
    while chunk := channel.read():
        said += chunk
    channel.close()
    return said.decode().splitlines()


def log(runtime) -> str:
    return (runtime.sockets / f"{NAME}.log").read_text()


# --- its end ------------------------------------------------------------------


def test_sigterm_ends_it_at_once(tmp_path):
    with run_main(tmp_path) as process:
        assert still_runs(process, 0.3)
        begun = time.monotonic()
        process.terminate()
        assert process.wait(SECONDS) == 0
        assert time.monotonic() - begun < 0.5


def test_others_keep_it_running(tmp_path):
    """On this machine other sessions run all the time; in a box they are counted alike."""
    with (
        subprocess.Popen(["sleep", "60"], start_new_session=True) as other,
        run_main(tmp_path, seconds=2 * TICK) as process,
    ):
        assert still_runs(process)
        process.kill()
        other.kill()


def test_where_nothing_else_runs_it_ends(tmp_path):
    alone = "module.count_others = lambda: 0"
    with run_main(tmp_path, seconds=2 * TICK, before=alone) as process:
        assert process.wait(SECONDS) == 0


def test_a_call_counts_as_use(runtime, shared):
    """It would end between being asked and the kernel's first moment."""
    alone = "module.count_others = lambda: 0"
    with standing(shared, seconds=6 * TICK, before=alone) as process:
        for _ in range(12):
            asked(runtime, "true").close()
            time.sleep(TICK)
        assert process.poll() is None
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize("text", ["", "x", "-5", "nan?"])
def test_a_setting_that_is_none_means_for_ever(tmp_path, text):
    (tmp_path / "idle").write_text(text)
    assert main_process._seconds(str(tmp_path / "idle")) == 0.0
    assert main_process._seconds(str(tmp_path / "none")) == 0.0


# --- kernels ------------------------------------------------------------------


def test_a_kernel_by_its_fork(runtime, shared):
    show = "import os; print(os.environ['A'], os.environ['HOME'], os.getcwd(), os.getsid(0))"
    with standing(shared) as process:
        first, last = lines(asked(runtime, sys.executable, "-c", show, A="b=c\n\u00e9"))
        assert last == "exit 0 0"
        home, folder, pid = os.environ["HOME"], str(runtime.path), first.split()[1]
        assert log(runtime).split() == ["b=c", "\u00e9", home, folder, pid]
        until(lambda: not children(process.pid))  # no zombie is left
        assert not list(shared.glob(f"{NAME}-*"))


def test_signals_and_the_end_of_the_call(runtime, shared):
    with standing(shared):
        channel = asked(runtime, *SLEEP)
        assert channel.read().startswith(b"pid ")
        channel.write(bytes([signal.SIGTERM]))
        assert lines(channel) == ["exit -15 0"]
        channel = asked(runtime, *SLEEP)
        pid = int(channel.read().split()[1])
        channel.close()
        until(lambda: not Path(f"/proc/{pid}").exists())


def test_many_at_once(runtime, shared):
    with standing(shared) as process:
        channels = [asked(runtime, *SLEEP) for _ in range(8)]
        assert all(channel.read().startswith(b"pid ") for channel in channels)
        assert len(children(process.pid)) == 8
        for channel in channels:
            channel.close()
        until(lambda: not children(process.pid))


def test_no_process_is_left_for_it(runtime, shared):
    refuse = "import os, errno\ndef fork(): raise OSError(errno.EAGAIN, 'No more of them')\n"
    with standing(shared, before=f"{refuse}os.fork = fork") as process:
        channel = asked(runtime, *SLEEP)
        assert lines(channel) == ["error No more of them: the kernel's launcher"]
        assert process.poll() is None


@pytest.mark.parametrize("text", [b"\n", b"/none\n", b"x" * 9000 + b"\n", b"\0\xff\n", b"half"])
def test_what_else_stands_in_the_fifo(runtime, shared, text):
    """Anything in the box may write there."""
    with standing(shared) as process:
        (shared / DOOR).write_bytes(text)
        until(lambda: not children(process.pid))
        if text == b"half":  # it spoils one call, which an exec then takes the place of
            (shared / DOOR).write_bytes(b"\n")
        assert lines(asked(runtime, "true"))[-1] == "exit 0 0"


@pytest.mark.parametrize("order", [b"", b"0000", b"zzzzzzzz", b"00000004a\0", b"00000003abc"])
def test_an_order_that_is_none(shared, order):
    """Its launcher says why in the box's log, and ends."""
    path = shared / "caller"
    with standing(shared) as process, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(SECONDS)
        (shared / DOOR).write_bytes(f"{path}\n".encode())
        end, _ = listener.accept()
        with end:
            end.sendall(order)
            end.shutdown(socket.SHUT_WR)
            assert end.recv(99) == b""
        until(lambda: not children(process.pid))
        assert process.poll() is None


# --- where it can't be asked: an exec does then ---------------------------------


def test_nobody_listens(runtime, shared):
    assert asked(runtime, "true") is None
    (shared / DOOR).unlink()
    assert asked(runtime, "true") is None
    assert not list(shared.glob(f"{NAME}-*"))


def test_a_main_process_that_is_stopped(runtime, shared, monkeypatch):
    monkeypatch.setattr(forked, "_PATIENCE", 0.5)
    with standing(shared) as process:
        process.send_signal(signal.SIGSTOP)
        assert asked(runtime, "touch", str(runtime.path / "late")) is None
        process.send_signal(signal.SIGCONT)
        assert lines(asked(runtime, "true"))[-1] == "exit 0 0"
        assert not (runtime.path / "late").exists()


def test_a_box_that_ends_meanwhile(runtime, shared):
    with standing(shared) as process:
        process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        assert asked(runtime, "true", engine=Standing("exited")) is None
        assert time.monotonic() - begun < 2


def test_what_no_program_can_be_told(runtime, shared):
    with standing(shared):
        assert asked(runtime, "true", A="b\0c") is None


def test_a_link_in_place_of_the_fifo(runtime, shared, tmp_path):
    (tmp_path / "precious").write_text("data")
    (shared / DOOR).unlink()
    (shared / DOOR).symlink_to(tmp_path / "precious")
    assert asked(runtime, "true") is None
    assert (tmp_path / "precious").read_text() == "data"


def test_a_file_in_place_of_the_fifo(runtime, shared):
    (shared / DOOR).unlink()
    (shared / DOOR).write_text("data")
    assert asked(runtime, "true") is None
    assert (shared / DOOR).read_text() == "data"


def test_a_signal_to_one_that_has_hung_up(runtime, shared):
    with standing(shared):
        channel = asked(runtime, "true")
        lines(channel)
        with pytest.raises(EngineError):
            channel.write(b"\x02")


def test_python_3_8_can_read_it():
    """Images may have an older Python than we ask for."""
    ast.parse(Path(main_process.__file__).read_text(), feature_version=(3, 8))
