"""A password for the index reaches no file, image, label, log or output."""

from __future__ import annotations

import base64
import http.server
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

USER, PASSWORD = "ada", "correct-horse-7G"
SPELLINGS = (
    PASSWORD.encode(),
    base64.b64encode(f"{USER}:{PASSWORD}".encode()).rstrip(b"="),
)

pytestmark = [pytest.mark.network]


def spilled(*roots: Path) -> list[Path]:
    """Return the files that hold the password in any spelling."""
    return [
        path
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in SPELLINGS)
    ]


def clean(text: str) -> bool:
    return not any(word.decode() in text for word in SPELLINGS)


def test_an_address_in_a_cell(machine: Machine):
    project = machine.project("cell")
    address = f"https://{USER}:{PASSWORD}@pypi.example.invalid/simple"
    notebook = write_notebook(
        project / "n.ipynb",
        f"%pip install --extra-index-url {address} six",
        f"!pip install -i {address} 'openpyxl' git+https://{USER}:{PASSWORD}@git.example.invalid/r",
        f"%pip install sample@https://{USER}:{PASSWORD}@files.example.invalid/sample-1.0.tar.gz",
    )
    said = []
    for words in (("capture", "n.ipynb"), ("capture", "n.ipynb", "--json"),
                  ("containerize", "n.ipynb", "--no-build"), ("plan", "n.ipynb", "--json"),
                  ("containerize", "n.ipynb", "--diff")):  # fmt: skip
        done = machine.devbox(*words, cwd=project, env={"UV_HTTP_RETRIES": "0"})
        said.append(done.out + done.err)
    assert all(map(clean, said)), said
    facts = machine.must("capture", "n.ipynb", "--json", cwd=project)
    assert {"six", "openpyxl"} <= {r["name"] for r in facts.json["requirements"]}
    assert spilled(project, machine.data) == [notebook]


class Index(http.server.SimpleHTTPRequestHandler):
    """A package index that only answers to its user."""

    asked = 0

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        Index.asked += 1
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def private_index(tmp_path: Path, sample_wheel: Path) -> Iterator[str]:
    """The address, login included, of an index that has one package and no other."""
    folder = tmp_path / "simple" / "devbox-sample-wheel"
    folder.mkdir(parents=True)
    shutil.copy2(sample_wheel, folder)
    (folder / "index.html").write_text(f'<a href="{sample_wheel.name}">{sample_wheel.name}</a>')
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Index, directory=str(tmp_path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{USER}:{PASSWORD}@127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def test_an_index_of_this_machine_that_lacks_the_rest(machine: Machine, private_index: str):
    """The resolution fails, and its explanation names the index without the login."""
    project = machine.project("private")
    write_notebook(project / "n.ipynb", "%pip install devbox-sample-wheel==1.2.3")
    env = {
        "PIP_INDEX_URL": private_index,
        "UV_CACHE_DIR": str(machine.root / "private-cache"),
        "NO_PROXY": "127.0.0.1",
    }
    done = machine.devbox("containerize", "n.ipynb", "--no-build", "--json", cwd=project, env=env)
    assert done.code in {31, 32}, done
    assert Index.asked
    assert clean(done.out + done.err)
    assert not spilled(project, machine.ours)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("works", [True, False], ids=["built", "failed"])
def test_a_build_with_a_login(machine: Machine, engine: Engine, docker_cli: str, works: bool):
    """The login travels as a build secret: nothing of it stays, also where the build fails."""
    project = machine.project(f"built-{works}")
    write_notebook(project / "n.ipynb", "1")
    # uv takes what it needs from its cache: whether the index is asked does not matter here.
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    show = (
        "RUN --mount=type=secret,id=netrc,target=/tmp/netrc,mode=0444 "
        f"grep -c machine /tmp/netrc && echo {project.name}"
    )
    recipe.write_text(f"{recipe.read_text()}{show} && {'true' if works else 'false'}\n")
    machine.must("trust", "--approve", cwd=project)
    env = {"PIP_INDEX_URL": f"https://{USER}:{PASSWORD}@pypi.example.invalid/simple"}
    done = machine.devbox("build", "--json", cwd=project, env=env)
    assert done.code == (0 if works else 61), done
    said = done.out + done.err
    for log in (machine.ours / "logs").glob("*.log"):
        said += log.read_text()
    assert f"{project.name}" in said
    if works:
        image = done.json["image"]
        for words in (("history", "--no-trunc", image), ("image", "inspect", image)):
            seen = subprocess.run([docker_cli, *words], capture_output=True, text=True, check=True)
            said += seen.stdout
    assert clean(said)
    assert not spilled(project, machine.data)
    left = list(Path(tempfile.gettempdir()).glob("devbox-scratch-login-*"))
    assert not left
