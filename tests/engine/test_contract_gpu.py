"""What every engine does with a request for graphics cards, where there are some and where not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from engine.conftest import BASE, SLEEP
from engine.fake import FakeEngine
from fake_cards import CARDS, CardDaemon, card_daemon, cards_missing, make_stack

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import GpuUnavailableError
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec
from jupyter_devbox.spec.gpu import GpuRequest

LIST = ExecSpec(command=("nvidia-smi", "-L"))
TOOL = "tools/fake_gpu.py"


def refused(engine: Engine, container: str) -> GpuUnavailableError:
    """Return why a start is refused; the container stays, and can be removed."""
    with pytest.raises(GpuUnavailableError) as caught:
        engine.start(container)
    assert engine.container(container).status in {"created", "exited"}
    engine.remove(container)
    assert engine.container(container) is None
    return caught.value


@pytest.mark.parametrize("devices", [(), ("0",), ("1:0", "GPU-1")])
def test_where_there_are_none(any_engine, make, devices):
    if any_engine.gpu_support().way or shutil.which("nvidia-smi"):
        pytest.skip("this machine has cards")
    error = refused(any_engine, make(gpus=GpuRequest(devices=devices)))
    assert (error.code, error.exit_code) == ("no_gpu", 77)
    assert error.hint


# --- with cards --------------------------------------------------------------


@pytest.fixture(scope="module")
def gpu_tool(shared, absent):
    if reason := cards_missing():
        absent(f"no false cards: {reason}")
    return shared / TOOL


@pytest.fixture(scope="module")
def fake_cards(gpu_tool, tmp_path_factory) -> Iterator[FakeEngine]:
    stack = make_stack(gpu_tool, tmp_path_factory.mktemp("stack"))
    folder = tmp_path_factory.mktemp("fake")
    engine = FakeEngine(folder, [BASE], nvidia_smi=stack / "bin/nvidia-smi", cards=CARDS)
    yield engine
    engine.close()


def daemon(gpu_tool, base_image, way) -> Iterator[tuple[Engine, CardDaemon]]:
    with card_daemon(gpu_tool, way) as cards:
        cards.private.load(base_image.tags[0])
        engine = cards.private.connect()
        yield engine, cards
        engine.close()


@pytest.fixture(scope="module")
def by_runtime(gpu_tool, base_image):
    yield from daemon(gpu_tool, base_image, "runtime")


@pytest.fixture(scope="module")
def by_cdi(gpu_tool, base_image):
    yield from daemon(gpu_tool, base_image, "cdi")


_REAL = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(
    scope="module",
    params=[
        "fake_cards",
        pytest.param("by_runtime", marks=_REAL),
        pytest.param("by_cdi", marks=_REAL),
    ],
)
def card_engine(request: pytest.FixtureRequest) -> Engine:
    found = request.getfixturevalue(request.param)
    return found[0] if isinstance(found, tuple) else found


@pytest.fixture
def made(card_engine) -> Iterator[Callable[..., str]]:
    containers: list[str] = []
    image = card_engine.image(BASE)

    def create(**options: object) -> str:
        spec = ContainerSpec(image=image.id, command=SLEEP, network="none", **options)
        containers.append(card_engine.create(spec))
        return containers[-1]

    yield create
    for container in containers:
        card_engine.remove(container)


@pytest.mark.parametrize("devices", [(), ("1",)])
def test_a_container_with_cards_sees_them(card_engine, made, devices):
    assert card_engine.gpu_support().way
    container = made(gpus=GpuRequest(devices=devices))
    card_engine.start(container)
    lines = card_engine.run(container, LIST).stdout.splitlines()
    assert [line[:6] for line in lines] == ["GPU 0:", "GPU 1:"]


def test_a_container_that_asks_for_none_has_none(card_engine, made):
    if shutil.which("nvidia-smi"):
        pytest.skip("the fake engine's programs are this machine's")
    container = made()
    card_engine.start(container)
    assert card_engine.run(container, LIST).exit_code in {126, 127}


@pytest.mark.parametrize(
    "card_engine", ["fake_cards", pytest.param("by_cdi", marks=_REAL)], indirect=True
)
def test_a_card_that_is_not_there(card_engine, made):
    error = refused(card_engine, made(gpus=GpuRequest(devices=("7",))))
    assert "no such GPU" in error.message
    assert "7" in error.message
    assert "nvidia-smi -L" in error.hint


# --- what each way is in truth -----------------------------------------------


@pytest.fixture
def runs() -> Iterator[Callable[..., str]]:
    """Start containers in a daemon; they are gone after the test."""
    made: list[tuple[Engine, str]] = []

    def start(engine: Engine, *devices: str, start: bool = True) -> str:
        image = engine.image(BASE)
        gpus = GpuRequest(devices=devices)
        spec = ContainerSpec(image=image.id, command=SLEEP, network="none", gpus=gpus)
        made.append((engine, engine.create(spec)))
        if start:
            engine.start(made[-1][1])
        return made[-1][1]

    yield start
    for engine, container in made:
        engine.remove(container)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(("devices", "seen"), [((), "all"), (("1",), "1"), (("0", "1"), "0,1")])
def test_the_hook_is_told_which(by_runtime, runs, devices, seen):
    engine, cards = by_runtime
    assert engine.gpu_support().way == "runtime"
    container = runs(engine, *devices)
    assert cards.asked == {"NVIDIA_VISIBLE_DEVICES": seen}
    nodes = engine.run(container, ExecSpec(command=("sh", "-c", "ls /dev/nvidia[0-9]"))).stdout
    wanted = devices or ("0", "1")
    assert nodes.split() == [f"/dev/nvidia{number}" for number in wanted]


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please\n",
            "The NVIDIA driver is older than the image requires: `cuda>=12.8`",
        ),
        (
            "nvidia-container-cli: initialization error: nvml error: driver not loaded\n",
            "The NVIDIA driver is not loaded on the machine where boxes run",
        ),
        (
            "Auto-detected mode as 'legacy'\nnvidia-container-cli: mount error: no\n",
            "NVIDIA's toolkit can't give the box a GPU: `mount error: no`",
        ),
    ],
)
def test_a_hook_that_fails(by_runtime, runs, said, message):
    engine, cards = by_runtime
    container = runs(engine, start=False)
    with cards.failing(said):
        assert refused(engine, container).message == message


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("devices", [(), ("1",)])
def test_cdi_gives_these_and_no_more(by_cdi, runs, devices):
    engine, _ = by_cdi
    support = engine.gpu_support()
    assert support.way == "cdi"
    assert support.devices == ("nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=all")
    container = runs(engine, *devices)
    nodes = engine.run(container, ExecSpec(command=("sh", "-c", "ls /dev/nvidia[0-9]"))).stdout
    assert nodes.split() == [f"/dev/nvidia{number}" for number in devices or ("0", "1")]
