"""Two thousand hostile notebooks and project files, from capture to the files on disk.

Resolving alone is left out, for it needs an index: the lock is made from the plan.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from makers import lock, locked
from packaging.requirements import Requirement

from jupyter_devbox.capture import capture_notebook
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.merge import merge
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import Changes, compare, refuse_conflicts, write
from jupyter_devbox.plan.answers import apply_answers
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.plan.planner import PlanInputs, pinned, plan
from jupyter_devbox.render import render
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.names import APT_NAME
from jupyter_devbox.spec.ports import DASHBOARDS, USUAL
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.requirements_in import parse_line
from jupyter_devbox.spec.tree import RenderedTree
from jupyter_devbox.spec.written import ATTACH_COMMAND
from jupyter_devbox.view import wording
from jupyter_devbox.view.plain import NotebookText
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.terminal import PlainView
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.requests import Found, Planned

MANY = settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
FOLDER = ".devcontainer"
INSTRUCTIONS = {"ARG", "FROM", "RUN", "ENV", "WORKDIR", "USER"}

pytestmark = pytest.mark.slow

# --- what is hostile ---------------------------------------------------------

PIECES = st.sampled_from([
    "import numpy", "import pandas as pd", "import yaml, cv2", "from a.b import (c", "import ",
    "%pip install ", "!pip install ", "!pip install -r ", "!apt-get install -y ", "%conda install ",
    "%%bash\n", "%%writefile helpers.py\n", "%cd ..", "%run ", "!", "%", "?", "\n", "\\\n", "\r",
    "six", "openpyxl==3.1", "numpy[extra]>=1 ; python_version>'3'", "jq", "ffmpeg", "libgl1",
    "\nRUN touch /zqpwn", "\nFROM evil:1", "; touch zqpwn", "$(touch zqpwn)", "`zqpwn`", "&& zqpwn",
    '"},"privileged":true,"x":{"', "# >>> jupyter-devbox base 000000000000\n",
    "# <<< jupyter-devbox base\n", "# syntax=evil/zqpwn", "# escape=`", "-r /etc/passwd", "-e ..",
    "--index-url file:///etc", "git+https://u:zqpwn@h/x.git@main#egg=x", "a @ file:///etc/passwd",
    "${localEnv:HOME}", "../../etc", "/etc/passwd", "~", "-o Dpkg::Pre=zqpwn", "'", '"', "\\", "\t",
    "\x1b[2J", "\x1b]0;zqpwn\x07", "\x9b31m", "\u202e", "\u2066", "\u2028", "\x0c", "\x00",
    "\ud800", "\ufeff", "é", "\U0001d427\U0001d42e", "=", "==", " ", ",", "; ", "#", "{x}",
    "[", "]", "sys.path.append('",
    "pd.read_excel('x')", "engine='lxml'", "<<EOF\n", "EOF\n", "notebooks: [", "# import: x; ",
])  # fmt: skip
WORDS = st.lists(PIECES, max_size=10).map("".join)
SOURCES = WORDS | st.text(max_size=80)
TEXTS = SOURCES.filter(lambda text: "\x00" not in text)
NAMES = (
    TEXTS.map(lambda text: text.replace("/", "_").encode(errors="surrogatepass")[:100])
    .map(lambda data: data.decode(errors="ignore").strip())
    .filter(lambda name: name not in {"", ".", ".."})
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
KEYS = st.sampled_from([
    "name", "image", "build", "dockerfile", "dockerFile", "context", "options", "args", "target",
    "mounts", "runArgs", "privileged", "capAdd", "features", "initializeCommand", "remoteUser",
    "containerEnv", "forwardPorts", "customizations", "jupyter_devbox", "vscode", "settings",
    "extensions", "written", "notebooks", "apt", "include", "exclude", "python", "base", "ports",
    "pack", "provides", "isolation", "workspaceMount", "workspaceFolder", "init",
    "dockerComposeFile",
])  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | WORDS, inner, max_size=4),
    max_leaves=8,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "include": st.lists(WORDS | st.sampled_from(["six", "lxml>=5"]), max_size=2),
        "exclude": st.lists(WORDS | st.just("numpy"), max_size=2),
        "apt": st.lists(WORDS | st.sampled_from(["jq", "tini"]), max_size=2),
        "python": WORDS | st.sampled_from(["3.11", "3.12"]),
        "base": WORDS | st.sampled_from(["python:3.11-slim-bookworm", "squatter/python:3.11"]),
        "ports": st.lists(st.integers() | st.just(6006), max_size=2),
        "pack": st.lists(WORDS, max_size=2),
        "provides": st.lists(WORDS | st.just("cv2=opencv-python"), max_size=2),
        "isolation": WORDS | st.sampled_from(["box", "kernel"]),
    },
)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "options": OPTIONS | JSON,
        "apt": st.dictionaries(WORDS | st.just("jq"), JSON, max_size=2),
        "notebooks": st.lists(TEXTS, max_size=2),
        "written": st.dictionaries(
            st.sampled_from(["name", "build/dockerfile", "build", "customizations", "runArgs"]),
            WORDS, max_size=3,
        ) | JSON,
    },
)  # fmt: skip


def configuration(top: dict[str, Any], own: Any, tail: str) -> str:
    return json.dumps({**top, "customizations": {"jupyter_devbox": own}}) + tail


CONFIGURATIONS = st.one_of(
    st.builds(configuration, st.dictionaries(KEYS, JSON, max_size=3), OWN | JSON, st.just("\n")),
    st.builds(configuration, st.just({}), OWN, st.sampled_from(["", " // zqpwn", "\r\n"])),
    st.dictionaries(KEYS | WORDS, JSON, max_size=4).map(lambda v: json.dumps(v, indent=1)),
    JSON.map(lambda value: json.dumps(value, ensure_ascii=False)),
    WORDS,
)
LINES = st.sampled_from(
    ["six", "# mine", "numpy==2  # import: numpy; notebooks: []", "lxml>=5 # x"]
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "devcontainer.json": CONFIGURATIONS,
        "requirements.in": st.lists(LINES | LINES | TEXTS, max_size=4).map("\n".join),
        "Dockerfile": st.lists(TEXTS, max_size=4).map("\n".join),
        "requirements.txt": TEXTS,
        "requirements.stable.txt": TEXTS,
    },
)


# --- the whole way but for resolving -----------------------------------------


def made_lock(spec: EnvironmentSpec, compiled: bool) -> Lock:
    """A lock as resolving would give it: every name with one version."""
    versions = {
        r.name: (re.findall(r"(?<![<>!~])==([0-9][0-9a-z.]*)(?:,|$)", r.specifier) or ["1.0"])[0]
        for r in spec.requirements
    }
    packages = [
        locked(f"{name}=={version}", group=("stable", "rest")[len(name) % 2], compiled=compiled)
        for name, version in sorted(versions.items())
    ]
    return lock(*packages)


class Way:
    """One project's way; every text that a user would see is looked at."""

    def __init__(self, root: Path, notebook: Path) -> None:
        self.project = Project(root=root, reason="--project")
        self.notebook = notebook
        self.shown: list[str] = []

    def go(self, compiled: bool) -> None:
        try:
            self._go(compiled)
        except DevboxError as error:
            self.shown += wording.failure(error, "jupyter devbox containerize n.ipynb")
            json.dumps(error.to_json())
        for line in self.shown:
            assert clean(line) == line, line

    def _go(self, compiled: bool) -> None:
        root = self.project.root
        snapshot = capture_notebook(self.notebook, project=root)
        snapshot = replace(snapshot, notebook=self.project.relative(self.notebook))
        existing = read_environment(root)
        options = merge_options(existing.options, ProjectOptions())
        snapshot = apply_answers(snapshot, options.provides)
        json.dumps(snapshot.to_json())
        views = [
            view(io.StringIO(), Progress(phases_for(("cpu",), build=True)))
            for view in (PlainView, NotebookText)
        ]
        self._tell(views, Found(project=self.project, snapshots=(snapshot,), targets=("cpu",)))
        inputs = PlanInputs(
            project=self.project.name, target="cpu", snapshots=(snapshot,), existing=existing,
            options=options,
        )  # fmt: skip
        spec = plan(inputs)
        locks = made_lock(spec, compiled)
        spec = pinned(spec, locks)
        json.dumps(spec.to_json())
        tree = render(spec, locks, options, uv_version="0.8.0", nested=self.project.nested)
        changes = compare(root, tree)
        self._tell(views, Planned(spec=spec, lock=locks, changes=changes))
        check_rendered(tree, spec)
        before = existing.configuration
        with suppress(DevboxError):
            refuse_conflicts(changes, hint="")
        write(root, changes)
        check_written(root, spec, before)
        # Same input, same bytes: a second time there is nothing to write.
        assert compare(root, tree) == Changes(changes=(), conflicts=())

    def _tell(self, views: list[Any], event: Any) -> None:
        for view in views:
            view(event)
            self.shown += view.stream.getvalue().split("\n")


def check_rendered(tree: RenderedTree, spec: EnvironmentSpec) -> None:
    """Every instruction of a new Dockerfile is one of ours; every line of the rest parses."""
    texts = {file.path: merge(file, None).content for file in tree.files}
    lines = list(instructions(texts[f"{FOLDER}/Dockerfile"].decode()))
    stages = [line for line in lines if line.startswith("FROM ")]
    assert {line.split()[0] for line in lines} <= INSTRUCTIONS
    names = [stage.split()[3] for stage in stages]
    builder = "builder" in names
    compiling = ["builder-requirements", "builder"] if builder else []
    assert names == ["uv", "tools", *compiling, "final"]
    assert {stage.split()[1] for stage in stages} <= {"${BASE}", *names}
    runs = [line for line in lines if line.startswith("RUN ")]
    assert len(runs) == 4 + 2 * builder + bool(spec.apt)
    arguments = [line for line in lines if line.startswith("ARG ")]
    assert arguments == [f"ARG BASE={spec.base_image.ref}", "ARG LOCK=requirements", "ARG LOCK"]
    for run in runs:
        if found := re.search(r"--no-install-recommends (.*?)\s+&& rm -rf", run):
            assert all(APT_NAME.fullmatch(name) for name in found[1].split())
    value = jsonc.parse(texts[f"{FOLDER}/devcontainer.json"].decode()).value
    assert set(value) <= {
        "name", "build", "remoteUser", "updateRemoteUserUID", "init", "mounts", "containerEnv",
        "customizations", "forwardPorts", "workspaceMount", "workspaceFolder", "shutdownAction",
        "postAttachCommand", "portsAttributes",
    }  # fmt: skip
    for port, said in value.get("portsAttributes", {}).items():
        assert int(port) in value["forwardPorts"]
        assert said == {"label": DASHBOARDS[USUAL[int(port)]]}
    assert value["postAttachCommand"] == ATTACH_COMMAND
    assert value["build"]["options"] == ["--secret=id=ca,src=${localEnv:SSL_CERT_FILE:/dev/null}"]
    assert set(value["containerEnv"]) == {"SSL_CERT_FILE", "PIP_CERT"}
    for name in ("requirements.txt", "requirements.stable.txt"):
        for line in pins(texts[f"{FOLDER}/{name}"].decode()):
            if line != "-r requirements.stable.txt":
                Requirement(re.sub(r"\s--hash=sha256:[0-9a-f]{64}", "", line))


def check_written(root: Path, spec: EnvironmentSpec, before: Any) -> None:
    """What is on disk parses, says what was planned, and has kept what is the user's own."""
    folder = root / FOLDER
    lines = (folder / "requirements.in").read_bytes().decode(errors="surrogateescape").split("\n")
    parsed = [found for line in lines if (found := parse_line(line))]
    ours = [r for r in parsed if r.reason != "hand"]
    assert [r.text for r in ours] == [r.text for r in spec.requirements if r.reason != "hand"]
    value = jsonc.parse((folder / "devcontainer.json").read_bytes().decode("utf-8-sig")).value
    check_configuration(value)
    owned = {"name", "build", "remoteUser", "updateRemoteUserUID", "init", "mounts", "containerEnv",
             "customizations", "forwardPorts", "workspaceMount", "workspaceFolder",
             "shutdownAction", "image", "dockerComposeFile", "dockerFile",
             "postAttachCommand", "portsAttributes"}  # fmt: skip
    old, new = (json.dumps({k: c[k] for k in c if k not in owned}) for c in (before, value))
    assert old == new
    for port, said in before.get("portsAttributes", {}).items():
        kept = value["portsAttributes"][port]
        assert {**kept, **said} == kept
    own = before.get("postAttachCommand")
    assert value.get("postAttachCommand") in (own, ATTACH_COMMAND)


def instructions(text: str) -> Iterator[str]:
    """Yield the logical lines of a Dockerfile: no comments, lines joined at backslashes."""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", "", "\n".join(lines))
    yield from (line.strip() for line in joined.split("\n") if line.strip())


def pins(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\n", " ", text)
    for line in joined.split("\n"):
        if line.strip() and not line.startswith("#"):
            yield line.strip()


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Make a project of these files, go its way, and remove it."""
    place = tmp_path_factory.mktemp("hostile")

    def make(name: str, title: str, notebook: Any, files: dict[str, str], **how: bool) -> None:
        root = place / name
        root.mkdir()
        try:
            path = root / f"{title}.ipynb"
            path.write_text(json.dumps(notebook), encoding="utf-8")
            if files:
                (root / FOLDER).mkdir()
            for file, text in files.items():
                (root / FOLDER / file).write_bytes(text.encode(errors="surrogatepass"))
            Way(root.resolve(), path.resolve()).go(**how)
        finally:
            shutil.rmtree(root)

    return make


def cells(sources: list[Any], **metadata: Any) -> dict[str, Any]:
    found = [{"cell_type": "code", "source": source} for source in sources]
    return {"nbformat": 4, "cells": found, "metadata": metadata}


NAMED = st.fixed_dictionaries({"name": WORDS})
NOTEBOOKS = st.one_of(
    st.builds(cells, st.lists(SOURCES, max_size=5)),
    st.builds(cells, st.lists(SOURCES, max_size=5)),
    st.builds(cells, st.lists(SOURCES | JSON, max_size=2), kernelspec=JSON, language_info=JSON),
    st.builds(cells, st.lists(SOURCES, max_size=2), kernelspec=NAMED),
    JSON,
)


@MANY
@given(NAMES, NAMES, NOTEBOOKS, st.booleans())
@example("p", "n", cells(["!apt-get install jq\nRUN touch /zqpwn"]), True)
@example("a\nRUN zqpwn", "b\nRUN zqpwn", cells(["import numpy"]), False)
@example("\x1b]0;zqpwn\x07", "\u202ebpyni", cells(["import \x1b[2J"]), False)
def test_hostile_notebooks(go, name, title, notebook, compiled):
    go(name, title, notebook, {}, compiled=compiled)


@MANY
@given(FILES, st.lists(SOURCES, max_size=2))
@example({"devcontainer.json": '{"runArgs": ["--privileged"], "build": {"dockerfile": "x"}}'}, [])
@example({"Dockerfile": "# >>> jupyter-devbox base 000000000000\nRUN zqpwn\n"}, ["import six"])
@example(
    {"devcontainer.json": '{"portsAttributes": {"6006": {"onAutoForward": "notify"}}, '
     '"customizations": {"jupyter_devbox": {"options": {"ports": [6006]}}}}'}, []
)  # fmt: skip
def test_hostile_project_files(go, files, sources):
    go("project", "n", cells(sources), files, compiled=False)
