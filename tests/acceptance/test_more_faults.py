"""A very long notebook, an index that is gone in mid-build, and strangers' images."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

FOLDER = ".devcontainer"


@pytest.mark.network
def test_a_notebook_of_10_000_cells(machine: Machine):
    """Three seconds and 60 MB on two cores; the bounds leave room for a busy machine."""
    project = machine.project("long")
    cells = [
        f"import numpy as np\nx{n} = np.arange({n})\nfor j in range(10):\n    x{n} += j"
        for n in range(9_998)
    ]
    write_notebook(project / "n.ipynb", *cells, "%pip install six", "import openpyxl")
    # Not getrusage: that begins with what the process was forked from, the tests' own.
    measure = (
        "import runpy, sys, atexit\n"
        "def peak():\n"
        "    known = dict(line.split(':') for line in open('/proc/self/status'))\n"
        "    print(known['VmHWM'].split()[0], file=sys.stderr)\n"
        "atexit.register(peak)\n"
        "sys.argv = ['jupyter-devbox', *sys.argv[1:]]\n"
        "runpy.run_module('jupyter_devbox', run_name='__main__')"
    )
    began = time.monotonic()
    done = machine.command(
        machine.python, "-c", measure, "capture", "n.ipynb", "--json", cwd=project
    )
    assert done.code == 0, done
    assert {"numpy", "openpyxl", "six"} <= {r["name"] for r in done.json["requirements"]}
    kilobytes = int(done.err.split()[-1])
    assert time.monotonic() - began < 30
    assert kilobytes < 300_000
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    assert len((project / FOLDER / "requirements.in").read_bytes()) < 10_000


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_the_index_is_gone_in_mid_build(machine: Machine, engine: Engine):
    project = machine.project("mid-build")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / FOLDER / "Dockerfile"
    whole = recipe.read_text()
    dead = "ENV UV_DEFAULT_INDEX=http://127.0.0.1:9/simple UV_HTTP_RETRIES=0 UV_NO_CACHE=1\n"
    recipe.write_text(whole.replace("FROM ${BASE} AS final\n", f"FROM ${{BASE}} AS final\n{dead}"))
    assert recipe.read_text() != whole
    machine.must("trust", "--approve", cwd=project)
    done = machine.devbox("build", "--json", cwd=project)
    assert (done.code, done.error["code"]) == (61, "build_step"), done
    assert "Build failed at Python packages" in done.error["message"]
    assert "reach the network" in done.error["message"]
    assert "network" in done.error["hint"]
    assert "proxy" in done.error["hint"]
    assert any(re.match(r"Full log: ", line) for line in done.error["details"])
    # With the index back it goes on.
    recipe.write_text(whole)
    machine.must("trust", "--approve", cwd=project)
    machine.must("build", cwd=project)


@pytest.fixture
def registry() -> Iterator[tuple[str, list[object]]]:
    """The address of a public registry, and who has asked it for anything, in whatever words."""
    asked: list[object] = []

    class Registry(socketserver.ThreadingTCPServer):
        def verify_request(self, request: object, client_address: object) -> bool:
            asked.append(client_address)
            return False  # it hangs up

    server = Registry(("127.0.0.1", 0), socketserver.BaseRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_a_stranger_s_image_is_never_pulled(small, engine: Engine, registry):
    """By no name that a project's or Jupyter's files hold: kernels start from an id alone."""
    machine, own = small
    address, asked = registry
    evil = f"{address}/squatter/python:3.11"
    project = machine.project("squatted")
    write_notebook(project / "n.ipynb", "1")
    (project / FOLDER).mkdir()
    for configuration in (
        {"image": evil},
        {"build": {"dockerfile": "Dockerfile", "args": {"BASE": evil}, "cacheFrom": evil}},
        {"customizations": {"jupyter_devbox": {"options": {"base": evil}}}, "image": evil},
    ):
        (project / FOLDER / "devcontainer.json").write_text(json.dumps(configuration))
        (project / FOLDER / "Dockerfile").write_text(f"ARG BASE={evil}\nFROM ${{BASE}}\n")
        for words in (
            ("plan", "n.ipynb"), ("status",), ("containerize", "n.ipynb"), ("build",), ("verify",),
            ("run", "n.ipynb"), ("kernel", "install"), ("containerize", "n.ipynb", "--dry-run"),
        ):  # fmt: skip
            machine.devbox(*words, cwd=project)

    # A kernelspec that was changed, and an image of ours under a stranger's name.
    (spec,) = (machine.data / "kernels").glob("devbox-small-*/kernel.json")
    text = spec.read_text()
    image = json.loads(text)["metadata"]["jupyter_devbox"]["image"]
    spec.write_text(text.replace(image, evil))
    done = machine.devbox("run", "n.ipynb", "--json", cwd=own)
    spec.write_text(text)
    assert (done.code, done.error["code"]) == (71, "image_missing"), done
    assert asked == []

    # The trace works: a base that the user names is looked for there.
    clean = machine.project("asked for")
    write_notebook(clean / "n.ipynb", "1")
    done = machine.devbox("containerize", "n.ipynb", f"--base={evil}", "--json", cwd=clean)
    assert (done.code, done.error["code"]) == (61, "build_step"), done
    assert asked
