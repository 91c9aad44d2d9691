"""What every engine does, proven on the fake and on the real one."""

from __future__ import annotations

import io
import os
import pty
import select
import tarfile
import threading
import time

import pytest

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import (
    EngineError,
    ImageMissingError,
)
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec, FileChange

BASE = "python:3.11-slim-bookworm"
UNKNOWN = f"sha256:{'0' * 64}"
SLEEP = ("sleep", "1000")


def archive(**files: str) -> bytes:
    """Return a tar archive; two underscores stand for a slash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def sh(script: str, *, stdin: bool = False) -> ExecSpec:
    return ExecSpec(command=("sh", "-c", script), stdin=stdin)


def read_all(stream) -> bytes:
    chunks = []
    while chunk := stream.read():
        chunks.append(chunk)
    return b"".join(chunks)


def read_exactly(stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = stream.read()
        assert chunk
        data += chunk
    return data


def test_it_satisfies_the_protocol(any_engine):
    assert isinstance(any_engine, Engine)
    info = any_engine.info()
    assert info.name
    assert info.version
    assert info.platform.startswith("linux/")
    assert info.cpus >= 1
    assert info.memory > 2**26


def test_when_its_service_began_stays(any_engine, make):
    """What a container that was started meanwhile tells is later."""
    began = any_engine.began()
    container = make()
    any_engine.start(container)
    assert any_engine.began() == began < any_engine.container(container).started
    assert (began == 0.0) == (any_engine.info().name != "docker")


class TestContainers:
    def test_created_started_stopped_gone(self, any_engine, make, image):
        container = make()
        info = any_engine.container(container)
        assert (info.status, info.exit_code, info.image, info.started) == (
            "created", None, image.id, 0.0,
        )  # fmt: skip
        any_engine.start(container)
        any_engine.start(container)  # twice is fine
        info = any_engine.container(container)
        assert (info.status, info.exit_code) == ("running", None)
        assert abs(info.started - time.time()) < 60
        any_engine.stop(container, 1)
        info = any_engine.container(container)
        assert (info.status, info.exit_code) == ("exited", 143)
        any_engine.remove(container)
        assert any_engine.container(container) is None

    def test_by_name(self, any_engine, make):
        name = f"devbox-test-{time.time_ns()}"
        container = make(name=name)
        assert any_engine.container(name).id == container
        assert any_engine.container(container).name == name
        with pytest.raises(EngineError, match="name is there already"):
            make(name=name)

    def test_an_image_by_name_or_unknown_is_refused(self, any_engine):
        for reference in (UNKNOWN, BASE, "no-such-image", ""):
            with pytest.raises(ImageMissingError) as caught:
                any_engine.create(ContainerSpec(image=reference, command=SLEEP))
            assert caught.value.hint == "jupyter devbox build"

    @pytest.mark.parametrize("network", ["host", "container:other", "ns:/proc/1/ns/net"])
    def test_a_network_of_the_host_or_of_others_is_refused(self, any_engine, image, network):
        with pytest.raises(EngineError, match="never joins"):
            any_engine.create(ContainerSpec(image=image.id, command=SLEEP, network=network))

    def test_found_by_labels_newest_first(self, any_engine, make):
        mine = f"devbox-test-{time.time_ns()}"
        older = make(labels={mine: "a", "other": "x"})
        time.sleep(1.1)  # the engine counts in seconds
        newer = make(labels={mine: "b"})
        assert [c.id for c in any_engine.containers({mine: ""})] == [newer, older]
        assert [c.id for c in any_engine.containers({mine: "a"})] == [older]
        assert [c.id for c in any_engine.containers({mine: "", "other": "x"})] == [older]
        assert any_engine.containers({mine: "c"}) == ()
        assert any_engine.container(newer).labels[mine] == "b"

    def test_absent_ones_are_no_error_where_they_may_be_gone(self, any_engine):
        gone = "0" * 64
        assert any_engine.container(gone) is None
        assert any_engine.wait(gone) == -1
        assert any_engine.logs(gone, 5) == ()
        any_engine.stop(gone, 1)
        any_engine.remove(gone)

    @pytest.mark.parametrize(
        "call",
        [
            lambda engine, gone: engine.start(gone),
            lambda engine, gone: engine.put(gone, "/", archive(a="b")),
            lambda engine, gone: engine.run(gone, ExecSpec(command=("true",))),
            lambda engine, gone: engine.stream(gone, ExecSpec(command=("true",))),
            lambda engine, gone: engine.changes(gone),
        ],
        ids=["start", "put", "run", "stream", "changes"],
    )
    def test_absent_ones_are_an_error_elsewhere(self, any_engine, call):
        with pytest.raises(EngineError) as caught:
            call(any_engine, "0" * 64)
        assert caught.value.hint

    def test_changes_are_against_the_image(self, any_engine, make):
        container = make()
        assert not any("mine" in change.path for change in any_engine.changes(container))
        any_engine.put(container, "/", archive(mine="x"))
        added = FileChange(path="/mine", kind="added")
        assert added in any_engine.changes(container)
        any_engine.start(container)
        assert added in any_engine.changes(container)

    def test_wait_returns_the_exit_code(self, any_engine, make):
        container = make("sh", "-c", "sleep 0.3; exit 7")
        any_engine.start(container)
        assert any_engine.wait(container) == 7
        assert any_engine.container(container).exit_code == 7
        assert any_engine.wait(container) == 7

    def test_wait_sees_a_removal(self, any_engine, make):
        container = make()
        any_engine.start(container)
        codes: list[int] = []
        waiter = threading.Thread(target=lambda: codes.append(any_engine.wait(container)))
        waiter.start()
        time.sleep(0.2)
        any_engine.remove(container)
        waiter.join(10)
        assert codes[0] in {137, -1}

    def test_logs_are_the_last_lines_of_both_streams(self, any_engine, make):
        container = make("sh", "-c", "seq 1 30; sleep 0.2; echo end >&2")
        any_engine.start(container)
        any_engine.wait(container)
        assert any_engine.logs(container, 3) == ("29", "30", "end")
        assert len(any_engine.logs(container, 100)) == 31

    def test_a_stopped_one_starts_again(self, any_engine, make):
        container = make()
        any_engine.start(container)
        any_engine.stop(container, 1)
        any_engine.start(container)
        assert any_engine.container(container).status == "running"

    def test_a_stubborn_one_is_killed(self, any_engine, make):
        container = make("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
        any_engine.start(container)
        time.sleep(0.3)
        any_engine.stop(container, 1)
        assert any_engine.container(container).exit_code == 137

    def test_a_missing_program_is_told_by_code_and_log(self, any_engine, make):
        container = make("no-such-program")
        any_engine.start(container)  # its init process starts well
        assert any_engine.wait(container) > 0  # 127 by tini, 1 by catatonit
        (said,) = any_engine.logs(container, 1)
        assert "No such file or directory" in said or "not found" in said


class TestUsage:
    def test_of_a_busy_one(self, any_engine, make):
        script = "python3 -c 'x = bytearray(60_000_000)\nwhile True: pass'"
        busy = make("sh", "-c", f"sleep 1000 & {script}")
        any_engine.start(busy)
        before = any_engine.usage(busy)
        deadline = time.monotonic() + 60
        while True:
            now = any_engine.usage(busy)
            if now.memory > 50_000_000 and now.cpu_seconds > before.cpu_seconds + 0.5:
                break
            assert time.monotonic() < deadline, (before, now)
            time.sleep(0.1)
        assert now.pids >= 3
        assert now.at > before.at
        assert now.cpu_seconds - before.cpu_seconds <= (now.at - before.at) * 64

    def test_of_none_that_runs(self, any_engine, make):
        container = make()
        assert any_engine.usage(container) is None
        any_engine.start(container)
        assert any_engine.usage(container) is not None
        any_engine.stop(container, 0)
        assert any_engine.usage(container) is None
        assert any_engine.usage("0" * 64) is None

    def test_it_is_one_answer_not_a_stream(self, any_engine, box):
        begun = time.monotonic()
        for _ in range(5):
            any_engine.usage(box)
        assert time.monotonic() - begun < 5


class TestPut:
    def test_into_a_created_one(self, any_engine, make):
        container = make("cat", "folder/file")
        any_engine.put(container, "/", archive(folder__file="before\n"))
        any_engine.start(container)
        assert any_engine.wait(container) == 0
        assert any_engine.logs(container, 1) == ("before",)

    def test_into_a_running_one(self, any_engine, box):
        any_engine.put(box, "/", archive(fresh="now"))
        assert any_engine.run(box, sh("cat fresh")).stdout == "now"

    def test_a_folder_that_is_not_there(self, any_engine, box):
        with pytest.raises(EngineError, match="no such folder"):
            any_engine.put(box, "/no/such", archive(a="b"))


class TestRun:
    def test_output_and_exit_code(self, any_engine, box):
        result = any_engine.run(box, sh("echo out; echo err >&2; exit 3"))
        assert (result.exit_code, result.stdout, result.stderr) == (3, "out\n", "err\n")

    def test_input_is_fed_and_ended(self, any_engine, box):
        data = bytes(range(256)) * 40_000
        result = any_engine.run(box, ExecSpec(command=("wc", "-c")), data)
        assert result.stdout.split() == [str(len(data))]

    def test_input_that_nobody_reads(self, any_engine, box):
        assert any_engine.run(box, sh("exit 4"), b"x" * 1_000_000).exit_code == 4

    def test_environment_and_folder(self, any_engine, box):
        any_engine.put(box, "/", archive(below__file="here"))
        spec = ExecSpec(
            command=("sh", "-c", 'cat file; printf %s "$GREETING"'),
            workdir="/below",
            env={"GREETING": "a b=c"},
        )
        assert any_engine.run(box, spec).stdout == "herea b=c"

    def test_undecodable_output(self, any_engine, box):
        assert any_engine.run(box, sh(r"printf 'a\377b'")).stdout == "a\ufffdb"

    def test_a_missing_program(self, any_engine, box):
        result = any_engine.run(box, ExecSpec(command=("no-such-program",)))
        assert result.exit_code in {126, 127}
        assert "no-such-program" in result.stdout + result.stderr

    def test_not_in_a_stopped_one(self, any_engine, make):
        with pytest.raises(EngineError, match="not running"):
            any_engine.run(make(), ExecSpec(command=("true",)))


class TestTerminal:
    """What is typed arrives, what is printed comes back, and the exit code is the program's."""

    @pytest.fixture
    def terminal(self):
        ours, theirs = pty.openpty()
        yield ours, theirs
        os.close(ours)
        os.close(theirs)

    def begun(self, any_engine, container, spec, tty):
        codes = []
        work = threading.Thread(
            target=lambda: codes.append(any_engine.terminal(container, spec, tty)), daemon=True
        )
        work.start()
        return work, codes

    def heard(self, ours, word):
        said, deadline = b"", time.monotonic() + 60
        while word not in said:
            assert time.monotonic() < deadline, said
            if select.select([ours], [], [], 1)[0]:
                said += os.read(ours, 4096)
        return said.decode(errors="replace")

    def test_a_conversation(self, any_engine, box, terminal):
        ours, theirs = terminal
        any_engine.put(box, "/", archive(talk__file="here"))
        script = "test -t 0 && test -t 1 && echo ready $A $(cat file); read x; echo got $x; exit 7"
        spec = ExecSpec(command=("sh", "-c", script), workdir="/talk", env={"A": "b c"})
        work, codes = self.begun(any_engine, box, spec, theirs)
        self.heard(ours, b"ready b c here")
        os.write(ours, b"word\n")
        self.heard(ours, b"got word")
        work.join(60)
        assert codes == [7]

    def test_a_program_that_is_not_there(self, any_engine, box, terminal):
        spec = ExecSpec(command=("sh", "-c", "exec no-such-program"))
        work, codes = self.begun(any_engine, box, spec, terminal[1])
        work.join(60)
        assert codes == [127]


class TestStream:
    def test_an_echo_then_half_close(self, any_engine, box):
        stream = any_engine.stream(box, ExecSpec(command=("cat",), stdin=True))
        try:
            for word in (b"one", b"two" * 10_000):
                stream.write(word)
                assert read_exactly(stream, len(word)) == word
            assert stream.exit_code() is None
            stream.close_stdin()
            assert stream.read() == b""
            assert stream.read() == b""
            assert stream.exit_code() == 0
        finally:
            stream.close()

    def test_half_close_leaves_the_output_open(self, any_engine, box):
        stream = any_engine.stream(box, sh("cat >/dev/null; sleep 0.2; echo later", stdin=True))
        stream.write(b"x")
        stream.close_stdin()
        assert read_all(stream) == b"later\n"
        stream.close()

    def test_large_output(self, any_engine, box):
        size = 30_000_000
        stream = any_engine.stream(box, sh(f"head -c {size} /dev/zero"))
        total = 0
        while chunk := stream.read():
            total += len(chunk)
        assert total == size
        assert stream.exit_code() == 0
        stream.close()

    def test_standard_error_is_kept_aside_and_short(self, any_engine, box):
        stream = any_engine.stream(
            box, sh("seq 1 50000 >&2; echo out; sleep 0.1; echo last >&2; exit 5")
        )
        assert read_all(stream) == b"out\n"
        assert stream.stderr().endswith("50000\nlast\n")
        assert len(stream.stderr()) <= 64 * 1024
        assert stream.exit_code() == 5
        stream.close()

    def test_its_end_by_signal_is_a_code(self, any_engine, box):
        stream = any_engine.stream(box, sh("kill -9 $$"))
        assert read_all(stream) == b""
        assert stream.exit_code() == 137
        stream.close()

    def test_writing_after_the_end(self, any_engine, box):
        stream = any_engine.stream(box, sh("exit 0", stdin=True))
        assert read_all(stream) == b""
        with pytest.raises(EngineError):
            stream.write(b"x" * 1_000_000)
        stream.close()

    def test_writing_without_input(self, any_engine, box):
        stream = any_engine.stream(box, sh("sleep 0.2"))
        with pytest.raises(EngineError):
            stream.write(b"x")
        read_all(stream)
        stream.close()

    def test_close_ends_its_input(self, any_engine, box):
        mark = f"mark{time.time_ns()}"
        stream = any_engine.stream(box, sh(f"cat >/dev/null; touch {mark}", stdin=True))
        stream.write(b"x")
        stream.close()
        stream.close()
        deadline = time.monotonic() + 10
        while any_engine.run(box, sh(f"test -e {mark}")).exit_code:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def test_killed_while_streaming(self, any_engine, make):
        container = make()
        any_engine.start(container)
        stream = any_engine.stream(container, ExecSpec(command=SLEEP, stdin=True))
        killer = threading.Timer(0.3, any_engine.stop, (container, 0))
        killer.start()
        begun = time.monotonic()
        assert stream.read() == b""
        assert time.monotonic() - begun < 10
        assert stream.exit_code() == 137
        killer.join()
        stream.close()

    def test_many_at_once(self, any_engine, box):
        streams = [
            any_engine.stream(box, ExecSpec(command=("cat",), stdin=True)) for _ in range(12)
        ]
        for number, stream in enumerate(streams):
            stream.write(str(number).encode())
        assert [stream.read() for stream in streams] == [str(n).encode() for n in range(12)]
        for stream in streams:
            stream.close_stdin()
            assert stream.read() == b""
            assert stream.exit_code() == 0
            stream.close()
