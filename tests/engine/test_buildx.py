"""The command line of a build, and the process behind it, with a stand-in for `docker`."""

from __future__ import annotations

import csv
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine.buildx import Builder, build, build_argv
from jupyter_devbox.errors import BuildCancelledError, BuildStepError, EngineError
from jupyter_devbox.spec.container import BuildRequest

REQUEST = BuildRequest(context="/project/.devcontainer", tag="demo:1")
OK = """printf '{"containerimage.digest": "sha256:b", "containerimage.config.digest": "sha256:a"}' \
> "$(printf '%s\\n' "$@" | sed -n 's/^--metadata-file=//p')"
"""


def builder(docker: str = "docker", **env: str) -> Builder:
    return Builder(docker=docker, env={"PATH": os.environ["PATH"], **env})


@pytest.fixture
def script(tmp_path: Path):
    """Return a `docker` that does what a shell script says."""

    def write(text: str) -> Builder:
        path = tmp_path / "docker"
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return builder(str(path), MARKS=str(tmp_path))

    return write


def run(chosen: Builder, *, on_step=lambda step: None, cancel=None):
    return build(chosen, REQUEST, on_step, cancel or threading.Event())


@pytest.mark.usefixtures("pure")
class TestCommandLine:
    def test_whole(self):
        request = BuildRequest(
            context="/p/.devcontainer",
            dockerfile="Dockerfile",
            tag="demo:1",
            args={"BASE": "python:3.11", "A": "x y"},
            labels={"b": "1", "a": "$(id)"},
            secrets={"ca": "/etc/ca.pem"},
            no_cache=True,
        )
        assert build_argv(builder(), request, Path("/t/m.json")) == [
            "docker", "buildx", "build",
            "--builder=default", "--load", "--progress=rawjson", "--provenance=false",
            "--metadata-file=/t/m.json", "--file=/p/.devcontainer/Dockerfile", "--tag=demo:1",
            "--no-cache",
            "--build-arg=A=x y", "--build-arg=BASE=python:3.11",
            "--label=a=$(id)", "--label=b=1",
            "--secret=id=ca,src=/etc/ca.pem",
            "--", "/p/.devcontainer",
        ]  # fmt: skip

    def test_proxies_go_by_name_alone(self):
        chosen = builder(HTTPS_PROXY="http://secret:1", no_proxy="a,b", http_proxy="")
        argv = build_argv(chosen, REQUEST, Path("m"))
        assert "--build-arg=HTTPS_PROXY" in argv
        assert "--build-arg=no_proxy" in argv
        assert not any("secret" in word or word.endswith("http_proxy") for word in argv)

    def test_a_proxy_with_a_login_is_no_argument(self):
        """The engine's history of builds keeps arguments."""
        chosen = builder(HTTPS_PROXY="http://me:secret@proxy:1", http_proxy="token@proxy:1")
        assert not any("proxy" in word.lower() for word in build_argv(chosen, REQUEST, Path("m")))

    def test_nothing_is_pulled(self):
        assert not any("pull" in word for word in build_argv(builder(), REQUEST, Path("m")))

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
    def test_a_secret_s_path_survives_csv(self, path):
        request = BuildRequest(context="/p", secrets={"ca": path})
        (option,) = [w for w in build_argv(builder(), request, Path("m")) if "--secret" in w]
        assert next(csv.reader([option.removeprefix("--secret=")])) == ["id=ca", f"src={path}"]


def test_success_returns_every_id_that_the_engine_may_know(script):
    assert run(script(OK)) == ("sha256:a", "sha256:b")


def test_output_on_either_stream_however_large(script):
    chosen = script(
        "i=0; while [ $i -lt 30000 ]; do echo '{\"vertexes\":[]}'; echo noise >&2; "
        f"i=$((i+1)); done\n{OK}"
    )
    assert run(chosen) == ("sha256:a", "sha256:b")


def test_a_failure_without_a_step_is_told_in_buildx_s_words(script):
    chosen = script("echo 'some context' >&2; echo 'ERROR: failed to solve: no way' >&2; exit 1")
    with pytest.raises(BuildStepError, match="`no way`") as caught:
        run(chosen)
    assert caught.value.details == ("some context", "ERROR: failed to solve: no way")


def test_a_failure_without_words(script):
    with pytest.raises(BuildStepError, match="no reason given"):
        run(script("exit 1"))


def test_the_step_that_failed_first_is_named_not_those_it_stopped(script):
    document = (
        '{"vertexes":[{"digest":"x","name":"[2/2] RUN beside","started":"1","completed":"2",'
        '"error":"context canceled"},{"digest":"y","name":"[1/2] RUN it","started":"1",'
        '"completed":"2","error":"exit code: 1"}]}'
    )
    with pytest.raises(BuildStepError, match=r"`\[1/2\] RUN it`"):
        run(script(f"echo '{document}' >&2; exit 1"))


def test_passwords_in_a_netrc_secret_are_hidden(script, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine index.example login me password hunter22")
    request = BuildRequest(context="/p", secrets={"netrc": str(netrc)})
    with pytest.raises(BuildStepError) as caught:
        build(script("cat $MARKS/netrc; exit 1"), request, lambda step: None, threading.Event())
    assert caught.value.details == ("machine index.example login me password ***",)


def test_cancelling_interrupts_it(script, tmp_path):
    chosen = script(
        "trap 'echo stopped > \"$MARKS/mark\"; exit 1' INT; "
        'echo \'{"vertexes":[{"digest":"x","started":"1"}]}\'; sleep 60 & wait'
    )
    cancel = threading.Event()
    begun = time.monotonic()
    with pytest.raises(BuildCancelledError):
        run(chosen, on_step=lambda step: cancel.set(), cancel=cancel)
    assert time.monotonic() - begun < 4
    assert (tmp_path / "mark").read_text() == "stopped\n"


def test_one_that_ignores_the_interrupt_is_killed_with_its_children(script, tmp_path):
    chosen = script(
        "trap '' INT TERM; sh -c 'trap \"\" INT; echo $$ > \"$MARKS/child\"; sleep 60' & "
        'sleep 0.3; echo \'{"vertexes":[{"digest":"x","started":"1"}]}\'; sleep 60'
    )
    cancel = threading.Event()
    with pytest.raises(BuildCancelledError):
        run(chosen, on_step=lambda step: cancel.set(), cancel=cancel)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while _alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_in_the_reader_leaves_no_process(script, tmp_path):
    chosen = script(
        'echo $$ > "$MARKS/pid"; echo \'{"vertexes":[{"digest":"x","started":"1"}]}\'; '
        "trap 'exit 1' INT; sleep 60 & wait"
    )

    def interrupt(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(chosen, on_step=interrupt)
    assert not _alive(int((tmp_path / "pid").read_text()))
    assert not [t for t in threading.enumerate() if t.name.startswith("devbox-")]


def test_a_docker_that_is_gone(tmp_path):
    with pytest.raises(EngineError, match="cannot be started"):
        run(builder(str(tmp_path / "none")))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
