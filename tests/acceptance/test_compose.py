"""A database beside the box: written, started by Compose, shared with the reference client."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from clients import Client
from machine import Machine, printed, wait_for, write_notebook
from postgres_image import POSTGRES

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.compose_project import LABEL_COMPOSE, LABEL_SERVICE

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

COMPOSE = ".devcontainer/compose.yaml"
CONFIG = ".devcontainer/devcontainer.json"
COUNT = """\
import os, psycopg2
with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute("create table if not exists seen (at timestamptz default now())")
    cursor.execute("insert into seen default values")
    cursor.execute("select count(*) from seen")
    print(cursor.fetchone()[0], os.environ["PGHOST"], os.getcwd())
with psycopg2.connect() as connection, connection.cursor() as cursor:
    cursor.execute("show listen_addresses")
    print(cursor.fetchone()[0])
"""


@pytest.fixture(scope="module")
def shop(postgres: str, machine: Machine, engine: Engine) -> Iterator[tuple[Machine, Path]]:
    project = machine.project("Shop 1")
    write_notebook(project / "n.ipynb", COUNT)
    machine.must("containerize", "n.ipynb", "--service", "postgres", cwd=project)
    yield machine, project
    cleaned = machine.clean()  # before the image of the database goes
    assert cleaned.code == 0, cleaned


@pytest.fixture(scope="module")
def client(machine: Machine, make_client) -> Client:
    return make_client(machine, "devcontainer")


def ran(machine: Machine, project: Path, notebook: str = "n.ipynb") -> list[str]:
    """Run the notebook and return what it printed, line by line."""
    machine.must("run", notebook, "--output", "out.ipynb", cwd=project)
    (cell,) = nbformat.read(project / "out.ipynb", as_version=4).cells
    return printed(cell).splitlines()


def containers(engine: Engine, name: str) -> dict[str, str]:
    """Return service → state of a Compose project."""
    found = engine.containers({LABEL_COMPOSE: name})
    return {each.labels[LABEL_SERVICE]: each.status for each in found}


def test_it_is_named_in_the_plan_and_written_once(shop):
    machine, project = shop
    planned = machine.must("plan", "n.ipynb", "--json", cwd=project).json
    assert planned["services"] == ["postgres"]
    assert [d["choice"] for d in planned["decisions"] if d["what"] == "postgres"] == [POSTGRES]
    again = machine.must("containerize", "n.ipynb", "--no-build", "--json", cwd=project).json
    assert again["files"] == []


def test_the_notebook_queries_it_and_its_data_stays(shop, engine: Engine, docker_cli):
    machine, project = shop
    first = ran(machine, project)
    assert first == ["1 localhost /workspaces/Shop 1", "localhost"]
    assert containers(engine, "shop1_devcontainer") == {"box": "running", "postgres": "running"}
    assert ran(machine, project)[0].startswith("2 ")

    status = machine.must("status", "--json", cwd=project).json
    assert status["services"] == [{"name": "shop1_devcontainer-postgres-1", "running": True}]
    (box,) = status["boxes"]
    assert box["running"]

    # Nobody who is not in the box reaches it: neither by a port nor at its address.
    (database,) = engine.containers(
        {LABEL_SERVICE: "postgres", LABEL_COMPOSE: "shop1_devcontainer"}
    )
    (address,) = json.loads(subprocess.run(
        [docker_cli, "inspect", "--format", "{{json .NetworkSettings.Networks}}", database.id],
        check=True, capture_output=True, text=True,
    ).stdout).values()  # fmt: skip
    with pytest.raises(OSError):  # noqa: PT011  # whichever
        __import__("socket").create_connection((address["IPAddress"], 5432), timeout=3)


def test_the_reference_client_joins_our_box(shop, client: Client):
    machine, project = shop
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    answer = client.must("up", workspace=project).json
    assert answer["containerId"] == box["id"]
    assert answer["composeProjectName"] == "shop1_devcontainer"
    assert answer["remoteWorkspaceFolder"] == "/workspaces/Shop 1"
    code = "import psycopg2; psycopg2.connect(); open('by the client', 'w').write('x')"
    client.must("exec", "python3", "-c", code, workspace=project)
    assert (project / "by the client").stat().st_uid == machine.uid


def test_it_stops_with_its_box_and_starts_again(shop, engine: Engine):
    machine, project = shop
    before = int(ran(machine, project)[0].split()[0])
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    engine.stop(box["id"], 5)
    machine.must("prune", "--yes", cwd=project)  # sweeps: the process that started it is gone
    assert containers(engine, "shop1_devcontainer") == {"box": "exited", "postgres": "exited"}
    assert ran(machine, project)[0].split()[0] == str(before + 1)
    (again,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert again["id"] == box["id"]


def test_a_database_that_was_restarted_gets_its_box_back(shop, engine: Engine):
    machine, project = shop
    (database,) = engine.containers(
        {LABEL_SERVICE: "postgres", LABEL_COMPOSE: "shop1_devcontainer"}
    )
    engine.stop(database.id, 10)
    engine.start(database.id)
    assert ran(machine, project)[1] == "localhost"


def test_data_is_removed_by_name_alone(shop):
    machine, project = shop
    volume = {"kind": "volume", "id": "shop1_devcontainer_postgres-data"}
    shown = machine.must("prune", "--all", "--json", cwd=project).json
    assert volume["id"] not in [thing["id"] for thing in shown["removed"]]
    assert volume["id"] in [thing["id"] for thing in shown["kept"]]
    shown = machine.must("prune", "--all", "--volumes", "--json", cwd=project).json
    assert {**volume, "bytes": 0} in shown["removed"]


def refused(machine: Machine, project: Path, *words: str) -> dict:
    done = machine.devbox(*words, "--json", cwd=project)
    assert done.code != 0
    return {"exit": done.code, **done.error}


RUN = ("run", "n.ipynb", "--output", "x.ipynb")


def test_a_changed_or_hostile_file_is_not_started(shop):
    machine, project = shop
    path = project / COMPOSE
    good = path.read_text()
    try:
        path.write_text(good.replace("    init: true\n", "    init: true\n    privileged: true\n"))
        assert refused(machine, project, *RUN)["code"] == "untrusted_project"
        machine.devbox("trust", "--approve", cwd=project)
        error = refused(machine, project, *RUN)
        assert error["code"] == "untrusted_project"
        assert "/services/box/privileged" in error["message"]
        for text, code in (("services: [", "untrusted_project"),
                           ("services: {box: {}}\n", "service")):  # fmt: skip
            path.write_text(text)
            machine.devbox("trust", "--approve", cwd=project)
            assert refused(machine, project, *RUN)["code"] == code
    finally:
        path.write_text(good)
        machine.must("trust", "--approve", cwd=project)


def test_an_unhealthy_service_says_its_last_words(shop, engine: Engine):
    machine, project = shop
    path = project / COMPOSE
    good = path.read_text()
    for each in engine.containers({LABEL_COMPOSE: "shop1_devcontainer"}):
        engine.remove(each.id)
    try:
        text = good.replace('"pg_isready"', '"false"').replace("retries: 40", "retries: 3")
        path.write_text(text.replace("interval: 3s", "interval: 1s"))
        machine.must("trust", "--approve", cwd=project)
        error = refused(machine, project, *RUN)
        assert (error["code"], error["exit"]) == ("service", 78)
        assert error["message"] == (
            "The service postgres does not become healthy: `shop1_devcontainer-postgres-1`"
        )
        assert any("ready to accept connections" in line for line in error["details"])
    finally:
        path.write_text(good)
        machine.must("trust", "--approve", cwd=project)
    assert ran(machine, project)[1] == "localhost"


def test_a_missing_image_is_named(shop, engine: Engine, docker_cli):
    machine, project = shop
    for each in engine.containers({LABEL_COMPOSE: "shop1_devcontainer"}):
        engine.remove(each.id)
    engine.tag(POSTGRES, "devbox-test-kept:1")
    engine.remove_image(POSTGRES)
    try:
        error = refused(machine, project, *RUN)
        assert error["code"] == "image_missing"
        assert error["message"] == (
            f"The image of the service postgres is not on this machine: `{POSTGRES}`"
        )
        assert error["hint"] == f"docker pull {POSTGRES}"
    finally:
        engine.tag("devbox-test-kept:1", POSTGRES)
        engine.remove_image("devbox-test-kept:1")


def test_two_folders_of_one_name_do_not_share_a_database(shop):
    machine, project = shop
    twin = project.parent / "other" / project.name
    shutil.copytree(project, twin)
    machine.devbox("trust", "--approve", cwd=twin)
    error = refused(machine, twin, "containerize", "n.ipynb")
    assert error["code"] == "service"
    assert str(project) in error["message"]


def test_the_twin_stands_beside_the_same_database_and_asks_for_nothing(shop, docker_cli):
    machine, first = shop
    project = machine.project("twin")
    shutil.copy2(first / "n.ipynb", project / "n.ipynb")
    words = ("--service", "postgres", "--target", "cpu,cuda", "--no-build", "--json")
    made = machine.must("containerize", "n.ipynb", *words, cwd=project).json
    assert ".devcontainer/cuda/compose.yaml" in made["files"]
    assert machine.must("trust", "--json", cwd=project).json["findings"] == []
    files = ("-f", COMPOSE, "-f", ".devcontainer/cuda/compose.yaml")
    done = machine.command(docker_cli, "compose", *files, "config", "--format=json", cwd=project)
    services = json.loads(done.out)["services"]
    (card,) = services["box-cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert card["capabilities"] == ["gpu"]
    assert "deploy" not in services["box"]
    assert services["box-cuda"]["build"]["args"] == {"LOCK": "requirements.cuda"}
    # Without --service it goes on as it was; dropped, both targets are built by themselves again.
    words = ("--exclude-service", "postgres", "--no-build", "--json")
    made = machine.must("containerize", "n.ipynb", *words, cwd=project).json
    assert not (project / COMPOSE).exists()
    assert not (project / ".devcontainer/cuda/compose.yaml").exists()
    assert "build" in json.loads((project / CONFIG).read_text().partition("\n")[2])


def test_kernels_join_what_the_client_made_first(
    shop, postgres, engine: Engine, client: Client, docker_cli
):
    machine, first = shop
    project = machine.project("first")
    shutil.copy2(first / "n.ipynb", project / "n.ipynb")
    machine.must("containerize", "n.ipynb", "--service", "postgres", "--no-build", cwd=project)
    try:
        theirs = client.must("up", workspace=project).json["containerId"]
        machine.must("containerize", "n.ipynb", cwd=project)
        assert ran(machine, project) == ["1 localhost /workspaces/first", "localhost"]
        status = machine.must("status", "--json", cwd=project).json
        assert status["boxes"] == []
        assert engine.container(theirs).status == "running"
    finally:
        words = ("compose", "-f", COMPOSE, "-p", "first_devcontainer", "down", "--volumes",
                 "--rmi", "local")  # fmt: skip
        subprocess.run([docker_cli, *words], cwd=project, check=False, capture_output=True)


def test_a_project_with_compose_files_of_its_own(shop, engine: Engine, docker_cli):
    machine, _ = shop
    project = machine.project("own")
    write_notebook(project / "n.ipynb", COUNT.replace("PGHOST", "WHOSE"))
    (project / "docker-compose.yml").write_text(
        "services:\n"
        "  app:\n    image: python:3.11-slim-bookworm\n    volumes: ['.:/work:cached']\n"
        "    environment: {DATABASE_URL: 'postgresql://postgres@db/postgres', WHOSE: mine, "
        "PGHOST: db, PGUSER: postgres}\n"
        f"  db:\n    image: {POSTGRES}\n    environment: {{POSTGRES_HOST_AUTH_METHOD: trust}}\n"
        "    command: [postgres, -c, 'listen_addresses=*']\n"
    )
    (project / ".devcontainer").mkdir()
    (project / CONFIG).write_text(
        '{\n  // mine\n  "dockerComposeFile": "../docker-compose.yml",\n  "service": "app",\n'
        '  "workspaceFolder": "/work"\n}\n'
    )
    assert refused(machine, project, "containerize", "n.ipynb")["code"] == "untrusted_project"
    machine.must("trust", "--approve", cwd=project)
    assert refused(machine, project, "containerize", "n.ipynb")["code"] == "conflict"
    assert (
        refused(machine, project, "containerize", "n.ipynb", "--service", "redis")["code"] == "plan"
    )
    machine.must("containerize", "n.ipynb", "--yes", cwd=project)
    (project / f"{CONFIG}.yours").unlink()
    wait_for(lambda: _tries(machine, project), 60)
    assert (project / CONFIG).read_text().count("// mine") == 1


def _tries(machine: Machine, project: Path) -> bool:
    """Run the notebook once the user's database is up: their file has no healthcheck."""
    done = machine.devbox("run", "n.ipynb", "--output", "out.ipynb", cwd=project)
    if done.code:
        assert "Connection refused" in done.out + done.err, done
        return False
    (cell,) = nbformat.read(project / "out.ipynb", as_version=4).cells
    lines = printed(cell).splitlines()
    assert lines[0].endswith(" mine /work")
    return True
