"""When Compose may start a box, what it is told, and when all that is needed runs."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from jupyter_devbox.errors import ImageMissingError, RunError, ServiceError
from jupyter_devbox.provisioner.shared import stop_services_with
from jupyter_devbox.run.composed import (
    complete,
    create_composed,
    place_project,
    pull_services,
    read_model,
    require_free,
    start_composed,
    stop_services,
)
from jupyter_devbox.spec.box import DEVCONTAINER_FOLDER, LABEL_KIND, BoxSpec
from jupyter_devbox.spec.compose_project import (
    LABEL_COMPOSE,
    LABEL_FOLDER,
    LABEL_SERVICE,
    ComposeProject,
)
from jupyter_devbox.spec.container import ContainerInfo, ContainerSpec, ImageInfo, Limits, Mount

PROJECT = ComposeProject(
    name="lab_devcontainer", folder="/lab/.devcontainer", files=(("c.yml", "services: {}"),),
    service="box", workspace="/workspaces/lab", network="db", beside=("db",),
)  # fmt: skip
SPEC = BoxSpec(
    project="/lab", name="lab", target="cpu", image="sha256:1", uid=1, gid=1, compose=PROJECT
)


def container(service, status="running", *, started=1.0, exit_code=None, **labels):
    known = {LABEL_COMPOSE: PROJECT.name, LABEL_SERVICE: service, LABEL_FOLDER: PROJECT.folder}
    return ContainerInfo(
        id=f"id-{service}", name=f"lab-{service}-1", image="sha256:1", status=status,
        started=started, exit_code=exit_code,
        labels={**known, **{name.replace("__", "."): value for name, value in labels.items()}},
    )  # fmt: skip


class Stub:
    """The few things of an engine that are asked here; Compose only says what it was given."""

    def __init__(self, *containers, images=(), services=None):
        self.there, self.known = list(containers), images
        self.services = {"box": {"build": {}}, "db": {"image": "pg:1"}}
        self.services = self.services if services is None else services
        self.told, self.stopped, self.fails = [], [], None

    def containers(self, labels):
        return tuple(
            c for c in self.there if all(c.labels.get(k) == v for k, v in labels.items() if v)
        )

    def image(self, reference):
        return ImageInfo(id="sha256:2") if reference in self.known else None

    def stop(self, identity, seconds):
        self.stopped.append(identity)

    def logs(self, identity, tail):
        return (f"last words of {identity}",)

    def compose(self, project, words, override=None):
        self.told.append((words, override))
        if words[0] == "config":
            return json.dumps({"services": self.services})
        if self.fails:
            raise self.fails
        return ""


BOX = container("box", started=5.0, **{LABEL_KIND: "box"})
DB = container("db")


@pytest.mark.parametrize(
    ("beside", "box", "expected"),
    [
        ((DB,), BOX, True),
        ((), BOX, False),
        ((container("db", "exited", exit_code=0),), BOX, False),
        ((DB, container("job", "exited", exit_code=0)), BOX, True),
        ((DB, container("redis", "exited", exit_code=137)), BOX, False),
        ((container("db", started=9.0),), BOX, False),  # the box's network is another's by now
        ((container("db", started=9.0),), replace(BOX, status="exited"), True),
        ((DB,), None, False),
    ],
)
def test_all_that_a_box_needs(beside, box, expected):
    engine = Stub(*beside, *((box,) if box else ()))
    assert complete(engine, PROJECT, box) is expected


def test_a_box_by_itself_needs_nothing():
    assert complete(Stub(), None, BOX)


def test_a_service_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ServiceError, match="no such service: `box`") as caught:
        read_model(Stub(services={"web": {}, "db": {}}), PROJECT)
    assert caught.value.hint == "name one of these in devcontainer.json: db, web"


@pytest.mark.parametrize(
    ("there", "kind", "said"),
    [
        (container("db", **{LABEL_FOLDER: "/other/.devcontainer"}), ServiceError, "/other"),
        (container("box"), ServiceError, "that VS Code made"),
        (BOX, RunError, "older files"),
    ],
)
def test_nothing_of_anybody_elses_is_taken_over(there, kind, said):
    with pytest.raises(kind, match=said):
        require_free(Stub(there), PROJECT)


@pytest.mark.parametrize(
    "there", [DB, replace(BOX, status="exited"), container("box-cuda", **{LABEL_KIND: "box"})]
)
def test_what_is_ours_or_beside_is_in_nobodys_way(there):
    require_free(Stub(there), PROJECT)


def test_where_the_project_is():
    def placed(volumes, workspace="/workspaces/lab"):
        engine = Stub(services={"box": {"volumes": volumes}})
        project = replace(PROJECT, workspace=workspace)
        return place_project(SPEC, read_model(engine, project), project)

    bind = {"type": "bind", "source": "/lab", "target": "/code"}
    assert placed([bind]) == ("/code", True)
    assert placed([{**bind, "source": "/"}]) == ("/code/lab", True)
    assert placed([{"type": "volume", "source": "lab", "target": "/code"}]) == (
        "/workspaces/lab", False,
    )  # fmt: skip
    assert placed([], "/") == ("/workspaces/lab", False)


def wanted(**more):
    values = {
        "image": "sha256:1", "command": ("python3", "-c", "x"), "user": "1:2",
        "workdir": "/code", "env": {"A": "$b"}, "labels": {"l": "${m}"},
        "mounts": (Mount(source="/s", target="/t", readonly=True),
                   Mount(source="data", target="/d", kind="volume")),
    }  # fmt: skip
    return ContainerSpec(**{**values, **more})


def test_compose_is_told_the_image_by_its_id_and_nothing_is_pulled():
    engine = Stub(BOX, images=("pg:1",))
    model = read_model(engine, PROJECT)
    assert create_composed(engine, PROJECT, model, wanted()) == "id-box"
    words, override = engine.told[-1]
    assert words == ("up", "--no-start", "--pull=never", "--no-build", "db", "box")
    service = override["services"]["box"]
    assert (service["image"], service["pull_policy"]) == ("sha256:1", "never")
    assert (service["entrypoint"], service["command"]) == (["python3"], ["-c", "x"])
    assert service["environment"] == {"A": "$$b"}
    assert service["labels"] == {"l": "$${m}"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"][0] == {
        "type": "bind", "source": "/s", "target": "/t", "read_only": True,
        "bind": {"create_host_path": False},
    }  # fmt: skip
    assert override["volumes"] == {"data": {"external": True}}
    assert service.keys().isdisjoint({"privileged", "cap_add", "devices", "ports", "network_mode"})


def test_only_a_build_of_the_users_own_is_done_by_compose():
    services = {name: {"build": {"context": "."}} for name in ("box", "box-cuda", "db")}
    engine = Stub(BOX, services=services)
    create_composed(engine, PROJECT, read_model(engine, PROJECT), wanted())
    assert "--no-build" not in engine.told[-1][0]
    del services["db"]
    create_composed(engine, PROJECT, read_model(engine, PROJECT), wanted())
    assert "--no-build" in engine.told[-1][0]


def test_a_missing_image_stops_it_before_anything_is_made():
    engine = Stub()
    with pytest.raises(ImageMissingError, match="service db is not on this machine: `pg:1`"):
        create_composed(engine, PROJECT, read_model(engine, PROJECT), wanted())
    assert len(engine.told) == 1


def test_images_that_are_missing_are_fetched_before_a_kernel_waits():
    engine = Stub(images=("other:1",))
    assert pull_services(engine, PROJECT) == ("pg:1",)
    assert engine.told[-1][0] == ("pull", "--quiet", "db")
    assert pull_services(Stub(images=("pg:1",)), PROJECT) == ()
    engine.fails = ServiceError("Compose cannot", details=("no route",))
    with pytest.raises(ServiceError, match="service db cannot be fetched: `pg:1`") as caught:
        pull_services(engine, PROJECT)
    assert caught.value.details == ("no route",)


def test_a_dropped_service_is_stopped_and_kept():
    engine = Stub(BOX, DB, container("redis"), images=("pg:1",))
    create_composed(engine, PROJECT, read_model(engine, PROJECT), wanted())
    assert engine.stopped == ["id-redis"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("dependency failed to start: container lab-db-1 is unhealthy",
         "The service db does not become healthy: `lab-db-1`"),
        ("dependency failed to start: container lab-db-1 exited (3)",
         "The service db ended as soon as it started: `lab-db-1`"),
    ],
)  # fmt: skip
def test_the_service_that_is_to_blame_says_its_last_words(said, message):
    engine = Stub(DB)
    engine.fails = ServiceError(f"Compose cannot: `{said}`", details=(said,))
    with pytest.raises(ServiceError) as caught:
        start_composed(engine, PROJECT, wanted())
    assert caught.value.message == message
    assert caught.value.details == ("last words of id-db",)


def test_services_stop_when_no_box_runs_any_more():
    stopped = replace(BOX, status="exited")
    engine = Stub(stopped, DB)
    assert stop_services(engine, PROJECT.name) == ("lab-db-1",)
    assert engine.stopped == ["id-db"]
    for other in (BOX, container("box", **{DEVCONTAINER_FOLDER: "/lab"})):
        engine = Stub(other, DB)
        assert stop_services(engine, PROJECT.name) == ()
        assert engine.stopped == []


def test_a_process_that_goes_on_stops_them_when_the_box_ends(runtime):
    ended, engine = threading.Event(), Stub(replace(BOX, status="exited"), DB)
    engine.wait = lambda box: ended.wait(10)
    kernel = SimpleNamespace(spec=SPEC, container="id-box", runtime=runtime)
    for _ in range(2):  # a second kernel in the same box adds nothing
        stop_services_with(engine, kernel)
    (watching,) = [t for t in threading.enumerate() if t.name == "devbox-services"]
    assert engine.stopped == []
    ended.set()
    watching.join(10)
    assert engine.stopped == ["id-db"]
    stop_services_with(engine, SimpleNamespace(spec=replace(SPEC, compose=None), container="x"))
    assert "devbox-services" not in [t.name for t in threading.enumerate()]


@pytest.mark.parametrize("pruned", [False, True])
def test_they_stay_for_a_box_that_takes_the_place_of_another(runtime, pruned):
    ended, engine = threading.Event(), Stub(DB)
    engine.wait = lambda box: ended.wait(10)
    kernel = SimpleNamespace(spec=SPEC, container=f"id-{pruned}", runtime=runtime)
    stop_services_with(engine, kernel)
    (watching,) = [t for t in threading.enumerate() if t.name == "devbox-services"]
    if pruned:  # nobody makes another one, and the folder is gone
        runtime.remove()
        ended.set()
        watching.join(10)
        assert engine.stopped == ["id-db"]
        return
    with runtime.locked():
        ended.set()
        watching.join(0.5)
        assert watching.is_alive(), "who makes the other box is waited for"
        engine.there.append(BOX)
    watching.join(10)
    assert engine.stopped == []


def test_a_limit_of_memory_is_no_half_of_one():
    engine = Stub(BOX, images=("pg:1",))
    limits = Limits(memory=2**30, cpus=1.5, shm=2**26, pids=99, ulimits=("nofile=9:10",))
    create_composed(engine, PROJECT, read_model(engine, PROJECT), wanted(limits=limits))
    service = engine.told[-1][1]["services"]["box"]
    assert (service["mem_limit"], service["memswap_limit"]) == (2**30, 2**30)
    assert (service["cpus"], service["shm_size"], service["pids_limit"]) == (1.5, 2**26, 99)
    assert service["ulimits"] == {"nofile": {"soft": 9, "hard": 10}}
    create_composed(engine, PROJECT, read_model(engine, PROJECT), wanted())
    service = engine.told[-1][1]["services"]["box"]
    assert service.keys().isdisjoint({"mem_limit", "memswap_limit", "cpus", "pids_limit"})
