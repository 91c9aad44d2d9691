"""Files belong to the user on the host, whatever number that is, in any folder, by any door."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from transports import both_transports

from jupyter_devbox.run.box import open_box
from jupyter_devbox.run.start import KernelRequest, start_kernel
from jupyter_devbox.spec.client_metadata import client_metadata
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, both_transports]

STRANGE = "it's “ünï” & a $(name)"


def configured(devbox, folder: Path) -> Path:
    """Write a devcontainer.json for a project whose image is there already."""
    config = folder / ".devcontainer" / "devcontainer.json"
    config.parent.mkdir(parents=True)
    target = f"/workspaces/{folder.name}"
    document = {
        "image": devbox.image,
        "remoteUser": "jovyan",
        "workspaceFolder": target,
        "workspaceMount": f"type=bind,source=${{localWorkspaceFolder}},target={target}",
    }
    config.write_text(json.dumps(document), encoding="utf-8")
    return config


def test_a_strange_folder_name(devbox):
    project = devbox.root / STRANGE
    (project / "sub folder").mkdir(parents=True)
    with devbox.kernel(cwd=project / "sub folder", project=project, name="strange") as kernel:
        said = kernel.run("import os; print(os.getcwd()); open('made', 'w').close()")
        assert said.text == f"/workspaces/{STRANGE}/sub folder\n"
    assert (project / "sub folder" / "made").exists()


def test_a_notebook_outside_the_project(devbox, caplog):
    with devbox.kernel(cwd=devbox.root) as kernel:
        assert kernel.run("import os; print(os.getcwd())").text == "/workspaces/project\n"
        assert kernel.provisioner._kernel.outside


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("isolation", ["box", "kernel"])
def test_another_uid(devbox, isolation):
    project = devbox.root / f"theirs-{isolation}"
    project.mkdir()
    os.chown(project, 12345, 12345)
    spec = devbox.spec(
        project=str(project), name=project.name, uid=12345, gid=12345, isolation=isolation
    )
    ports = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
    connection = {
        **{port: number for number, port in enumerate(ports, 1)},
        "key": "k",
        "signature_scheme": "hmac-sha256",
        "kernel_name": "",
    }
    request = KernelRequest(id=f"id-{isolation}", connection=connection, folder=project)
    kernel = start_kernel(devbox.engine, spec, request, base=devbox.runtime, host=os.environ)
    client = BlockingKernelClient()
    place = {"transport": "ipc", "ip": str(kernel.runtime.sockets / request.name)}
    client.load_connection_info({**connection, **place, "key": b"k"})
    client.start_channels()
    try:
        client.wait_for_ready(timeout=20)
        code = "import os, getpass, pwd; open('made', 'w').write(pwd.getpwuid(os.getuid()).pw_name)"
        assert client.execute(code, reply=True, timeout=20)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        kernel.release()
    made = project / "made"
    assert (made.read_text(), made.stat().st_uid, made.stat().st_gid) == ("jovyan", 12345, 12345)


@pytest.mark.slow
@pytest.mark.parametrize("uid", sorted({os.getuid(), 12345} if os.getuid() == 0 else {os.getuid()}))
def test_devcontainer_up_joins_the_box(devbox, devcontainer, uid):
    project = devbox.root / f"joined {uid}"
    config = configured(devbox, project)
    if os.getuid() == 0:
        os.chown(project, uid, uid)
    spec = devbox.spec(
        project=str(project),
        name=project.name,
        config_file=str(config),
        metadata=client_metadata({}),
        uid=uid,
        gid=uid if os.getuid() == 0 else os.getgid(),
    )
    box, _ = open_box(devbox.engine, spec, base=devbox.runtime, host=os.environ)

    def cli(*arguments: str) -> str:
        command = [devcontainer, *arguments, "--workspace-folder", str(project)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    joined = json.loads(cli("up").splitlines()[-1])
    assert (joined["outcome"], joined["containerId"]) == ("success", box.id)
    assert joined["remoteUser"] == "jovyan"
    command = [devcontainer, "exec", "--workspace-folder", str(project), "touch", "made"]
    subprocess.run(command, check=True, capture_output=True)
    assert (project / "made").stat().st_uid == uid
    user = devbox.engine.run(box.id, ExecSpec(command=("id", "-u"), user="jovyan"))
    assert user.stdout == f"{0 if spec.rootless else uid}\n"
