"""Binder: what we write is built, served and executed by the real repo2docker."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from binder_service import BASE, Served, reaching_base, served
from machine import ROOT, git, printed, write_notebook
from notebook_outputs import outputs

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.magics.binder import WOULD

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

NOT_PUSHED = (".git", ".venv", "node_modules", "__pycache__", ".*_cache")
CELLS = (
    "%load_ext jupyter_devbox",
    "from devbox_sample_wheel import answer\nanswer()",
    "from pathlib import Path\nPath('data/readings.csv').read_text()[:20]",
    "Path('out.txt').write_text('by the kernel')",
    "%containerize",
)


@pytest.fixture(scope="module", autouse=True)
def repo2docker(absent):
    pytest.importorskip("repo2docker", reason="pip install jupyter-repo2docker")
    if shutil.which("git") is None:
        absent("git is not installed")


@pytest.fixture(scope="module")
def project(machine, base_image, docker_cli, tmp_path_factory):
    """A project with a wheel, on a base image whose user is called jovyan already.

    Yields its folder as Binder gets it: what Git has, and nothing else.
    """
    folder = machine.project("on-binder", ROOT / "tests" / "projects" / "plain")
    write_notebook(folder / "analysis.ipynb", *CELLS)
    name = "devbox-binder-base:3.11-slim-bookworm"
    context = tmp_path_factory.mktemp("base") / "context"
    users = ("RUN useradd --create-home --uid 1000 --gid 100 jovyan", "USER jovyan")
    with reaching_base(BASE, name, docker_cli, context, *users):
        words = ("containerize", "analysis.ipynb", "--binder", "--base", name, "--no-build")
        done = machine.must(*words, "--json", cwd=folder)
        assert "binder/Dockerfile" in done.json["files"]
        assert done.json["warnings"] == []
        git(folder, "init", "--quiet")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", "As it is pushed")
        clone = tmp_path_factory.mktemp("binder") / "on-binder"
        git(folder, "clone", "--quiet", str(folder), str(clone))
        yield clone


@pytest.fixture(scope="module")
def on_binder(project: Path, engine: Engine, docker_cli: str):
    with served(project, engine, docker_cli, name="devbox-binder-test:1") as server:
        yield server


def test_it_is_served_as_jovyan_with_the_repository_in_the_home(on_binder: Served):
    assert on_binder.user == "jovyan"
    assert on_binder.get("api/contents/analysis.ipynb?content=0")["type"] == "notebook"
    assert "python3" in on_binder.get("api/kernelspecs")["kernelspecs"]
    owner = on_binder.run("stat", "-c", "%U %u", ".", "analysis.ipynb", "/opt/venv", "data")
    assert owner.out == "jovyan 1000\n" * 4, owner
    there = "import jupyterlab, jupyterhub, sys; print(sys.prefix)"
    assert on_binder.run("python3", "-c", there).out == "/opt/venv\n"


def test_its_packages_are_those_of_the_locks(on_binder: Served, project: Path):
    from jupyter_devbox.spec.requirements_txt import read_pins

    locks = [(project / "binder" / name).read_text() for name in ("requirements.txt", "wheels.txt")]
    pins = {name: version for lock in locks for name, version in read_pins(lock).items()}
    own = project / ".devcontainer"
    for name in ("requirements.stable.txt", "requirements.txt"):
        assert read_pins((own / name).read_text()).items() <= pins.items()
    show = (
        "import importlib.metadata as m, re\n"
        "for d in m.distributions():\n"
        "    print(re.sub('[-_.]+', '-', d.name).lower(), d.version)"
    )
    found = dict(line.split() for line in on_binder.run("python3", "-c", show).out.splitlines())
    assert found == pins


def test_the_notebook_gives_there_what_it_gives_on_the_host(on_binder: Served, machine, tmp_path):
    there = on_binder.execute("analysis.ipynb", tmp_path)
    folder = machine.project("at-home", ROOT / "tests" / "projects" / "plain")
    write_notebook(folder / "analysis.ipynb", *CELLS[:-1])
    at_home = machine.execute(folder / "analysis.ipynb", "python3", folder / "host.ipynb")
    assert outputs(there) == outputs(at_home)
    assert len(outputs(there)) == 4
    assert printed(there.cells[-1]) == f"{WOULD}\n"


def test_pip_adds_a_package_there(on_binder: Served):
    words = ("-m", "pip", "install", "--quiet", "--no-deps", "--dry-run", "six")
    assert on_binder.run("python3", *words).code == 0
    assert (
        on_binder.run(
            "sh", "-c", 'test -w "$(python3 -c "import pip; print(pip.__path__[0])")"'
        ).code
        == 0
    )


def test_the_repository_s_own_demo_is_served(engine: Engine, docker_cli: str, base_image, tmp_path):
    """binder/ of this repository, as it stands here."""
    folder = tmp_path / "jupyter-devbox"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_PUSHED))
    base = "devbox-binder-demo:3.11-slim-bookworm"
    with reaching_base(BASE, base, docker_cli, tmp_path / "base"):
        config = f'c.DockerEngine.extra_buildx_build_args = ["--build-context", "{BASE}=docker-image://{base}"]\n'
        with served(
            folder, engine, docker_cli, name="devbox-binder-own:1", command=(), config=config,
            env=("BINDER_REQUEST=v2/gh/o/r/HEAD",),
        ) as server:  # fmt: skip
            assert server.user == "jovyan"
            assert server.get("api/contents/examples/quickstart.ipynb?content=0")["name"]
            document = server.execute("examples/quickstart.ipynb", tmp_path)
            text = "\n".join(printed(c) for c in document.cells if c.cell_type == "code")
            assert "digits recognised" in text
            assert not [
                o for c in document.cells for o in c.get("outputs", ()) if o.output_type == "error"
            ]
            assert printed(document.cells[-1]).startswith(WOULD)
            assert printed(document.cells[-1]).count("\n") == 1
            done = server.run(
                "jupyter", "devbox", "containerize", "examples/quickstart.ipynb",
                "--target", "venv", "--project", "examples", "--json",
            )  # fmt: skip
            assert done.code == 0, done
            (kernel,) = done.json["kernels"]
            assert kernel["target"] == "venv"
            assert kernel["name"] in server.get("api/kernelspecs")["kernelspecs"]
