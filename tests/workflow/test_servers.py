"""Which servers are there, and whether a kernelspec may name our provisioner to them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_devbox.errors import DevboxError
from jupyter_devbox.render.kernelspec import box_kernelspec
from jupyter_devbox.run.kernelspec import install_kernelspec
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.workflow import doctor
from jupyter_devbox.workflow import servers as module
from jupyter_devbox.workflow.servers import Server, all_have_provisioner, servers

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def start(tmp_path):
    """Start a process that looks like a server; it notes itself as one does."""
    started = []

    def start(python: str, **known):
        process = subprocess.Popen([python, "-c", SLEEP])
        started.append(process)
        words = Path(f"/proc/{process.pid}/cmdline")
        deadline = time.monotonic() + 10
        while SLEEP.encode() not in words.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.005)  # forked, and about to become that program
        note = {"pid": process.pid, "url": "http://localhost:8888/", "token": "secret", **known}
        (tmp_path / f"jpserver-{process.pid}.json").write_text(json.dumps(note))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def bare_python(tmp_path) -> str:
    """The interpreter of an environment that has nothing."""
    from uv import find_uv_bin

    folder = tmp_path / "bare"
    uv = [find_uv_bin(), "--quiet", "--offline", "venv", "--python", sys.executable, str(folder)]
    subprocess.run(uv, check=True)
    return str(folder / "bin" / "python")


def test_a_server_of_this_environment(start, tmp_path):
    start(sys.executable)
    (found,) = servers(tmp_path)
    assert found == Server(python=sys.executable, url="http://localhost:8888/", provisioner=True)
    assert all_have_provisioner((found,))


def test_a_server_that_lacks_us(start, tmp_path, bare_python):
    start(sys.executable)
    start(bare_python)
    found = servers(tmp_path)
    assert {server.python: server.provisioner for server in found} == {
        sys.executable: True,
        bare_python: False,
    }
    assert not all_have_provisioner(found)


def test_another_interpreter_that_has_us(start, tmp_path):
    """The same environment by another name: it is asked, not compared."""
    other = Path(sys.executable).with_name("python3")
    if str(other) == sys.executable:
        other = Path(sys.executable).with_name("python")
    start(str(other))
    (found,) = servers(tmp_path)
    assert (found.python, found.provisioner) == (str(other), True)


def test_a_server_that_was_killed(start, tmp_path, monkeypatch):
    process = start(sys.executable)
    process.kill()
    process.wait()
    for name, text in (("1", "{"), ("2", "[]"), ("3", '{"pid": "x", "url": ""}')):
        (tmp_path / f"jpserver-{name}.json").write_text(text)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    assert servers(tmp_path) == ()
    assert not all_have_provisioner(())


def test_where_none_runs_it_is_our_own_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: object())
    assert servers(tmp_path) == (Server(python=sys.executable, provisioner=True),)


# --- what `doctor` says of it -----------------------------------------------


def registered(context, *, provisioner):
    content = box_kernelspec(
        kernel="devbox-x",
        display_name="x",
        python=sys.executable,
        project="/x",
        name="x",
        target="cpu",
        image="sha256:0",
        config_file="/x/.devcontainer/devcontainer.json",
        limits=Limits(),
        provisioner=provisioner,
    )
    install_kernelspec(context.kernels, "devbox-x", content)


LACKS = Server(python="/env/bin/python", url="http://localhost:8888/", provisioner=False)
HAS = replace(LACKS, url="http://localhost:8889/", provisioner=True)


def said(context, monkeypatch, *found):
    monkeypatch.setattr(doctor, "servers", lambda: found)
    return doctor._provisioner(context)


def test_doctor_names_the_provisioner(context, monkeypatch):
    assert said(context, monkeypatch, HAS) == "devbox-provisioner, in http://localhost:8889/"


def test_doctor_names_the_shim_and_what_is_quicker(context, monkeypatch):
    registered(context, provisioner=False)
    text = said(context, monkeypatch, HAS, LACKS)
    assert text.startswith("the shim, which every client can start (http://localhost:8888/)")
    assert (
        "`/env/bin/python -m pip install jupyter-devbox && jupyter devbox kernel install`" in text
    )


def test_doctor_without_any_server(context, monkeypatch):
    assert "no Jupyter server in this environment" in said(context, monkeypatch)


def test_doctor_finds_a_kernelspec_that_a_server_refuses(context, monkeypatch):
    registered(context, provisioner=True)
    with pytest.raises(DevboxError, match="can't start these kernels: `devbox-x`") as caught:
        said(context, monkeypatch, LACKS)
    assert caught.value.hint.startswith("jupyter devbox kernel install")
