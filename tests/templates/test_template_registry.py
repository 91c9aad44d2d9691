"""Published to a real registry with the reference client, and applied from it."""

from __future__ import annotations

import json
import shutil

import pytest
from template_texts import OPTION, TEMPLATES, filled, metadata, names

CHOSEN = {"pythonVersion": "3.12", "logDir": "logs/mine"}
REFUSES = """\
auth: {htpasswd: {realm: none, path: PASSWORDS}}
"""


def written(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in files}


def test_the_second_publishing_of_a_version_changes_nothing(published, publish):
    again = publish(published.split("/")[0])
    assert again.returncode == 0, again.stderr
    assert "already" in again.stdout.lower()


@pytest.mark.parametrize("name", names())
def test_metadata_comes_back(published, client, name):
    done = client("templates", "metadata", f"{published}/{name}:0")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    known = metadata(name)
    assert {key: value[key] for key in ("id", "version", "options")} == {
        key: known[key] for key in ("id", "version", "options")
    }


@pytest.mark.parametrize("name", names())
def test_applied_with_its_defaults(apply, tmp_path, name):
    assert written(apply(name, tmp_path)) == filled(name)


@pytest.mark.parametrize("name", names())
def test_applied_with_other_options(apply, tmp_path, name):
    chosen = {key: CHOSEN.get(key, "16") for key in metadata(name)["options"]}
    files = written(apply(name, tmp_path, **chosen))
    assert files == filled(name, **chosen)
    assert not any(OPTION.search(text) for text in files.values())
    assert "python:3.12-slim-bookworm" in files[".devcontainer/Dockerfile"]


@pytest.mark.parametrize("name", names())
def test_a_second_implementation_reads_what_was_applied(apply, tmp_path, name, devcontainer_rs):
    apply(name, tmp_path)
    done = devcontainer_rs("read-configuration", "--workspace-folder", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["configuration"]["name"] == "Jupyter · CPU"


@pytest.mark.docker
@pytest.mark.parametrize("name", names())
def test_the_reference_client_reads_what_an_editor_needs(
    apply, engine_client, base_image, tmp_path, name
):
    apply(name, tmp_path)
    words = ("--include-merged-configuration", "--workspace-folder", tmp_path)
    done = engine_client("read-configuration", *words)
    assert done.returncode == 0, done.stderr
    merged = json.loads(done.stdout)["mergedConfiguration"]
    (editor,) = merged["customizations"]["vscode"]
    assert editor["settings"] == {"python.defaultInterpreterPath": "/opt/venv/bin/python"}
    assert merged["remoteUser"] == "jovyan"
    if name == "jupyter-tensorboard":
        assert merged["forwardPorts"] == [6006]
        assert merged["portsAttributes"]["6006"]["onAutoForward"] == "openBrowserOnce"
        assert merged["postStartCommands"] == ["sh .devcontainer/tensorboard.sh"]


def test_the_pages_are_those_that_the_client_makes(chore, client, tmp_path):
    """If this fails: make templates."""
    shutil.copytree(TEMPLATES, tmp_path / "made")
    for page in (tmp_path / "made").rglob("README.md"):
        page.unlink()
    chore.write_docs(tmp_path / "made", client.program, client.env)
    pages = {p.relative_to(tmp_path / "made"): p for p in (tmp_path / "made").rglob("README.md")}
    held = {p.relative_to(TEMPLATES): p for p in TEMPLATES.glob("*/*/README.md")}
    held |= {p.relative_to(TEMPLATES): p for p in TEMPLATES.glob("features/src/*/README.md")}
    assert sorted(pages) == sorted(held)
    for path, page in pages.items():
        assert held[path].read_text(encoding="utf-8") == page.read_text(encoding="utf-8"), path


def test_a_registry_that_refuses_is_named_with_the_next_command(make_registry, publish, tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text("", encoding="ascii")
    registry = make_registry(REFUSES.replace("PASSWORDS", str(passwords)))
    done = publish(registry)
    assert done.returncode == 1
    assert f"the registry did not take the templates, see above: `{registry}/devbox`" in (
        done.stderr
    )
    assert f"next:       docker login {registry}" in done.stderr


def test_a_registry_that_is_not_there_is_named(publish):
    done = publish("localhost:1")  # nobody listens there
    assert done.returncode == 1
    assert "the registry did not take the templates, see above: `localhost:1/devbox`" in done.stderr
