"""Two builds from nothing, at different times, give the same environment."""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from pathlib import Path

import pytest

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import BuildRequest, ContainerSpec, ExecSpec, ImageInfo
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.index import build_secrets

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]
CACHE = "id=jupyter-devbox-uv"
# Compiled modules begin with the time of their source (PEP 552): what follows is compared.
LISTING = """
import hashlib, json, os
found = {}
for top in ("/opt/venv", "/usr/local/lib", "/home/jovyan"):
    for above, folders, names in os.walk(top):
        for name in names:
            path = os.path.join(above, name)
            state = os.lstat(path)
            if os.path.islink(path):
                content = os.readlink(path).encode()
            else:
                with open(path, "rb") as file:
                    content = file.read()
                content = content[16:] if name.endswith(".pyc") else content
            digest = hashlib.sha256(content).hexdigest()
            found[path] = [digest, state.st_mode, state.st_uid, state.st_gid, state.st_mtime]
print(json.dumps(found))
"""


def built_from_nothing(engine: Engine, project: Path, folder: Path) -> ImageInfo:
    """Build the project's files with no layer of an earlier build and an empty cache of uv's."""
    shutil.copytree(project / ".devcontainer", folder)
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text()
    assert CACHE in text
    dockerfile.write_text(text.replace(CACHE, f"id=jupyter-devbox-test-{uuid.uuid4().hex}"))
    with build_secrets(this_machine()) as secrets:
        request = BuildRequest(context=str(folder), secrets=secrets, no_cache=True)
        return engine.build(request, lambda _: None, threading.Event())


def files(engine: Engine, image: ImageInfo) -> dict[str, list]:
    container = engine.create(
        ContainerSpec(image=image.id, command=("sleep", "600"), user="0:0", network="none")
    )
    try:
        engine.start(container)
        done = engine.run(container, ExecSpec(command=("python3", "-I", "-c", LISTING)))
    finally:
        engine.remove(container)
    assert done.exit_code == 0, done.stderr
    found: dict[str, list] = json.loads(done.stdout)
    return found


def test_the_same_packages_in_the_same_files(small, engine: Engine, tmp_path: Path):
    _, project = small
    images: list[ImageInfo] = []
    try:
        for name in ("first", "second"):
            images.append(built_from_nothing(engine, project, tmp_path / name))
        first, second = (files(engine, image) for image in images)
    finally:
        for image in images:
            engine.remove_image(image.id)
    assert images[0].id != images[1].id
    assert len(first) > 500
    assert set(first) == set(second)
    different = {path for path in first if first[path][:4] != second[path][:4]}
    # uv notes when it got a wheel that lies beside the lock, and RECORD has that note's hash.
    noted = {path for path in first if path.endswith(".dist-info/uv_cache.json")}
    assert different <= {*noted, *(f"{path.rpartition('/')[0]}/RECORD" for path in noted)}
    assert all("/jupyter_devbox-" in path for path in noted)
    # Both clocks were at work: what lies there says when it was put there.
    ours = [path for path in first if path.startswith("/opt/venv/lib")]
    assert sum(first[path][4] != second[path][4] for path in ours) > 100


def test_from_nothing_but_the_written_files(small, engine: Engine):
    machine, project = small
    before = machine.ledger("image")
    (known,) = [
        image["id"]
        for image in machine.must("images", "--json", cwd=project).json["images"]
        if image["project"] == str(project)
    ]
    usual = machine.must("verify", "--json", cwd=project).json["environments"][0]
    assert usual["image"] == known
    anew = machine.must("verify", "--no-cache", "--json", cwd=project).json["environments"][0]
    assert anew["image"] != known
    same = ("base", "lock", "python", "packages", "group")
    assert [anew[key] for key in same] == [usual[key] for key in same]
    assert anew["base"].startswith("python:3.")
    assert "ipykernel" in anew["packages"]
    assert engine.image(known).labels["jupyter-devbox.lock"] == anew["lock"]
    # Nothing stays of it: neither the image, nor its name, nor our note of it.
    assert engine.image(anew["image"]) is None
    assert machine.ledger("image") == before
    assert engine.image(known) is not None
    text = machine.must("verify", cwd=project).out
    assert f"image {known}, from {anew['base']}, lock {anew['lock']}" in text
