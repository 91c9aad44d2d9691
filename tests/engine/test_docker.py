"""What only a real container can show: mounts, users, limits, the network, the end of a process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.docker import DockerEngine
from jupyter_devbox.engine.endpoint import Endpoint
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.container import (
    BuildRequest,
    ContainerSpec,
    ExecSpec,
    ImageInfo,
    Limits,
    Mount,
    Rights,
)

SLEEP = ("sleep", "1000")


@pytest.fixture
def start(engine: Engine, base_image: ImageInfo) -> Iterator[Callable[..., str]]:
    """Start containers that are gone after the test."""
    made: list[str] = []

    def create_and_start(**options: object) -> str:
        options = {"command": SLEEP, **options}
        made.append(engine.create(ContainerSpec(image=base_image.id, **options)))
        engine.start(made[-1])
        return made[-1]

    yield create_and_start
    for container in made:
        engine.remove(container)


def ask(engine: Engine, container: str, *command: str, **options: str) -> str:
    result = engine.run(container, ExecSpec(command=command, **options))
    assert result.exit_code == 0, result
    return result.stdout.strip()


def test_a_read_only_mount_and_a_writable_one(engine, start, tmp_path):
    odd = tmp_path / "a 'b\": c, ü"
    odd.mkdir()
    (odd / "there").write_text("x")
    mounts = (
        Mount(source=str(odd), target="/writable"),
        Mount(source=str(odd), target="/readonly", readonly=True),
    )
    box = start(mounts=mounts)
    ask(engine, box, "touch", "/writable/made")
    assert (odd / "made").exists()
    assert ask(engine, box, "ls", "/readonly") == "made\nthere"
    assert engine.run(box, ExecSpec(command=("touch", "/readonly/no"))).exit_code == 1


def test_a_mount_without_source_is_refused_and_makes_nothing(start, tmp_path):
    with pytest.raises(EngineError, match="does not exist") as caught:
        start(mounts=(Mount(source=str(tmp_path / "none"), target="/x"),))
    assert str(tmp_path / "none") in caught.value.message
    assert not (tmp_path / "none").exists()


def test_user_workdir_and_environment(engine, start):
    box = start(user="1234:5678", workdir="/usr/lib", env={"A": "1"})
    assert ask(engine, box, "sh", "-c", "echo $(id -u):$(id -g) $PWD $A") == "1234:5678 /usr/lib 1"
    assert ask(engine, box, "id", "-u", user="0:0") == "0"


def test_files_keep_their_owner_and_come_before_the_start(engine, base_image):
    box = engine.create(
        ContainerSpec(image=base_image.id, command=("stat", "-c", "%u:%g:%a", "/home/me"))
    )
    try:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            info = tarfile.TarInfo("home/me")
            info.type, info.uid, info.gid, info.mode = tarfile.DIRTYPE, 1234, 5678, 0o700
            tar.addfile(info)
        engine.put(box, "/", buffer.getvalue())
        engine.start(box)
        assert engine.wait(box) == 0
        assert engine.logs(box, 1) == ("1234:5678:700",)
    finally:
        engine.remove(box)


def test_limits_are_those_of_the_kernel(engine, start):
    limits = Limits(memory=64 << 20, shm=8 << 20, cpus=0.5, pids=50, ulimits=("nofile=99:100",))
    box = start(limits=limits)
    assert ask(engine, box, "sh", "-c", "ulimit -n; ulimit -H -n") == "99\n100"
    assert engine.container(box).limits == replace(limits, ulimits=())
    assert ask(engine, box, "df", "--output=size", "/dev/shm").split()[1] == str(8 << 10)
    spawn = "i=0; while [ $i -lt 80 ]; do sleep 5 & i=$((i+1)); done"
    assert engine.run(box, ExecSpec(command=("sh", "-c", spawn))).exit_code != 0


def test_running_out_of_memory_is_told(engine, start):
    hog = ("python3", "-c", "x = bytearray(200 << 20); print(len(x))")
    box = start(command=hog, limits=Limits(memory=32 << 20))
    assert engine.wait(box) == 137
    info = engine.container(box)
    assert (info.oom_killed, info.exit_code) == (True, 137)


def test_running_out_of_memory_in_an_exec_is_told_while_the_box_lives(engine, start):
    box = start(limits=Limits(memory=32 << 20))
    hog = ("python3", "-c", "x = bytearray(200 << 20); print(len(x))")
    assert engine.run(box, ExecSpec(command=hog)).exit_code == 137
    info = engine.container(box)
    assert (info.oom_killed, info.status) == (True, "running")


def test_children_that_nobody_waits_for_are_reaped(engine, start):
    box = start(command=("sh", "-c", "(sleep 0.1 &) ; exec sleep 1000"))
    zombies = "sleep 0.5; grep -l '^State:.Z' /proc/[0-9]*/status || true"
    assert ask(engine, box, "sh", "-c", zombies) == ""


def test_no_right_can_be_gained(engine, start):
    assert ask(engine, start(), "grep", "NoNewPrivs", "/proc/self/status").split()[1] == "1"


def test_rights_that_were_allowed(engine, start):
    code = "grep CapEff /proc/self/status; ls /dev/twin; grep named /etc/hosts; true"
    plain = ask(engine, start(), "sh", "-c", code)
    rights = Rights(
        capabilities=("SYS_PTRACE",), devices=("/dev/null:/dev/twin",), addresses=("named:9.8.7.6",)
    )
    allowed = ask(engine, start(rights=rights), "sh", "-c", code)
    assert "twin" not in plain
    assert "/dev/twin" in allowed
    assert "9.8.7.6" in allowed
    assert int(allowed.split()[1], 16) & ~int(plain.split()[1], 16) == 1 << 19  # CAP_SYS_PTRACE


def test_a_privileged_one_has_every_right(engine, start):
    box = start(rights=Rights(privileged=True))
    every = ask(engine, box, "grep", "CapEff", "/proc/self/status")
    assert int(every.split()[1], 16) & 1 << 21  # CAP_SYS_ADMIN


def test_networks(engine, start):
    interfaces = ("sh", "-c", "ls /sys/class/net | tr '\\n' ' '")
    assert ask(engine, start(network="none"), *interfaces) == "lo"
    assert "eth0" in ask(engine, start(), *interfaces)


def test_labels_of_the_image_are_the_container_s_too(engine, start, base_image):
    labels = engine.container(start(labels={"mine": "yes"})).labels
    assert labels["mine"] == "yes"
    assert set(base_image.labels) <= set(labels)


def test_what_was_removed_and_changed_is_told(engine, start):
    container = start()
    ask(engine, container, "sh", "-c", "rm /etc/issue; echo x >> /etc/debian_version")
    changes = {change.path: change.kind for change in engine.changes(container)}
    assert changes["/etc/issue"] == "removed"
    assert changes["/etc/debian_version"] == "changed"


def test_info_is_of_this_machine(engine):
    info = engine.info()
    assert info.name == "docker"
    if info.local:
        assert info.free_bytes is None or info.free_bytes > 0


def test_frames_that_come_with_the_answer_are_not_lost(engine, start):
    box = start()
    for _ in range(30):
        assert engine.run(box, ExecSpec(command=("echo", "first"))).stdout == "first\n"


def test_a_closed_engine_leaves_streams_alone(start, engine):
    other = DockerEngine(engine.endpoint)
    stream = other.stream(start(), ExecSpec(command=("cat",), stdin=True))
    other.close()
    stream.write(b"still")
    assert stream.read() == b"still"
    stream.close()


def test_nothing_starts_in_a_paused_one(engine, start):
    box = start()
    engine._client.pause(box)
    try:
        assert engine.container(box).status == "paused"
        with pytest.raises(EngineError, match="not running"):
            engine.run(box, ExecSpec(command=("true",)))
    finally:
        engine._client.unpause(box)


def test_a_build_goes_to_the_same_engine(engine, docker_cli, monkeypatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    monkeypatch.setenv("BUILDX_BUILDER", "elsewhere")
    plain = DockerEngine(Endpoint(url=engine.endpoint.url))
    named = DockerEngine(Endpoint(url=engine.endpoint.url, context="there"))
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:1")
    assert plain._builder.name == "default"
    assert plain._builder.env["DOCKER_HOST"] == engine.endpoint.url
    assert not {"DOCKER_CONTEXT", "BUILDX_BUILDER"} & set(plain._builder.env)
    assert named._builder.name == named._builder.env["DOCKER_CONTEXT"] == "there"
    assert "DOCKER_HOST" not in named._builder.env


@pytest.mark.slow
@pytest.mark.usefixtures("base_image", "docker_cli")
class TestBuild:
    def build(self, engine: Engine, context: Path, **options: object):
        steps = []
        request = BuildRequest(context=str(context), **options)
        image = engine.build(request, steps.append, threading.Event())
        return image, [step.line for step in steps if step.line]

    def write(self, folder: Path, base: ImageInfo, *lines: str) -> None:
        (folder / "Dockerfile").write_text("\n".join((f"FROM {base.tags[0]}", *lines, "")))

    def test_secrets_are_seen_and_not_kept(self, engine, base_image, tmp_path):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine index.example login me password t0p-s3cret")
        secret = tmp_path / "a, \"b'.pem"
        secret.write_text("from a file")
        context = tmp_path / "context"
        context.mkdir()
        self.write(
            context,
            base_image,
            "RUN --mount=type=secret,id=ca cat /run/secrets/ca",
            'RUN --mount=type=secret,id=netrc echo "<$(cat /run/secrets/netrc)>"',
            "RUN test ! -e /run/secrets/netrc",
        )
        image, lines = self.build(
            engine,
            context,
            secrets={"ca": str(secret), "netrc": str(netrc)},
            no_cache=True,
        )
        assert "from a file" in lines
        assert "<machine index.example login me password ***>" in lines
        assert "t0p-s3cret" not in json.dumps(lines)
        engine.remove_image(image.id)

    def test_proxies_reach_the_build_and_nothing_else(
        self, engine, base_image, tmp_path, monkeypatch
    ):
        """One with a login is no argument: the engine keeps those in its history."""
        self.write(tmp_path, base_image, "RUN echo proxy=$HTTPS_PROXY", "RUN env > /env.txt; true")
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
        image, lines = self.build(engine, tmp_path, no_cache=True)
        assert "proxy=http://proxy.invalid:1" in lines
        assert "proxy.invalid" not in json.dumps(dict(image.env))
        engine.remove_image(image.id)

        monkeypatch.setenv("HTTPS_PROXY", "http://me:p4ssw0rd@proxy.invalid:1")
        image, lines = self.build(engine, tmp_path, no_cache=True)
        assert "proxy=" in lines
        assert "p4ssw0rd" not in json.dumps(lines) + json.dumps(dict(image.env))
        engine.remove_image(image.id)

    def test_the_same_files_give_the_same_image(self, engine, base_image, tmp_path):
        self.write(tmp_path, base_image, "RUN echo same")
        first, _ = self.build(engine, tmp_path)
        second, _ = self.build(engine, tmp_path)
        assert first.id == second.id
        engine.remove_image(first.id)

    def test_arguments_and_labels_are_never_shell(self, engine, base_image, tmp_path):
        self.write(tmp_path, base_image, "ARG WORD", 'RUN printf "%s" "$WORD"')
        odd = "a $(id) `id` \"'; b=c,d"
        image, lines = self.build(
            engine, tmp_path, args={"WORD": odd}, labels={"odd": odd}, no_cache=True
        )
        assert odd in lines
        assert image.labels["odd"] == odd
        engine.remove_image(image.id)

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
    def test_a_killed_builder_leaves_no_process(self, engine, base_image, tmp_path):
        tick = "i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); sleep 0.2; done"
        self.write(tmp_path, base_image, f"RUN {tick}")
        code = (
            "import sys, threading\n"
            "from jupyter_devbox.engine.detect import connect\n"
            "from jupyter_devbox.spec.container import BuildRequest\n"
            "request = BuildRequest(context=sys.argv[1], no_cache=True)\n"
            "connect(sys.argv[2]).build(\n"
            "    request, lambda step: step.line and print(step.line, flush=True),"
            " threading.Event())\n"
        )
        argv = [sys.executable, "-c", code, str(tmp_path), engine.endpoint.url]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"0\n"
            assert len(processes_with(str(tmp_path))) > 1
            child.kill()
        deadline = time.monotonic() + 20
        while processes_with(str(tmp_path)):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def test_a_huge_log(self, engine, base_image, tmp_path):
        self.write(tmp_path, base_image, "RUN seq 1 20000")
        image, lines = self.build(engine, tmp_path, no_cache=True)
        assert lines[0] == "1"
        # BuildKit itself cuts a step's output at 2 MiB or 100 KiB/s, and says so.
        assert lines[-1] == "20000" or "output clipped" in lines[-1]
        engine.remove_image(image.id)


def processes_with(word: str) -> list[str]:
    """Return the command lines on this machine that name something."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found += [text] if word in text else []
    return found
