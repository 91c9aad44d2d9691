"""What Compose starts comes from approved texts alone, and each thing beyond is allowed first."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_devbox.errors import (
    ConfigurationError,
    FileError,
    ServiceError,
    UntrustedProjectError,
)
from jupyter_devbox.view.trust import findings
from jupyter_devbox.workflow.composing import compose_project
from jupyter_devbox.workflow.trusting import approve, approved_context, review

CONFIG = ".devcontainer/devcontainer.json"
PLAIN = "services:\n  app: {image: 'a:1', network_mode: service:db}\n  db: {image: 'b:1'}\n"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "Lab"
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / "compose.yml").write_text(PLAIN)
    configured(folder)
    return folder


def configured(folder, **more):
    value = {
        "dockerComposeFile": "../compose.yml", "service": "app",
        "workspaceFolder": "/code/${localWorkspaceFolderBasename}", **more,
    }  # fmt: skip
    (folder / CONFIG).write_text(json.dumps({k: v for k, v in value.items() if v is not None}))


def trust(context, root, *places):
    found = review(context, root)
    allow = [found.short(f) for f, _ in found.findings if f.place in places]
    assert len(allow) == len(places)
    approve(context, found, files=True, allow=allow)


def test_its_files_are_approved_first_and_its_texts_are_those(context, root):
    with pytest.raises(UntrustedProjectError):
        compose_project(context, root)
    trust(context, root)
    project = compose_project(context, root)
    assert project.name == "lab"
    assert project.folder == str(root)
    assert project.files == (("compose.yml", PLAIN),)
    assert (project.service, project.network, project.beside) == ("app", "db", None)
    assert project.workspace == "/code/Lab"
    (root / "compose.yml").write_text(f"{PLAIN}  evil: {{image: 'e:1'}}\n")
    with pytest.raises(UntrustedProjectError, match="changed since you approved") as caught:
        compose_project(context, root)
    assert any("evil" in line for line in caught.value.details)


def test_a_project_without_compose_has_none(context, root):
    assert compose_project(context, root.parent) is None
    (root / CONFIG).write_text('{"image": "x"}')
    trust(context, root)
    assert compose_project(context, root) is None


def test_build_and_start_wait_for_each_thing_that_it_asks_for(context, root):
    text = "services:\n  app:\n    image: a:1\n    privileged: true\n    ports: ['80:80']\n"
    (root / "compose.yml").write_text(text)
    trust(context, root)
    place = "compose.yml#/services/app/"
    for gate in (compose_project, lambda *a: approved_context(*a).__enter__()):
        with pytest.raises(UntrustedProjectError, match="takes its files as a whole") as caught:
            gate(context, root)
        assert any(f"{place}privileged" in line for line in caught.value.details)
    shown = "\n".join(findings(review(context, root)))
    assert "build and start wait for your answer" in shown
    trust(context, root, f"{place}privileged")
    with pytest.raises(UntrustedProjectError, match=f"`{place}ports`"):
        compose_project(context, root)
    trust(context, root, f"{place}ports")
    assert compose_project(context, root).files == (("compose.yml", text),)
    assert "allowed: Compose does it" in "\n".join(findings(review(context, root)))


@pytest.mark.parametrize("name", ["/etc/passwd", "../../x.yml", "${localEnv:X}.yml", "gone.yml"])
def test_a_file_that_is_not_the_projects_starts_nothing(context, root, name):
    configured(root, dockerComposeFile=["../compose.yml", name])

    def trusted_and_started():
        trust(context, root)
        compose_project(context, root)

    with pytest.raises((FileError, UntrustedProjectError)):
        trusted_and_started()


def test_a_configuration_without_a_service_says_so(context, root):
    configured(root, service=None)
    trust(context, root)
    with pytest.raises(ConfigurationError, match="no service"):
        compose_project(context, root)


def test_two_folders_of_one_name_are_kept_apart(context, root, tmp_path):
    trust(context, root)
    context.ledger.record("compose", "lab", project=str(tmp_path))
    with pytest.raises(ServiceError, match="Another folder's services"):
        compose_project(context, root)
    context.ledger.record("compose", "lab", project=str(tmp_path / "gone"))
    assert compose_project(context, root).name == "lab"
    context.ledger.record("compose", "lab", project=str(root))
    assert compose_project(context, root).name == "lab"


def test_a_name_that_compose_cannot_take_is_made_up(context, tmp_path):
    folder = tmp_path / "数据"
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / "compose.yml").write_text(PLAIN)
    configured(folder)
    trust(context, folder)
    name = compose_project(context, folder).name
    assert name.startswith("devbox-")
    assert compose_project(context, folder).name == name


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_any_text_starts_something_plain_or_nothing(context, root, text):
    data = text.encode(errors="surrogatepass")
    (root / "compose.yml").write_bytes(data)
    approve(context, review(context, root), files=True, allow=())
    try:
        project = compose_project(context, root)
    except UntrustedProjectError:
        return
    assert project.files == (("compose.yml", data.decode("utf-8-sig")),)


def test_a_start_costs_little(context, root):
    trust(context, root)
    compose_project(context, root)
    best = min(_seconds(lambda: compose_project(context, root)) for _ in range(10))
    assert best < 0.05


def _seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
