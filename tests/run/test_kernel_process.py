"""What this side makes of a launcher's lines, and of its silence."""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
import time

import pytest

from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.death import crashed, describe, explain, last_lines, out_of_memory, size
from jupyter_devbox.run.ending import Moment
from jupyter_devbox.run.kernel import KernelProcess, await_sockets
from jupyter_devbox.spec.box import LABEL_KIND, BoxSpec
from jupyter_devbox.spec.container import ContainerInfo, Limits
from jupyter_devbox.spec.run_args import read_limits

CONTAINER = "0123456789abcdef"
CONFIG = "/home/ada/my lab/.devcontainer/devcontainer.json"


class Wire:
    """A channel whose other end is the test."""

    def __init__(self):
        self.said = queue.Queue()
        self.sent = []
        self.closed = threading.Event()

    def read(self):
        chunk = self.said.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def write(self, data):
        if self.closed.is_set():
            msg = "gone"
            raise EngineError(msg)
        self.sent.append(data)

    def close(self):
        if not self.closed.is_set():
            self.closed.set()
            self.said.put(b"")

    def say(self, *chunks):
        for chunk in chunks:
            self.said.put(chunk)


def state(**changes):
    return ContainerInfo(**{"id": "c", "name": "box", "image": "i", "status": "running", **changes})


def spec_of(**changes):
    fields = {"project": "/home/ada/my lab", "name": "my lab", "target": "cpu", "image": "i"}
    return BoxSpec(**{**fields, "uid": 1, "gid": 1, "config_file": CONFIG, **changes})


class Looked:
    """An engine that knows how one container stands, and which others there are."""

    def __init__(self, state=None, others=(), began=0.0):
        self.state = state
        self.others = others
        self.since = began

    def began(self):
        return self.since

    def containers(self, labels):
        assert set(labels.values()) == {"/home/ada/my lab", CONFIG}
        return self.others

    def container(self, _):
        if isinstance(self.state, Exception):
            raise self.state
        return self.state


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def process(wire):
    one = KernelProcess(wire)
    yield one
    one.close()


def test_lines_in_pieces(wire, process):
    wire.say(b"pi", b"d 1", b"7\nex", b"it 3 0\n", b"")
    assert process.wait(5) == 3
    assert process.pid == 17
    assert not process.lost
    assert wire.closed.wait(5)


def test_silence_is_death(wire, process):
    wire.say(b"pid 17\n", b"")
    assert process.wait(5) == -signal.SIGKILL
    assert process.lost


def test_a_broken_channel_is_death(wire, process):
    wire.say(EngineError("daemon gone"))
    assert process.wait(5) == -signal.SIGKILL


def test_could_not_start(wire, process, tmp_path):
    wire.say(b"error No such file or directory: /workspaces/x\n", b"")
    assert process.wait(5) == 126
    error = explain(Looked(), "c", process, tmp_path / "log", spec=spec_of(), began=Moment.now())
    assert error.message == (
        "The kernel could not be started: `No such file or directory: /workspaces/x`"
    )


def test_signals_are_bytes(wire, process):
    process.send_signal(signal.SIGINT)
    process.terminate()
    process.kill()
    process.send_signal(0)
    assert wire.sent == [b"\x02", b"\x0f", b"\x09"]


def test_a_signal_to_the_dead_is_no_error(wire, process):
    wire.close()
    process.send_signal(signal.SIGINT)
    assert wire.sent == []


def test_nonsense_is_dropped(wire, process):
    wire.say(b"pid x\nexit\nhello\nexit \xff\xfe\n\n", b"y" * 100_000, b"\nexit 4 0\n", b"")
    assert process.wait(5) == 4
    assert process.pid is None


def test_endless_lines_are_not_kept(wire, process):
    for _ in range(100):
        wire.say(b"9" * 10_000)
    wire.say(b"\nexit 1 0\n", b"")
    assert process.wait(5) == 1


@pytest.mark.parametrize(
    ("line", "asked", "expected"),
    [
        (b"exit -9 1\n", False, True),
        (b"exit -9 0\n", False, False),
        (b"exit -9 1\n", True, False),
        (b"exit 1 1\n", False, False),
    ],
)
def test_out_of_memory(wire, process, line, asked, expected):
    process.asked_to_end = asked
    wire.say(line, b"")
    process.wait(5)
    assert process.out_of_memory is expected


def test_told_once(wire):
    ends = []
    process = KernelProcess(wire, ends.append)
    wire.say(b"exit 0 0\n", b"")
    process.wait(5)
    process.close()
    assert ends == [process]


def explained(wire, process, tmp_path, *chunks, engine=None, memory=0, began=None):
    wire.say(*chunks, b"")
    process.wait(5)
    log = tmp_path / "log"
    spec, began = spec_of(limits=Limits(memory=memory)), began or Moment.now()
    return explain(engine or Looked(), CONTAINER, process, log, spec=spec, began=began)


def test_memory_is_told_with_its_limit(wire, process, tmp_path):
    error = explained(wire, process, tmp_path, b"exit -9 1\n", memory=4 * 2**30)
    assert error.message == "The kernel was killed: 4.0 GiB limit"
    assert error.hint == (
        "jupyter devbox containerize --project '/home/ada/my lab' --memory 8g, "
        "then restart the kernel; or Restart with limits… in JupyterLab"
    )


def test_of_several_kernels_in_a_box_it_is_said_which(tmp_path):
    error = out_of_memory(spec_of(limits=Limits(memory=2**29)), -9, (), "train.ipynb")
    assert error.message == "The kernel of train.ipynb was killed: 512 MiB limit"


@pytest.mark.parametrize(
    ("memory", "more"),
    [(256 * 2**20, "512m"), (2**29, "1g"), (3 * 2**29, "3g"), (5 * 2**29, "5g"), (1, "1m")],
)
def test_more_memory_is_a_round_number(memory, more):
    error = out_of_memory(spec_of(limits=Limits(memory=memory)), -9)
    assert f"--memory {more}, " in error.hint
    assert read_limits([f"--memory={more}"]).memory > memory


def test_memory_without_a_limit(wire, process, tmp_path):
    error = explained(wire, process, tmp_path, b"exit -9 1\n")
    assert error.message == "The kernel was killed: this machine is out of memory"


def test_memory_took_the_whole_box(wire, process, tmp_path):
    ended = state(status="exited", exit_code=137, oom_killed=True)
    error = explained(wire, process, tmp_path, engine=Looked(ended), memory=2**29)
    assert error.message == "The kernel was killed: 512 MiB limit"


def test_the_box_was_removed(wire, process, tmp_path):
    error = explained(wire, process, tmp_path)
    assert error.message == (
        "The box was removed with all that was installed in it, by docker rm or by VS Code's "
        "Rebuild: `0123456789ab`"
    )


@pytest.mark.parametrize(
    ("other", "rebuilt"),
    [
        (state(started=200.0), True),
        (state(started=50.0), False),  # it was there before: VS Code did not put it in our place
        (state(started=200.0, labels={LABEL_KIND: "box"}), False),  # ours
    ],
)
def test_vs_code_rebuilt_the_box(wire, process, tmp_path, other, rebuilt):
    engine = Looked(None, [other])
    error = explained(wire, process, tmp_path, engine=engine, began=Moment(100.0, 0.0))
    assert error.message.startswith("VS Code rebuilt the box") is rebuilt


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "stopped, by docker stop or by VS Code when its window closed: `box`"),
        (143, "stopped, by docker stop or by VS Code when its window closed: `box`"),
        (137, "killed, exit code 137: `box`"),
    ],
)
def test_the_box_stopped(wire, process, tmp_path, code, said):
    engine = Looked(state(status="exited", exit_code=code))
    error = explained(wire, process, tmp_path, engine=engine)
    assert error.message == f"The box was {said}"


def test_the_box_was_restarted(wire, process, tmp_path):
    engine = Looked(state(started=200.0))
    error = explained(wire, process, tmp_path, engine=engine, began=Moment(100.0, 0.0))
    assert error.message == "The box was restarted under the kernel: `box`"


@pytest.mark.parametrize("found", [None, state(status="exited", exit_code=0), state(started=200)])
def test_the_engine_was_restarted(wire, process, tmp_path, found):
    """A daemon that was killed ends what it finds, when it starts again."""
    engine = Looked(found, began=150.0)
    error = explained(wire, process, tmp_path, engine=engine, began=Moment(100.0, 0.0))
    assert error.message == "Docker was restarted while the kernel ran"
    assert error.hint == "restart the kernel"


def test_the_launcher_was_killed(wire, process, tmp_path):
    error = explained(wire, process, tmp_path, engine=Looked(state()))
    assert error.message == "The kernel's launcher was ended in the box: `box`"


def test_the_engine_is_gone_too(wire, process, tmp_path):
    down = EngineError("nothing answers", hint="sudo systemctl start docker")
    error = explained(wire, process, tmp_path, engine=Looked(down))
    assert error.message == "Docker stopped or was restarted while the kernel ran: nothing answers"
    assert error.hint == "sudo systemctl start docker; then restart the kernel"


def test_the_engine_goes_after_its_boxes(wire, process, tmp_path):
    """A daemon that is stopped ends its containers first: it is told from `docker stop`."""

    class Leaving(Looked):
        asked = 0

        def container(self, _):
            self.asked += 1
            if self.asked > 3:
                msg = "nothing answers"
                raise EngineError(msg)
            return state(status="exited", exit_code=0)

    error = explained(wire, process, tmp_path, engine=Leaving())
    assert error.message.startswith("Docker stopped")


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has this clock")
@pytest.mark.parametrize(
    ("slept", "said"),
    [(0.2, None), (40, "40 s"), (12 * 60, "12 min"), (3 * 3600 + 300, "3 h 5 min")],
)
def test_sleep_is_told(wire, process, tmp_path, slept, said):
    """The clock with the machine's sleep has gone further than the one without."""
    now = Moment.now()
    began = Moment(now.wall, now.asleep - slept)
    error = explained(wire, process, tmp_path, engine=Looked(state()), began=began)
    told = (f"this machine slept for {said} while the kernel ran",) if said else ()
    assert error.details == told


def test_the_heartbeat_was_lost(wire, process, tmp_path):
    error = explained(wire, process, tmp_path, b"pid 17 4\nsilent\nexit -9 0\n")
    assert error.message == "The kernel was ended: its box heard nothing from Jupyter for 90 s"
    assert process.pid_started == "4"


def test_last_words(wire, process, tmp_path):
    (tmp_path / "log").write_text("".join(f"\x1b[31mline {n}\x1b[0m\n\n" for n in range(50)))
    error = explained(wire, process, tmp_path, b"exit 1 0\n")
    assert error.message == "The kernel ended by itself: exit code 1"
    assert error.details == tuple(f"line {n}" for n in range(30, 50))


def test_a_long_log_is_read_from_its_end(tmp_path):
    (tmp_path / "log").write_bytes(b"x" * 10**6 + b"\nlast \xff\n")
    assert last_lines(tmp_path / "log")[-1] == "last �"


FRAMES = [f'  File "x.py", line {number} in f' for number in range(60)]
FATAL = "Fatal Python error"
CRASH = ["before", f"{FATAL}: Aborted", "earlier", f"{FATAL}: Segmentation fault", "", *FRAMES]


def test_of_a_crash_the_innermost_calls_are_told(wire, process, tmp_path):
    (tmp_path / "log").write_text("\n".join(CRASH))
    error = explained(wire, process, tmp_path, b"exit -11 0\n")
    assert error.message == "The kernel ended by itself: killed by SIGSEGV, exit code -11"
    assert error.details[0] == CRASH[3]
    assert error.details[1] == '  File "x.py", line 0 in f'
    assert len(error.details) == 20


def test_a_crash_that_said_nothing_has_its_last_lines(wire, process, tmp_path):
    (tmp_path / "log").write_text("one\ntwo\n")
    assert explained(wire, process, tmp_path, b"exit -6 0\n").details == ("one", "two")


@pytest.mark.parametrize(
    ("code", "so"), [(-11, True), (-6, True), (-9, False), (1, False), (None, False)]
)
def test_what_counts_as_a_crash(code, so):
    assert crashed(code) is so


@pytest.mark.parametrize("kind", ["missing", "link", "pipe", "folder"])
def test_a_log_that_is_none(tmp_path, kind):
    log = tmp_path / "log"
    if kind == "link":
        (tmp_path / "secret").write_text("secret")
        log.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(log)
    elif kind == "folder":
        log.mkdir()
    assert last_lines(log) == ()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (None, "still running"),
        (2, "exit code 2"),
        (-11, "killed by SIGSEGV, exit code -11"),
        (-99, "killed by signal 99, exit code -99"),
    ],
)
def test_exit_codes_in_words(code, text):
    assert describe(code) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (256 * 2**20, "256 MiB"),
        (2**30, "1.0 GiB"),
        (4 * 2**30, "4.0 GiB"),
        (2**20 * 1023, "1023 MiB"),
    ],
)
def test_sizes(count, text):
    assert size(count) == text


def test_waiting_for_sockets(wire, process, tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        one.bind(str(first))
        assert not await_sockets(process, [first, second], 0.05)
        threading.Timer(0.05, two.bind, [str(second)]).start()
        assert await_sockets(process, [first, second], 5)


def test_a_link_to_a_socket_is_none(process, tmp_path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "real"))
        (tmp_path / "1").symlink_to(tmp_path / "real")
        assert not await_sockets(process, [tmp_path / "1"], 0.05)


def test_waiting_ends_with_the_kernel(wire, process, tmp_path):
    wire.say(b"exit 1 0\n", b"")
    assert not await_sockets(process, [tmp_path / "1"], 60)
