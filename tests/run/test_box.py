"""One box a project and target: found again, replaced when unused, never doubled."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import replace

import pytest
from transports import cannot_dial

from jupyter_devbox.errors import (
    ImageMissingError,
    ProjectError,
    RunError,
    TransportError,
)
from jupyter_devbox.run import stream
from jupyter_devbox.run.box import box_runtime_dir, open_box, remove_box
from jupyter_devbox.run.environment import CA_IN_BOX
from jupyter_devbox.run.identity import IDLE
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.box import (
    DEVCONTAINER_CONFIG,
    DEVCONTAINER_FOLDER,
    DEVCONTAINER_METADATA,
    LABEL_PROJECT,
)
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec, Limits, Mount

pytestmark = pytest.mark.docker


@pytest.fixture
def project(devbox, request):
    """A project of this test's own."""
    folder = devbox.root / request.node.name[:40]
    folder.mkdir()
    yield folder
    for container in devbox.engine.containers({LABEL_PROJECT: str(folder)}):
        devbox.engine.remove(container.id)


@pytest.fixture
def spec(devbox, project):
    return devbox.spec(project=str(project), name=project.name)


@pytest.fixture
def opened(devbox):
    def open_(spec, **options):
        options = {"base": devbox.runtime, "host": os.environ, **options}
        return open_box(devbox.engine, spec, **options)[0]

    return open_


def boxes(engine, spec):
    """Ids of the boxes of this project and target, running or not."""
    return [each.id for each in engine.containers(spec.identity("box"))]


def busy(engine, box):
    """Have something run in a box, until its stream is closed."""
    return engine.stream(box.id, ExecSpec(command=("cat",), stdin=True))


def test_found_again(devbox, spec, opened):
    first = opened(spec)
    assert opened(spec) == first
    assert boxes(devbox.engine, spec) == [first.id]
    assert first.name.startswith("devbox-test-found-again-cpu-")


def test_a_stopped_box_is_started(devbox, spec, opened):
    first = opened(spec)
    devbox.engine.stop(first.id, 5)
    assert opened(spec).id == first.id
    assert devbox.engine.container(first.id).status == "running"


def test_it_stops_at_once(devbox, spec, opened):
    box = opened(spec)
    devbox.engine.stop(box.id, 30)
    assert devbox.engine.container(box.id).exit_code in {0, 143}


def test_an_unused_box_is_replaced(devbox, spec, opened):
    first = opened(spec)
    second = opened(replace(spec, limits=Limits(memory=2**29)))
    assert second.id != first.id
    assert devbox.engine.container(first.id) is None


def test_a_used_box_stays_beside_the_new_one(devbox, spec, opened):
    first = opened(spec)
    stream = busy(devbox.engine, first)
    second = opened(replace(spec, limits=Limits(memory=2**29)))
    assert devbox.engine.container(first.id).status == "running"
    stream.close()
    third = opened(replace(spec, limits=Limits(memory=2**29)))
    assert third.id == second.id


def test_a_changed_configuration_makes_it_stale(spec, opened):
    first = opened(replace(spec, config_digest="1"))
    assert not first.stale
    again = opened(replace(spec, config_digest="2"))
    assert (again.id, again.stale) == (first.id, True)


def test_targets_have_boxes_of_their_own(spec, opened):
    assert opened(spec).id != opened(replace(spec, target="cuda")).id


def test_two_servers_at_once_make_one_box(devbox, spec, opened):
    made = []
    threads = [threading.Thread(target=lambda: made.append(opened(spec))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({box.id for box in made}) == 1
    assert len(boxes(devbox.engine, spec)) == 1


def test_swept_sockets_mean_a_new_box(devbox, spec, opened):
    """Something emptied /tmp: the old box's mounts lead to folders that are no more."""
    first = opened(spec)
    shutil.rmtree(box_runtime_dir(spec, devbox.runtime).path)
    second = opened(spec)
    assert second.id != first.id
    assert devbox.engine.container(first.id) is None


def test_recorded_before_it_starts(devbox, spec, opened):
    seen = []

    def record(kind, container):
        seen.append((kind, container, devbox.engine.container(container).status))

    box = opened(spec, record=record)
    assert seen[-1] == ("box", box.id, "created")
    assert {state for *_, state in seen} == {"created"}  # one more asks a new image for its users


def test_devcontainer_labels(devbox, spec, opened, project):
    configured = replace(spec, config_file=f"{project}/.devcontainer/devcontainer.json")
    labels = devbox.engine.container(opened(configured).id).labels
    assert labels[DEVCONTAINER_FOLDER] == str(project)
    assert labels[DEVCONTAINER_CONFIG] == configured.config_file
    assert labels[DEVCONTAINER_METADATA] == "[]"


def test_a_box_that_vs_code_made_keeps_its_labels_to_itself(devbox, spec, opened, project):
    configured = replace(spec, config_file=f"{project}/.devcontainer/devcontainer.json")
    theirs = devbox.engine.create(
        ContainerSpec(
            image=spec.image,
            command=IDLE,
            labels={DEVCONTAINER_FOLDER: str(project), DEVCONTAINER_CONFIG: configured.config_file},
        )
    )
    try:
        ours = opened(configured)
        assert DEVCONTAINER_FOLDER not in devbox.engine.container(ours.id).labels
        assert devbox.engine.container(theirs).status == "created"
    finally:
        devbox.engine.remove(theirs)


def test_the_image_is_gone(spec, opened):
    with pytest.raises(ImageMissingError, match="not on this machine") as caught:
        opened(replace(spec, image=f"sha256:{'0' * 64}"))
    assert caught.value.hint.startswith("jupyter devbox build --project ")


def test_the_project_is_gone(spec, opened, project):
    project.rmdir()
    with pytest.raises(ProjectError, match="gone"):
        opened(spec)
    project.mkdir()


def test_a_box_that_cannot_dial_gets_a_stream(devbox, spec, opened, monkeypatch):
    cannot_dial(monkeypatch)
    first = opened(spec)
    assert first.transport == "stream"
    assert opened(spec) == first
    devbox.engine.stop(first.id, 5)
    assert opened(spec) == first
    assert boxes(devbox.engine, spec) == [first.id]


def test_the_transport_is_remembered(spec, opened, monkeypatch):
    first = opened(spec)
    assert first.transport == "mount"
    cannot_dial(monkeypatch)  # and is not asked again
    assert opened(spec) == first


def test_a_box_without_python_is_not_kept(devbox, spec, opened, monkeypatch):
    cannot_dial(monkeypatch)
    monkeypatch.setattr(stream, "PYTHON", ("no-such-python",))
    with pytest.raises(TransportError, match="no Python") as caught:
        opened(spec)
    assert "can't reach" in caught.value.details[0]
    assert "no-such-python" in caught.value.details[-1]
    assert boxes(devbox.engine, spec) == []


def test_an_engine_that_has_none_of_our_folders(devbox, spec, opened, monkeypatch):
    """Docker from a snap has a /tmp of its own: the mounts of the runtime folder fail there."""
    elsewhere = tuple(
        Mount(source=f"/nonexistent{m.source}", target=m.target)
        for m in box_runtime_dir(spec, devbox.runtime).mounts()
    )
    monkeypatch.setattr(RuntimeDir, "mounts", lambda _: elsewhere)
    box = opened(spec)
    assert box.transport == "stream"
    targets = {mount.target for mount in devbox.engine.container(box.id).mounts}
    assert targets - {CA_IN_BOX} == {spec.workspace}


def test_a_paused_box_is_said(devbox, spec, opened, docker_cli):
    import subprocess

    box = opened(spec)
    subprocess.run([docker_cli, "pause", box.id], check=True, capture_output=True)
    try:
        with pytest.raises(RunError, match="paused") as caught:
            opened(spec)
        assert caught.value.hint == f"docker unpause {box.name}"
    finally:
        subprocess.run([docker_cli, "unpause", box.id], check=True, capture_output=True)


def test_remove_box_takes_its_folder(devbox, spec, opened):
    box = opened(spec)
    folder = box_runtime_dir(spec, devbox.runtime).path
    assert folder.is_dir()
    remove_box(devbox.engine, devbox.engine.container(box.id), devbox.runtime)
    assert devbox.engine.container(box.id) is None
    assert not folder.exists()


def test_certificates_reach_the_box(devbox, spec, opened, tmp_path):
    (tmp_path / "ca.pem").write_text("the company's")
    box = opened(spec, host={"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "TZ": "Asia/Tokyo"})
    command = ("sh", "-c", 'cat "$SSL_CERT_FILE" "$PIP_CERT"; date +%Z')
    said = devbox.engine.run(box.id, ExecSpec(command=command)).stdout
    assert said == "the company'sthe company'sJST\n"


def test_a_label_never_holds_a_value_of_the_users(devbox, spec, opened):
    box = opened(replace(spec, env={"TOKEN": "hunter2"}))
    assert "hunter2" not in str(devbox.engine.container(box.id).labels)
    said = devbox.engine.run(box.id, ExecSpec(command=("printenv", "TOKEN")))
    assert said.stdout == "hunter2\n"
