"""A container that the reference client made first: kernels use it, nothing else of ours does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from transports import IMAGE

from jupyter_devbox.run.box import open_box
from jupyter_devbox.run.identity import IDLE
from jupyter_devbox.run.joined import remote_user, workspace_in
from jupyter_devbox.spec.box import (
    DEVCONTAINER_CONFIG,
    DEVCONTAINER_FOLDER,
    DEVCONTAINER_METADATA,
    LABEL_PROJECT,
)
from jupyter_devbox.spec.container import ContainerInfo, ContainerSpec, ExecSpec, Mount
from jupyter_devbox.workflow.context import Context, this_machine
from jupyter_devbox.workflow.pruning import prune
from jupyter_devbox.workflow.trusting import approve, review

# --- what its labels and mounts say, without an engine ----------------------


def info(**facts):
    return ContainerInfo(**{"id": "c", "name": "n", "image": "i", "status": "running", **facts})


def labelled(metadata, user=""):
    return info(labels={DEVCONTAINER_METADATA: metadata}, user=user)


@pytest.mark.parametrize(
    ("metadata", "user", "expected"),
    [
        ('[{"remoteUser": "a"}, {"remoteUser": "b"}]', "root", "b"),
        ('[{"remoteUser": "a"}, {"containerUser": "b"}]', "root", "a"),
        ('[{"containerUser": "b"}]', "root", "b"),
        ('{"remoteUser": "a"}', "", "a"),
        ("[]", "1000:1000", "1000:1000"),
        ("", "", ""),
        ('[{"remoteUser": "${localEnv:USER}"}]', "", None),
        ('[{"remoteUser": ["x"]}]', "", None),
        ('[{"remoteUser": "-u root"}]', "", None),
        ("{not json", "", None),
        ("[[1], 2, null]", "me", "me"),
        ('"text"', "me", "me"),
    ],
)
def test_remote_user(metadata, user, expected):
    assert remote_user(labelled(metadata, user)) == expected


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ([("/h/p", "/workspaces/p")], "/workspaces/p"),
        ([("/h", "/w"), ("/h/p", "/deep")], "/deep"),
        ([("/h", "/workspaces/h")], "/workspaces/h/p"),
        ([("/h/pp", "/w")], ""),
        ([("/", "/host")], "/host/h/p"),
        ([], ""),
    ],
)
def test_workspace(mounts, expected):
    made = tuple(Mount(source=source, target=target) for source, target in mounts)
    assert workspace_in(info(mounts=made), "/h/p") == expected


def test_workspace_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    made = (Mount(source=os.path.realpath(tmp_path / "real"), target="/w"),)
    assert workspace_in(info(mounts=made), str(tmp_path / "link")) == "/w"


# --- the reference client's own containers ----------------------------------


@dataclass
class Joined:
    devbox: object
    project: Path
    id: str

    @property
    def config(self):
        return str(self.project / ".devcontainer" / "devcontainer.json")

    def state(self):
        """All of it that anybody could have changed."""
        found = self.devbox.engine.container(self.id)
        return found and (found.status, found.started, dict(found.labels), found.name)


@pytest.fixture
def up(devbox, devcontainer, request):
    made = {}

    def start(name, *, folder=None, **properties):
        project = folder or devbox.root / name
        config = project / ".devcontainer" / "devcontainer.json"
        config.parent.mkdir(parents=True)
        project.chmod(0o777)
        document = {"image": IMAGE, "remoteUser": "jovyan", **properties}
        config.write_text(json.dumps(document), encoding="utf-8")
        context = this_machine()
        approve(context, review(context, project), files=True, allow=())
        command = [devcontainer, "up", "--workspace-folder", str(project)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        container = json.loads(done.stdout.splitlines()[-1])["containerId"]
        made[container] = devbox.engine.container(container).image
        return Joined(devbox, project, container)

    yield start
    for container, made_from in made.items():
        devbox.engine.remove(container)
        if made_from != devbox.image:
            devbox.engine.remove_image(made_from)


def elsewhere(project):
    return {
        "workspaceFolder": "/somewhere/else",
        "workspaceMount": "type=bind,source=${localWorkspaceFolder},target=/somewhere/else",
    }


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("network", ["default", "none"])
def test_kernels_live_in_it(devbox, up, network, tmp_path):
    project = devbox.root / f"theirs {network}"
    more = {"runArgs": ["--network", "none"]} if network == "none" else {}
    theirs = up(project.name, **elsewhere(project), **more)
    before = theirs.state()
    (project / "sub").mkdir(mode=0o777)
    (project / "sub").chmod(0o777)
    env = {**os.environ, "JPY_SESSION_NAME": str(project / "sub" / "n.ipynb")}
    with devbox.kernel(cwd=project / "sub", env=env, project=project, name="theirs") as kernel:
        assert kernel.container == theirs.id
        said = kernel.run(
            "import os, getpass; print(os.getcwd(), getpass.getuser())\n"
            "print(os.environ['JPY_SESSION_NAME'], os.environ['JUPYTER_DEVBOX_BOX'])\n"
            "open('made', 'w').close()"
        )
        assert said.text == ("/somewhere/else/sub jovyan\n/somewhere/else/sub/n.ipynb 1\n")
        assert kernel.km.resolve_path("made") == str(project / "sub" / "made")
        sent = kernel.busy("import time; time.sleep(60)")
        kernel.km.interrupt_kernel()
        assert kernel.reply(sent, 10)["content"]["ename"] == "KeyboardInterrupt"
        kernel.km.restart_kernel()
        kernel.kc.wait_for_ready(timeout=60)
        assert kernel.container == theirs.id
        with devbox.kernel(cwd=project, project=project, name="theirs") as second:
            assert second.container == theirs.id
    assert theirs.state() == before
    left = devbox.engine.run(theirs.id, ExecSpec(command=("ls", "/tmp")))
    assert "devbox-kernel-" not in left.stdout
    assert devbox.engine.containers({LABEL_PROJECT: str(project)}) == ()
    context = Context(
        home=tmp_path,
        env={},
        data=devbox.root / "data" / "devbox",
        kernels=tmp_path / "kernels",
        connect=lambda: devbox.engine,
    )
    prune(context, everything=True, act=True)
    assert theirs.state() == before


@pytest.mark.docker
@pytest.mark.slow
def test_a_project_inside_a_repository(devbox, up):
    """The client mounts the whole repository then."""
    repository = devbox.root / "repository"
    repository.mkdir()
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    theirs = up("inner", folder=repository / "inner")
    with devbox.kernel(cwd=theirs.project, project=theirs.project, name="inner") as kernel:
        assert kernel.container == theirs.id
        said = kernel.run("import os; print(os.getcwd())")
        assert said.text == "/workspaces/repository/inner\n"


@pytest.mark.docker
@pytest.mark.slow
def test_rebuild_is_named_and_survived(devbox, up, devcontainer):
    """VS Code's *Rebuild* removes the container under the kernel; the next one is joined."""
    theirs = up("rebuilt")
    with devbox.kernel(cwd=theirs.project, project=theirs.project, name="rebuilt") as kernel:
        assert kernel.container == theirs.id
        words = ("up", "--remove-existing-container", "--workspace-folder", str(theirs.project))
        done = subprocess.run([devcontainer, *words], check=True, capture_output=True, text=True)
        again = json.loads(done.stdout.splitlines()[-1])["containerId"]
        try:
            assert kernel.process.wait(10) == -9
            assert "VS Code" in kernel.provisioner.why().message
            kernel.km.restart_kernel(now=True)
            kernel.kc.wait_for_ready(timeout=60)
            assert kernel.container == again != theirs.id
        finally:
            devbox.engine.remove(again)


# --- those that are left alone ----------------------------------------------


@pytest.fixture
def foreign(devbox, request, base_image):
    """Make a container with the client's labels; return what `open_box` makes of it."""
    project = devbox.root / request.node.name[:40]
    project.mkdir()
    config = project / ".devcontainer" / "devcontainer.json"
    spec = devbox.spec(project=str(project), name=project.name, config_file=str(config))
    made = []

    def opened(*, start=True, **changes):
        fields = {
            "image": spec.image,
            "command": IDLE,
            "labels": {DEVCONTAINER_FOLDER: str(project), DEVCONTAINER_CONFIG: str(config)},
            "mounts": (Mount(source=str(project), target="/w"),),
        }
        made.append(devbox.engine.create(ContainerSpec(**{**fields, **changes})))
        if start:
            devbox.engine.start(made[-1])
        box, _ = open_box(devbox.engine, spec, base=devbox.runtime, host=os.environ)
        assert devbox.engine.container(made[-1]).status == ("running" if start else "created")
        return box, made[-1]

    yield opened
    for container in made:
        devbox.engine.remove(container)
    shutil.rmtree(project)


@pytest.mark.docker
def test_a_fitting_one(foreign):
    box, theirs = foreign()
    assert (box.id, box.ours, box.transport, box.workspace) == (theirs, False, "stream", "/w")


@pytest.mark.docker
def test_one_of_other_files(foreign, base_image):
    box, theirs = foreign(image=base_image.id)
    assert box.ours
    assert box.id != theirs


@pytest.mark.docker
def test_one_that_is_stopped(foreign):
    assert foreign(start=False)[0].ours


@pytest.mark.docker
def test_one_without_the_project(foreign):
    assert foreign(mounts=())[0].ours


@pytest.mark.docker
def test_one_whose_user_does_not_exist(foreign, devbox):
    labels = {DEVCONTAINER_METADATA: '[{"remoteUser": "nobody-knows"}]'}
    box, theirs = foreign()
    assert not box.ours
    described = devbox.engine.container(theirs).labels
    box, theirs = foreign(labels={**described, **labels})
    assert box.id != theirs
