"""The engines that the contract is proven on, and what its tests make."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from engine.fake import FakeEngine

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import ContainerSpec, ImageInfo

BASE = "python:3.11-slim-bookworm"
SLEEP = ("sleep", "1000")


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeEngine]:
    engine = FakeEngine(tmp_path_factory.mktemp("fake"), [BASE])
    yield engine
    engine.close()


@pytest.fixture(
    scope="module",
    params=[
        "fake",
        pytest.param("engine", marks=pytest.mark.docker, id="real"),
        pytest.param("podman", marks=[pytest.mark.docker, pytest.mark.slow]),
        pytest.param("tls", marks=[pytest.mark.docker, pytest.mark.slow]),
    ],
)
def any_engine(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def image(any_engine: Engine) -> ImageInfo:
    found = any_engine.image(BASE)
    assert found is not None
    return found


@pytest.fixture
def make(any_engine: Engine, image: ImageInfo) -> Iterator[Callable[..., str]]:
    """Create containers that are gone after the test."""
    made: list[str] = []

    def create(*command: str, **options: object) -> str:
        spec = ContainerSpec(image=image.id, command=command or SLEEP, **options)
        made.append(any_engine.create(spec))
        return made[-1]

    yield create
    for container in made:
        any_engine.remove(container)


@pytest.fixture(scope="module")
def box(any_engine: Engine, image: ImageInfo) -> Iterator[str]:
    """A running container for tests that leave it as it is."""
    container = any_engine.create(ContainerSpec(image=image.id, command=SLEEP))
    any_engine.start(container)
    yield container
    any_engine.remove(container)
