"""`--binder=buildpack` by the real repo2docker, on a stand-in for its base image and for conda.

That proves which files are read, by which build pack, in which order, and that they work; not what
conda makes of them (notes on Binder: no conda channel is in reach here).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest
from binder_service import PROGRAM, beside_python, reaching_base, served
from machine import write_notebook
from notebook_outputs import outputs

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

STANDIN = Path(__file__).parent / "binder_standin"
CELLS = (
    "from devbox_sample_wheel import answer\nanswer()",
    "import shutil\nshutil.which('jq')",
    "import sys\nsys.version_info[:2]",
)


@pytest.fixture(scope="module")
def project(machine, base_image) -> Path:
    folder = machine.project("by-buildpack")
    write_notebook(folder / "analysis.ipynb", *CELLS)
    words = ("containerize", "analysis.ipynb", "--binder=buildpack", "--apt", "jq", "--no-build")
    done = machine.must(*words, "--json", cwd=folder)
    written = {path for path in done.json["files"] if path.startswith("binder/")}
    assert {Path(path).name for path in written} == {
        "apt.txt", "postBuild", "requirements.txt", "runtime.txt", "wheels.txt",
    }  # fmt: skip
    return folder


def test_the_build_pack_for_python_reads_our_files(project: Path, docker_cli: str):
    words = [beside_python(PROGRAM), "--no-build", "--debug", "--user-id", "1000",
             "--user-name", "jovyan", "."]  # fmt: skip
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "Building conda environment for python=3.11" in said
    packages = said.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    repository = said.index("src/ ${REPO_DIR}/")
    assert said.index("--no-install-recommends jq") < packages < repository  # cached without us
    assert repository < said.index("./binder/postBuild")


def test_it_is_built_served_and_executed(project: Path, engine: Engine, docker_cli: str, tmp_path):
    context = tmp_path / "base"
    name = "devbox-buildpack-base:24.04"
    steps = (
        "COPY --chmod=0755 micromamba /opt/standin/bin/micromamba",
        "COPY --chmod=0755 wget /usr/local/bin/wget",
        "COPY --chmod=0755 bzip2 /usr/local/bin/bzip2",
    )
    with reaching_base(
        "python:3.11-slim-bookworm", name, docker_cli, context, *steps, files=STANDIN
    ):
        config = f'c.Repo2Docker.base_image = "{name}"\n'
        with served(
            project, engine, docker_cli, name="devbox-buildpack:1", config=config
        ) as server:
            assert server.user == "jovyan"
            assert "python3" in server.get("api/kernelspecs")["kernelspecs"]
            done = server.run("jupyter", "execute", "--output", "executed.ipynb", "analysis.ipynb")
            assert done.code == 0, done
            there = nbformat.read(
                server.fetch("/home/jovyan/executed.ipynb", tmp_path / "x.ipynb"), as_version=4
            )
            show = "import importlib.metadata as m; print(m.version('jupyterlab'))"
            version = server.run("python3", "-c", show).out.strip()
            assert f"jupyterlab=={version} \\" in (project / "binder/requirements.txt").read_text()
    assert [one[0][1] for one in outputs(there)] == ["42", "'/usr/bin/jq'", "(3, 11)"]
