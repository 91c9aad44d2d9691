"""Fixtures for all tests: a real engine where there is one, purity, the shared folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import leftovers
import pytest
from engine.podman_service import podman_missing, podman_service
from engine.tls_service import tls_service
from postgres_image import postgres_image

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.detect import connect, find_docker_cli
from jupyter_devbox.errors import BuildxMissingError, EngineError
from jupyter_devbox.spec.container import BuildRequest, ContainerSpec, ImageInfo
from jupyter_devbox.spec.events import StepEvent

TEST_LABEL = "jupyter-devbox.test"
SESSION = uuid.uuid4().hex[:12]
BASE_IMAGE = os.environ.get("DEVBOX_TEST_IMAGE", "python:3.11-slim-bookworm")

# Two loaded cores make every deadline a lie. "thorough" is for a change to a parser.
hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, database=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=3000)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev")
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-docker",
        action="store_true",
        help="a test that needs a container engine fails where there is none, instead of skipping",
    )
    parser.addoption(
        "--engine-is-ours",
        action="store_true",
        help="nobody else uses this machine's engine: whatever is left there is the tests' fault",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the engine is a docker test: `-m "not docker"` leaves it out."""
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker("docker")


# --- the engine --------------------------------------------------------------


@pytest.fixture(scope="session")
def absent(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Skip with a reason, or fail with it under --require-docker."""

    def give_up(reason: str) -> None:
        if request.config.getoption("--require-docker"):
            pytest.fail(f"--require-docker: {reason}", pytrace=False)
        pytest.skip(reason)

    return give_up


@pytest.fixture(scope="session")
def engine(absent: Callable[[str], None]) -> Iterator[Engine]:
    """The real engine. What is made through it carries a label, and is removed at the end."""
    try:
        plain = connect()
    except EngineError as error:
        absent(f"no container engine: {error.message}")
        raise
    labelled = _labelling(plain)
    yield labelled
    mark = {TEST_LABEL: SESSION}
    for container in labelled.containers(mark):
        labelled.remove(container.id)
    for image in labelled.images(mark):
        labelled.remove_image(image.id)
    labelled.close()
    plain.close()


@pytest.fixture(scope="session", autouse=True)
def nothing_left(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Compare what there is on the machine before and after all tests; fail for what was left."""
    os.environ[leftovers.MARK] = SESSION
    try:
        plain = connect()
    except EngineError:
        plain = None
    alone = request.config.getoption("--engine-is-ours")
    places = (str(tmp_path_factory.getbasetemp()), SESSION)
    machine = leftovers.Machine(plain, SESSION, places, alone)
    before = machine.listing()
    yield
    left = machine.left(before)
    if plain is not None:
        plain.close()
    if left:
        pytest.fail("\n".join(left), pytrace=False)


def _labelling(plain: Engine) -> Engine:
    """Return an engine of the same kind and endpoint that marks whatever it makes."""
    kind = type(plain)

    class Labelling(kind):
        def create(self, spec: ContainerSpec) -> str:
            return super().create(replace(spec, labels={**spec.labels, TEST_LABEL: SESSION}))

        def build(
            self,
            request: BuildRequest,
            on_step: Callable[[StepEvent], None],
            cancel: threading.Event,
        ) -> ImageInfo:
            marked = replace(request, labels={**request.labels, TEST_LABEL: SESSION})
            return super().build(marked, on_step, cancel)

    return Labelling(plain.endpoint)


@pytest.fixture(scope="session")
def podman(
    base_image: ImageInfo, docker_cli: str, absent: Callable[[str], None]
) -> Iterator[Engine]:
    """Podman behind its API socket, with the base image; gone at the end."""
    if reason := podman_missing():
        absent(f"no Podman: {reason}")
    with (
        tempfile.TemporaryDirectory(prefix="jdb-p-") as folder,
        podman_service(Path(folder), (BASE_IMAGE,), docker_cli) as env,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CONTAINERS_CONF", env["CONTAINERS_CONF"])
        mine = connect(env["DOCKER_HOST"])
        assert mine.info().name == "podman"
        yield mine
        mine.close()


@pytest.fixture(scope="module")
def tls(engine: Engine, absent: Callable[[str], None]) -> Iterator[Engine]:
    """The machine's Docker as DOCKER_HOST=tcp://… with certificates on both sides."""
    address = engine.info().local and connect().endpoint.address
    if not address or not all(map(shutil.which, ("socat", "openssl"))):
        absent("no Docker behind TLS: socat, openssl or a socket of Docker's is not here")
    with (
        tempfile.TemporaryDirectory(prefix="jdb-tls-") as folder,
        tls_service(Path(folder), str(address)) as env,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in env.items():
            patch.setenv(name, value)
        mine = connect()
        yield mine
        mine.close()


@pytest.fixture(scope="session")
def base_image(engine: Engine, absent: Callable[[str], None]) -> ImageInfo:
    """A Python image that is on this machine; nothing is pulled."""
    image = engine.image(BASE_IMAGE)
    if image is None:
        absent(f"the base image is not on this machine: {BASE_IMAGE}")
        raise AssertionError
    return image


@pytest.fixture(scope="session")
def docker_cli(absent: Callable[[str], None]) -> str:
    """The `docker` command that can build."""
    try:
        return find_docker_cli()
    except BuildxMissingError as error:
        absent(error.message)
        raise


@pytest.fixture(scope="session")
def devcontainer(absent: Callable[[str], None]) -> str:
    """The reference client: what the environment names, the project's own, one on PATH."""
    local = Path(__file__).parents[1] / ".venv/devcontainer-cli/node_modules/.bin"
    places = os.pathsep.join([str(local), os.environ.get("PATH", os.defpath)])
    found = os.environ.get("DEVCONTAINER_CLI") or shutil.which("devcontainer", path=places)
    if found is None:
        absent("no devcontainer command: npm install --prefix FOLDER @devcontainers/cli")
        raise AssertionError
    return found


@pytest.fixture(scope="session")
def second_client(absent: Callable[[str], None]) -> str:
    """devcontainer-rs: its command has the reference client's name, and lies beside this Python."""
    found = shutil.which("devcontainer", path=str(Path(sys.executable).parent))
    if found is None:
        absent("no second dev container client: pip install 'jupyter-devbox[test]'")
        raise AssertionError
    return found


@pytest.fixture(scope="module")
def postgres(engine: Engine, docker_cli: str) -> Iterator[str]:
    """The image of the database that `--service postgres` names."""
    with postgres_image(engine, docker_cli) as name:
        yield name


# --- the machine -------------------------------------------------------------


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of schemas and gold data beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"no shared data beside the repository: {folder}")
    return folder


# --- purity ------------------------------------------------------------------

_OUTSIDE = ("open", "os.", "shutil.", "socket.", "subprocess.", "tempfile.", "glob.", "pathlib.")
_armed: set[int] = set()


def _audit(event: str, args: tuple[object, ...]) -> None:
    """Raise when our package is what opens, starts or connects; an import of it is none of that."""
    if threading.get_ident() not in _armed or not event.startswith(_OUTSIDE):
        return
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("importlib._bootstrap"):
            return
        if module.partition(".")[0] == "jupyter_devbox":
            msg = f"{module} touched the outside world: {event} {args[:1]}"
            raise AssertionError(msg)
        frame = frame.f_back


sys.addaudithook(_audit)  # once a process: a hook can't be taken away


@pytest.fixture
def pure() -> Iterator[None]:
    """Fail the test if the code under test opens files, starts processes or uses sockets."""
    _armed.add(threading.get_ident())
    yield
    _armed.clear()
