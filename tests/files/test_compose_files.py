"""Compose files meet what stands on disk: added, changed by hand, dropped again."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import direct, lock, locked, spec

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.files.merge import merge
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import compare, write
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.render import render
from jupyter_devbox.render.compose import compose_file
from jupyter_devbox.spec.compose import OwnCompose, workspace_of
from jupyter_devbox.spec.limit_words import read_words
from jupyter_devbox.spec.project import ProjectOptions

SERVICES = {service.name: service for service in read_catalogue().services}
CONFIG = ".devcontainer/devcontainer.json"
COMPOSE = ".devcontainer/compose.yaml"


def tree(*names, own=None, target_twin=False, **options):
    services = tuple(service for name, service in SERVICES.items() if name in names)
    environment = spec(direct("numpy==2.1.0"), services=services)
    found = lock(locked("numpy==2.1.0"))
    twin = (spec(direct("numpy==2.1.0"), target="cuda", services=services), found)
    return render(
        environment,
        found,
        ProjectOptions(services=names, **options),
        uv_version="0.8.0",
        own=own,
        twin=twin if target_twin else None,
    )


def put(project, *names, **more):
    changes = compare(project, tree(*names, **more))
    write(project, changes)
    return changes


def configuration(project):
    return read_environment(project).configuration


def services(project):
    return yaml.safe_load((project / COMPOSE).read_text())["services"]


def test_added_remembered_and_dropped_again(tmp_path):
    put(tmp_path)
    plain = (tmp_path / CONFIG).read_text()
    assert "build" in configuration(tmp_path)

    bounds = {"memory": "2g", "cpus": "1.5", "shm_size": "1g", "pids": "512"}
    changes = put(tmp_path, "postgres", "redis", **bounds)
    assert changes.conflicts == ()
    assert sorted(services(tmp_path)) == ["box", "postgres", "redis"]
    box = services(tmp_path)["box"]
    limits = [box[key] for key in ("mem_limit", "cpus", "shm_size", "pids_limit")]
    assert limits == ["2g", "1.5", "1g", "512"]
    assert read_environment(tmp_path).limits == read_words(bounds)
    value = configuration(tmp_path)
    assert value.keys().isdisjoint({"build", "mounts", "containerEnv", "init", "runArgs"})
    assert value["forwardPorts"] == [5432, 6379]
    known = read_environment(tmp_path)
    assert known.options.services == ("postgres", "redis")
    assert known.compose is None
    assert known.service_names == {}

    assert put(tmp_path, "postgres", "redis", **bounds).changes == ()

    put(tmp_path, "postgres", memory="2g")
    assert sorted(services(tmp_path)) == ["box", "postgres"]

    remembered = read_environment(tmp_path).options
    options = merge_options(remembered, ProjectOptions(exclude_services=("postgres",)))
    assert options.services == ()
    changes = put(tmp_path)
    assert changes.conflicts == ()
    assert not (tmp_path / COMPOSE).exists()
    assert json.loads(plain.partition("\n")[2]) == configuration(tmp_path)


def test_the_twin_has_a_file_of_its_own(tmp_path):
    put(tmp_path, "postgres", target_twin=True)
    text = (tmp_path / ".devcontainer/cuda/compose.yaml").read_text()
    assert list(yaml.safe_load(text)["services"]) == ["box-cuda"]
    value = read_environment(tmp_path, "cuda").configuration
    assert value["dockerComposeFile"] == ["../compose.yaml", "compose.yaml"]
    assert (value["service"], value["runServices"]) == ("box-cuda", ["postgres"])
    assert "deploy" not in (tmp_path / COMPOSE).read_text()
    put(tmp_path, target_twin=True)
    assert not (tmp_path / ".devcontainer/cuda/compose.yaml").exists()


def test_services_of_the_users_own_stand_below_the_block(tmp_path):
    put(tmp_path, "postgres")
    with (tmp_path / COMPOSE).open("a") as file:
        file.write('  minio:\n    image: "minio/minio:1"\n')
    assert read_environment(tmp_path).service_names == {"minio": COMPOSE}
    assert put(tmp_path, "postgres", "redis").conflicts == ()
    assert sorted(services(tmp_path)) == ["box", "minio", "postgres", "redis"]
    # What the user wrote stays, and says that nothing of ours is in the file any more.
    put(tmp_path)
    assert "minio" in (tmp_path / COMPOSE).read_text()


def test_an_edit_stays_until_the_plan_changes_and_is_then_shown(tmp_path):
    put(tmp_path, "postgres")
    path = tmp_path / COMPOSE
    path.write_text(path.read_text().replace("interval: 3s", "interval: 30s"))
    assert put(tmp_path, "postgres").changes == ()
    (conflict,) = compare(tmp_path, tree("postgres", "redis")).conflicts
    assert conflict.path == COMPOSE
    assert "-       interval: 30s" in conflict.diff()


def test_a_compose_file_of_the_users_in_the_way_is_shown(tmp_path):
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / COMPOSE).write_text("services:\n  postgres:\n    image: mine:1\n")
    assert read_environment(tmp_path).service_names == {"postgres": COMPOSE}
    (conflict,) = compare(tmp_path, tree("redis")).conflicts
    assert conflict.place == "the whole file"
    assert put(tmp_path).changes  # a project without services leaves it alone
    assert "mine:1" in (tmp_path / COMPOSE).read_text()


OWN = OwnCompose(files=("../docker-compose.yml",), service="app")


def own_project(folder):
    (folder / ".devcontainer").mkdir()
    (folder / CONFIG).write_text(
        '{\n  // mine\n  "dockerComposeFile": "../docker-compose.yml",\n  "service": "app",\n'
        '  "workspaceFolder": "/work"\n}\n'
    )
    (folder / "docker-compose.yml").write_text(
        "services:\n  app: {image: 'python:3.11', volumes: ['.:/work']}\n  db: {image: 'pg:1'}\n"
    )


def test_the_users_own_compose_files_are_kept_and_one_of_ours_is_added(tmp_path):
    own_project(tmp_path)
    known = read_environment(tmp_path)
    assert known.compose == OWN
    assert known.service_names == {"app": "docker-compose.yml", "db": "docker-compose.yml"}

    (conflict,) = compare(tmp_path, tree(own=OWN)).conflicts
    assert conflict.place == 'key "dockerComposeFile"'
    put(tmp_path, own=OWN)
    value = configuration(tmp_path)
    assert value["dockerComposeFile"] == ["../docker-compose.yml", "compose.devbox.yaml"]
    assert (value["service"], value["workspaceFolder"]) == ("app", "/work")
    assert "build" not in value
    text = (tmp_path / ".devcontainer/compose.devbox.yaml").read_text()
    service = yaml.safe_load(text)["services"]["app"]
    assert service["build"]["context"] == ".devcontainer"
    assert service["image"] == "devbox-digits:cpu"

    assert read_environment(tmp_path).compose == OWN
    assert compare(tmp_path, tree(own=OWN)).changes == ()


NAMES = st.text(min_size=1).filter(lambda name: "\0" not in name)


@given(NAMES)
@settings(max_examples=200)
def test_any_name_gives_yaml_without_variables_of_its_own(name):
    try:
        name.encode()
    except UnicodeEncodeError:  # refused by the plan
        return
    environment = spec(project=name, services=(SERVICES["postgres"],))
    text = merge(compose_file(environment), None).content.decode()
    box = yaml.safe_load(text)["services"]["box"]
    (target,) = [mount["target"] for mount in box["volumes"] if mount["source"] == ".."]
    assert target == workspace_of(name)
    assert target.startswith("/workspaces/")
    assert "$" not in target
    assert "/" not in target.removeprefix("/workspaces/")
    assert target not in {"/workspaces/", "/workspaces/."}


@pytest.mark.parametrize("service", ["it's", 'a"b', "x: {privileged: true}", "${HOME}", "a\nb"])
def test_a_service_of_any_name_stays_a_name(service):
    own = OwnCompose(files=("c.yml",), service=service)
    (file,) = [f for f in tree(own=own).files if f.path.endswith("compose.devbox.yaml")]
    value = yaml.safe_load(merge(file, None).content.decode())
    assert list(value["services"]) == [service.replace("$", "$$")]
    assert value["services"][service.replace("$", "$$")].keys() == {
        "image", "build", "environment", "volumes",
    }  # fmt: skip
