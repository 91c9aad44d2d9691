"""Bad input: one sentence, the next command, the right exit code, and nothing lost or changed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from machine import Done, Machine, tree_digest, uv, write_notebook

from jupyter_devbox.engine.base import Engine

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
FOLDER = ".devcontainer"


def refuse(machine: Machine, project: Path, *words: str, code: int, name: str, env=None) -> Done:
    """Run a command that must fail well, and return it."""
    before = watched(machine, project)
    if machine.adopts and words[0] == "containerize" and env is not NO_ENGINE:
        words = (*words, "--no-build")  # who may not use Docker hears that first
    done = machine.devbox(*words, "--json", cwd=project, env=env)
    assert done.code == code, done
    assert done.error["code"] == name
    sentence = done.error["message"]
    assert sentence
    assert "\n" not in sentence
    assert done.error["hint"], "there is no next step"
    assert " ".join(sentence.split()) in " ".join(done.err.split())
    assert "Next" in done.err
    assert watched(machine, project) == before
    return done


def watched(machine: Machine, project: Path) -> dict[str, str]:
    """Return the user's files; whose turn it is on a project is none of them."""
    if machine.adopts:
        machine.own(project)
    turns = str(machine.ours / "turns")
    found = tree_digest(project, machine.data)
    return {
        path: kind
        for path, kind in found.items()
        if path != str(machine.ours) and not path.startswith(turns)
    }


# --- the notebook ------------------------------------------------------------

LANGUAGE_R = {
    "kernelspec": {"name": "ir", "language": "R", "display_name": "R"},
    "language_info": {"name": "R"},
}
OLD = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}
NOTEBOOKS = {
    "text": (b"# just text\n", 11, "notebook"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff", 11, "notebook"),
    "empty": (b"", 11, "notebook"),
    "other JSON": (b'{"a": [1, 2]}', 11, "notebook"),
    "a list": (b"[]", 11, "notebook"),
    "nbformat 3": (json.dumps(OLD).encode(), 11, "notebook"),
    "truncated": (b'{"cells": [{"cell_type": "code", "sour', 11, "notebook"),
    "R": (
        json.dumps(
            {"cells": [], "metadata": LANGUAGE_R, "nbformat": 4, "nbformat_minor": 5}
        ).encode(),
        12,
        "unsupported_kernel",
    ),
}


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_not_a_notebook_to_work_with(machine: Machine, kind):
    content, code, name = NOTEBOOKS[kind]
    project = machine.project(kind)
    (project / "n.ipynb").write_bytes(content)
    refuse(machine, project, "containerize", "n.ipynb", code=code, name=name)


@pytest.mark.parametrize("verb", ["capture", "plan"])
def test_other_verbs_say_the_same(machine: Machine, verb):
    project = machine.project(f"for-{verb}")
    (project / "n.ipynb").write_bytes(NOTEBOOKS["truncated"][0])
    refuse(machine, project, verb, "n.ipynb", code=11, name="notebook")


@pytest.mark.parametrize("path", ["missing.ipynb", "."])
def test_no_such_notebook(machine: Machine, path):
    project = machine.project(f"no-{path.partition('.')[0] or 'folder'}")
    done = refuse(machine, project, "containerize", path, code=11, name="notebook")
    assert path in done.error["message"]


def test_a_notebook_of_50_mb(machine: Machine):
    project = machine.project("big")
    notebook = write_notebook(project / "n.ipynb", "import openpyxl", "print(1)")
    document = json.loads(notebook.read_text())
    picture = {"data": {"image/png": "A" * 50_000_000}, "metadata": {}}
    document["cells"][1]["outputs"] = [{"output_type": "display_data", **picture}]
    notebook.write_text(json.dumps(document))
    facts = machine.must("capture", "n.ipynb", "--json", cwd=project, seconds=30)
    assert [r["name"] for r in facts.json["requirements"]] == ["openpyxl"]
    assert len(facts.out) < 10_000


# --- what stands in the cells ------------------------------------------------

HOSTILE = (
    "%pip install 'six; touch pwned' six$(touch pwned) `touch pwned` && touch pwned",
    '!pip install "x\' && touch pwned #" ../evil -r /etc/passwd --index-url=file:///etc',
    "!apt-get install -y $(touch pwned) 'jq; touch pwned' ../evil.deb -o Dpkg::Pre=touch jq",
    "%pip install six\\\n; touch pwned",
    "%conda install 'x y' -c http://evil.invalid \"$(id)\"",
    '%%bash\npip install "$(touch pwned)"\napt-get install -y "`id`" tree\n',
    "!sudo apt install 'a\nRUN touch pwned'",
)


@pytest.mark.network
def test_hostile_lines(machine: Machine):
    project = machine.project("hostile")
    write_notebook(project / "n.ipynb", *HOSTILE)
    facts = machine.must("capture", "n.ipynb", "--json", cwd=project).json
    names = {r["name"] for r in facts["requirements"]}
    assert names <= {"six", "x"}
    assert {a["name"] for a in facts["apt"]} <= {"jq", "tree"}
    # With an unknown x left out the rest must work.
    machine.must("containerize", "n.ipynb", "--no-build", "--exclude", "x", cwd=project)
    written = "".join(p.read_text() for p in (project / FOLDER).glob("*") if p.is_file())
    for word in ("pwned", "evil", "passwd", "touch", "Dpkg::"):
        assert word not in written
    assert not list(machine.root.rglob("pwned"))


@pytest.mark.network
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--apt", "jq; touch pwned"),
        ("--apt", "../x.deb"),
        ("--apt", "-o=x"),
        ("--include", "six; touch pwned"),
        ("--include", "git+https://example.invalid/x\nRUN id"),
        ("--python", "3.11; id"),
        ("--base", "python:3.11\nRUN id"),
        ("--base", "$(id)"),
    ],
)
def test_hostile_options(machine: Machine, option, value):
    project = machine.project(f"option-{re.sub('[^a-z]+', '-', option + value)}")
    write_notebook(project / "n.ipynb", "1")
    before = watched(machine, project)
    done = machine.devbox(
        "containerize", "n.ipynb", f"{option}={value}", "--no-build", "--json", cwd=project
    )
    assert done.code in {2, 20, 22, 23}, done
    assert done.error["hint"]
    assert watched(machine, project) == before


@pytest.mark.network
def test_an_import_nobody_owns(machine: Machine):
    project = machine.project("nobody")
    write_notebook(project / "n.ipynb", "import openpyxl", "import lab_utils_of_ours")
    done = refuse(
        machine, project, "containerize", "n.ipynb", "--strict",
        code=13, name="unresolved_import",
    )  # fmt: skip
    assert "lab_utils_of_ours" in done.error["message"]
    done = machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    assert "Not found, so left out: lab_utils_of_ours (cell 2)" in done.err
    assert "Left out: lab_utils_of_ours (cell 2)" in done.out
    assert "lab_utils" not in (project / FOLDER / "requirements.in").read_text()


@pytest.mark.network
@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("%pip install six==99.99", ("six",)),
        ("%pip install 'openpyxl==3.1.5' 'et-xmlfile==0.1'", ("et-xmlfile",)),
        ("%pip install 'pandas==2.2.2' 'numpy==1.20.0'", ("pandas", "numpy")),
    ],
    ids=["not on the index", "no such version", "conflict"],
)
def test_pins_that_cannot_be_had(machine: Machine, line, names):
    project = machine.project("-".join(("pins", *names)))
    write_notebook(project / "n.ipynb", line)
    done = refuse(
        machine, project, "containerize", "n.ipynb", "--no-build", code=31, name="resolution"
    )
    said = done.error["message"] + "\n".join(done.error["details"])
    for name in names:
        assert name in said


# --- addresses that are gone -------------------------------------------------


@pytest.fixture(scope="module")
def gone(machine: Machine, sample_wheel: Path, make_venv) -> str:
    """Name of a kernel whose packages were installed from files that are no more."""
    python = make_venv("gone")
    copy = machine.root / sample_wheel.name
    shutil.copy2(sample_wheel, copy)
    uv("pip", "install", "--quiet", "--python", python, "ipykernel", "six", copy)
    copy.unlink()
    (six,) = Path(python).parents[1].glob("lib/python*/site-packages/six-*.dist-info")
    url = {"url": "file:///home/conda/feedstock_root/build_artifacts/six/work", "dir_info": {}}
    (six / "direct_url.json").write_text(json.dumps(url))
    folder = machine.data / "kernels" / "gone"
    folder.mkdir()
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "gone", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    return "gone"


@pytest.mark.network
def test_a_file_that_is_gone_means_the_index(machine: Machine, gone: str):
    project = machine.project("conda")
    kernel = {"name": gone, "display_name": gone}
    write_notebook(project / "n.ipynb", "import six", kernelspec=kernel)
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    assert "six==" in (project / FOLDER / "requirements.in").read_text()
    assert "feedstock" not in (project / FOLDER / "requirements.in").read_text()


@pytest.mark.network
def test_a_file_that_is_gone_and_unknown_to_the_index(machine: Machine, gone: str):
    project = machine.project("lost")
    kernel = {"name": gone, "display_name": gone}
    write_notebook(project / "n.ipynb", "import devbox_sample_wheel", kernelspec=kernel)
    done = refuse(
        machine, project, "containerize", "n.ipynb", "--no-build", code=31, name="resolution"
    )
    assert "devbox-sample-wheel" in done.error["message"] + "".join(done.error["details"])


# --- the machine -------------------------------------------------------------


@pytest.mark.network
def test_no_engine(machine: Machine):
    project = machine.project("no engine")
    write_notebook(project / "n.ipynb", "1")
    done = refuse(
        machine, project, "containerize", "n.ipynb",
        code=52, name="engine_not_running", env=NO_ENGINE,
    )  # fmt: skip
    assert "/nonexistent/docker.sock" in done.error["message"]
    assert "--target venv" in done.err
    # Without an engine the files can be written, and looked at.
    machine.must("containerize", "n.ipynb", "--dry-run", cwd=project, env=NO_ENGINE)
    machine.must("plan", "n.ipynb", cwd=project, env=NO_ENGINE)
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project, env=NO_ENGINE)
    doctor = machine.devbox("doctor", "--json", cwd=project, env=NO_ENGINE)
    assert doctor.code == 1
    (check,) = [c for c in doctor.json["checks"] if c["name"] == "engine"]
    assert check["ok"] is False
    assert check["hint"]


@pytest.mark.docker
@pytest.mark.network
def test_no_buildx(machine: Machine, engine: Engine):
    project = machine.project("no-buildx")
    write_notebook(project / "n.ipynb", "1")
    tools = machine.root / "tools"
    tools.mkdir()
    docker = tools / "docker"
    docker.write_text("#!/bin/sh\necho \"docker: 'buildx' is not a docker command.\" >&2\nexit 1\n")
    docker.chmod(0o755)
    # The usual places are searched too: here they are made unknown.
    code = (
        "import jupyter_devbox.engine.docker_cli as d; d._USUAL = ();"
        "from jupyter_devbox.cli import main; main()"
    )
    words = ("containerize", "n.ipynb", "--json")
    done = machine.command(
        machine.python, "-c", code, *words, cwd=project, env={"PATH": str(tools)}
    )
    assert done.code == 54, done
    assert done.error["code"] == "buildx_missing"
    assert "buildx" in done.error["hint"]
    assert not machine.ledger("image")


def test_the_index_does_not_answer(machine: Machine):
    project = machine.project("offline")
    write_notebook(project / "n.ipynb", "%pip install six")
    dead = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    env = {**dead, "UV_CACHE_DIR": str(machine.root / "empty-cache"), "UV_HTTP_RETRIES": "0"}
    done = refuse(
        machine, project, "containerize", "n.ipynb", "--no-build",
        code=32, name="index_unreachable", env=env,
    )  # fmt: skip
    assert "network" in done.error["hint"]


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_the_image_of_a_kernel_is_gone(machine: Machine, engine: Engine):
    project = machine.project("imageless")
    write_notebook(project / "n.ipynb", "1")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    engine.remove_image(made["image"])
    done = refuse(machine, project, "run", "n.ipynb", code=71, name="image_missing")
    hint = shlex.split(done.error["hint"])
    assert hint[:2] == ["jupyter", "devbox"]
    # Jupyter itself shows the same sentence when it starts the kernel.
    (kernel,) = made["kernels"]
    jupyter = Path(machine.python).with_name("jupyter-execute")
    started = machine.command(jupyter, f"--kernel_name={kernel['name']}", "n.ipynb", cwd=project)
    assert started.code != 0
    assert done.error["message"] in started.err
    assert machine.must("status", "--json", cwd=project).json["image"] is None
    # And the hint works.
    machine.must(*hint[2:], cwd=machine.root)
    machine.must("run", "n.ipynb", cwd=project)


# --- what is there already ---------------------------------------------------


def test_a_broken_configuration(machine: Machine):
    project = machine.project("broken")
    write_notebook(project / "n.ipynb", "1")
    (project / FOLDER).mkdir()
    (project / FOLDER / "devcontainer.json").write_text('{"name": "mine", // and\n "image": ')
    done = refuse(
        machine, project, "containerize", "n.ipynb", "--no-build", "--yes",
        code=42, name="configuration",
    )  # fmt: skip
    assert "devcontainer.json" in done.error["message"]
    refuse(machine, project, "status", code=42, name="configuration")
    refuse(machine, project, "plan", "n.ipynb", code=42, name="configuration")


@pytest.mark.network
def test_a_broken_line_of_requirements(machine: Machine):
    project = machine.project("broken-line")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    inputs = project / FOLDER / "requirements.in"
    inputs.write_text(f"{inputs.read_text()}numpy ==== 1; touch pwned\n")
    machine.must("trust", "--approve", cwd=project)
    done = refuse(
        machine, project, "containerize", "n.ipynb", "--no-build", code=23, name="requirement"
    )
    assert "requirements.in, line" in done.error["message"]


@pytest.mark.network
def test_a_configuration_of_another_kind(machine: Machine):
    project = machine.project("foreign")
    write_notebook(project / "n.ipynb", "1")
    (project / FOLDER).mkdir()
    config = project / FOLDER / "devcontainer.json"
    config.write_text('{\n  // our team\'s\n  "image": "registry.example.invalid/python:3.12"\n}\n')
    refuse(machine, project, "containerize", "n.ipynb", code=44, name="untrusted_project")
    done = machine.must("containerize", "n.ipynb", "--dry-run", cwd=project)
    assert "disagree" in done.out
    refuse(machine, project, "containerize", "n.ipynb", "--yes", code=44, name="untrusted_project")
    # Told to, it takes the plan, and the team's file stands beside it, whole.
    text = config.read_text()
    (asked,) = machine.devbox("trust", "--json", cwd=project).json["findings"]
    assert asked["key"] == "/image"
    machine.must("trust", "--approve", "--allow", asked["id"], cwd=project)
    machine.must("containerize", "n.ipynb", "--no-build", "--yes", cwd=project)
    assert (project / FOLDER / "devcontainer.json.yours").read_text() == text


@pytest.mark.parametrize("target", ["outside", "etc"])
def test_a_link_out_of_the_project(machine: Machine, target):
    project = machine.project(f"link-{target}")
    write_notebook(project / "n.ipynb", "1")
    outside = machine.root / f"outside-{target}"
    outside.mkdir()
    (project / FOLDER).symlink_to(outside)
    done = machine.devbox("containerize", "n.ipynb", "--no-build", "--yes", "--json", cwd=project)
    assert done.code in {40, 42}, done
    assert not list(outside.iterdir())


@pytest.mark.network
def test_a_notebook_in_home(machine: Machine):
    notebook = write_notebook(machine.home / "Untitled.ipynb", "1")
    text = notebook.read_text()
    done = refuse(
        machine, machine.home, "containerize", "Untitled.ipynb", "--no-build",
        code=21, name="project",
    )  # fmt: skip
    assert "--yes" in done.error["hint"]
    done = machine.must("containerize", "Untitled.ipynb", "--no-build", "--yes", cwd=machine.home)
    assert (machine.home / "Untitled" / FOLDER / "Dockerfile").is_file()
    assert (machine.home / "Untitled" / "Untitled.ipynb").read_text() == text
    assert notebook.read_text() == text
    assert not (machine.home / FOLDER).exists()


def test_outside_of_the_project(machine: Machine):
    project = machine.project("elsewhere")
    other = machine.project("other")
    write_notebook(other / "n.ipynb", "1")
    refuse(
        machine, project, "containerize", str(other / "n.ipynb"), "--project", str(project),
        code=21, name="project",
    )  # fmt: skip
    refuse(
        machine, project, "containerize", str(other / "n.ipynb"), "--project", "/nonexistent",
        code=21, name="project",
    )  # fmt: skip


# --- a clone -----------------------------------------------------------------


@pytest.mark.docker
def test_the_cell_says_it_too(machine: Machine, engine: Engine):
    """What refuses the command line refuses the magic in the same words."""
    project = machine.project("magic-clone")
    notebook = write_notebook(project / "n.ipynb", "%load_ext jupyter_devbox", "%containerize")
    (project / FOLDER).mkdir()
    (project / FOLDER / "Dockerfile").write_text("FROM scratch\n")
    done = machine.execute(notebook, "python3", project / "out.ipynb")
    text = "".join(o.text for o in done.cells[1].outputs)
    assert "files are not approved on this machine" in text
    assert "Next: " in text


# --- a configuration of another tool ---------------------------------------------


THEIRS = """\
// Theirs.
{
  "name": "theirs", // shown by VS Code
  "image": "registry.example/python:3",
  "postAttachCommand": "echo hello",
  "customizations": {"vscode": {"settings": {"editor.tabSize": 8}}}
}
"""


@pytest.mark.network
def test_a_configuration_of_another_tool(machine: Machine):
    project = machine.project("of-another-tool")
    write_notebook(project / "n.ipynb", "1")
    (project / FOLDER).mkdir()
    config = project / FOLDER / "devcontainer.json"
    config.write_text(THEIRS)
    words = ("containerize", "n.ipynb", "--no-build")
    refuse(machine, project, *words, code=44, name="untrusted_project")
    machine.devbox("trust", "--approve", cwd=project)  # /image waits for an answer of its own
    done = refuse(machine, project, *words, code=41, name="conflict")
    said = "\n".join(done.error["details"])
    assert '"name": "theirs"' in said
    assert '"image": "registry.example/python:3"' in said
    assert "--yes" in done.error["hint"]
    machine.must(*words, "--yes", cwd=project)
    assert (project / FOLDER / "devcontainer.json.yours").read_text() == THEIRS
    written = config.read_text()
    for kept in ("// Theirs.", "// shown by VS Code", '"echo hello"', '"editor.tabSize": 8'):
        assert kept in written
    assert "registry.example" not in written
    assert machine.must(*words, "--json", cwd=project).json["files"] == []
