"""Finding cards and their driver: on a machine with, without, and with a broken one."""

from __future__ import annotations

import pytest
from engine.conftest import BASE, SLEEP
from engine.fake import FakeEngine
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine import gpu, nvidia_smi
from jupyter_devbox.engine.gpu import IN_CONTAINER, OVERRIDE, find_gpus, gpu_use, probe_gpus
from jupyter_devbox.engine.nvidia_smi import CARD_FIELDS, USE_FIELDS
from jupyter_devbox.errors import GpuUnavailableError
from jupyter_devbox.spec.container import ContainerSpec, EngineInfo
from jupyter_devbox.spec.gpu import Gpu, GpuHost, GpuRequest
from jupyter_devbox.spec.gpu_use import GpuUse

# What a machine with an H100 answered (driver 580.159.04, seen 2026-11-22).
H100 = "GPU-613139ff-5d84-404a-9735-c591cd2bb072, NVIDIA H100 80GB HBM3, 81559, 580.159.04, 9.0\n"
H100_USE = "0, NVIDIA H100 80GB HBM3, 81559, 0, 0\n"
H100_MODULE = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build"
    "  (nixbld@)  \nGCC version:  gcc version 15.3.0 (GCC) \n"
)
H100_CARD = Gpu(
    name="NVIDIA H100 80GB HBM3",
    memory=81559 << 20,
    compute_capability="9.0",
    uuid="GPU-613139ff-5d84-404a-9735-c591cd2bb072",
)
UNKNOWN_FIELD = 'Field "compute_cap" is not a valid field to query.\n\n'


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A folder in place of the machine's root and programs: no card, until a test adds one."""
    monkeypatch.setattr(gpu, "_ELSEWHERE", ())
    (tmp_path / "bin").mkdir()

    class Machine:
        def __init__(self) -> None:
            self.env = {"PATH": str(tmp_path / "bin")}

        def has(self, name: str, text: str) -> None:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        def answers(self, script: str) -> None:
            self.has("bin/nvidia-smi", f"#!/bin/sh\n{script}\n")
            (tmp_path / "bin/nvidia-smi").chmod(0o755)

        def find(self, **env: str) -> GpuHost:
            return find_gpus({**self.env, **env}, root=tmp_path)

    return Machine()


def says(text: str) -> str:
    return f"/bin/cat <<'END'\n{text.rstrip()}\nEND"


def test_a_machine_without(machine):
    assert machine.find() == GpuHost()


def test_the_order_is_uv_s(machine):
    machine.answers(says(H100.replace("580.159.04", "1.1")))
    assert machine.find() == GpuHost(gpus=(H100_CARD,))
    machine.answers(says(H100.replace("580.159.04", "550.1")))
    assert (machine.find().driver, machine.find().origin) == ("550.1", "nvidia-smi")
    machine.has("proc/driver/nvidia/version", H100_MODULE)
    found = machine.find()
    assert (found.driver, found.origin) == ("580.159.04", "/proc/driver/nvidia/version")
    machine.has("sys/module/nvidia/version", "575.2\n")
    found = machine.find()
    assert (found.driver, found.origin) == ("575.2", "/sys/module/nvidia/version")
    assert found.gpus == (H100_CARD,)
    found = machine.find(**{OVERRIDE: " 525.1 "})
    assert (found.driver, found.origin) == ("525.1", OVERRIDE)
    assert found.gpus == (H100_CARD,)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (H100_MODULE, "580.159.04"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 2024", "550.54.14"),
        ("NVRM version: NVIDIA UNIX aarch64 Kernel Module  470.256.02", "470.256.02"),
        ("NVRM version: 550.54.14", ""),
        ("", ""),
        ("GCC version:\nNVIDIA Kernel Module  550.54.14 ", ""),
    ],
)
def test_the_kernel_s_own_words(text, version):
    assert nvidia_smi.module_version(text) == version


@pytest.mark.parametrize("name", ["sys/module/nvidia/version", "proc/driver/nvidia/version"])
@pytest.mark.parametrize(
    "text", ["", "\n", "version", "550", "\u0665\u0665.\u0661", "550.54.14; rm", "\0"]
)
def test_garbage_in_a_file_is_nothing(machine, name, text):
    machine.has(name, text)
    assert machine.find() == GpuHost()


@pytest.mark.parametrize(
    "script",
    [
        "exit 9",
        "exit 0",
        says("No devices were found") + "\nexit 6",
        says("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."),
        says("a, b, c, d, e"),
        says("GPU-1, x, 1, 550.1, 9.0, more"),
        r"printf '\000\377\033[2J,,,,\n'",
        "kill -9 $$",
    ],
)
def test_garbage_from_the_tool_is_nothing(machine, script):
    machine.answers(script)
    assert machine.find() == GpuHost()


def test_a_tool_that_hangs_or_is_none(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "_PATIENCE", 0.3)
    machine.answers("exec /bin/sleep 60")
    machine.has("sys/module/nvidia/version", "575.2\n")
    assert machine.find() == GpuHost(driver="575.2", origin="/sys/module/nvidia/version")
    (tmp_path / "bin/nvidia-smi").write_bytes(b"\x7fELF nothing")
    assert machine.find().gpus == ()


def test_a_driver_that_does_not_know_a_field(machine):
    machine.answers(
        f'case "$*" in *compute_cap*) {says(UNKNOWN_FIELD)}\nexit 2;; esac\n'
        + says(H100.rpartition(",")[0])
    )
    found = machine.find()
    assert found.driver == "580.159.04"
    assert [(card.name, card.compute_capability) for card in found.gpus] == [(H100_CARD.name, "")]


def test_what_a_card_does_not_tell_is_unknown():
    answer = "GPU-1, [N/A], [N/A], [N/A], [N/A]\nGPU-2, T4, [Insufficient Permissions], 550.1, 7.5"
    assert nvidia_smi.cards(answer, CARD_FIELDS) == (
        Gpu(uuid="GPU-1"),
        Gpu(name="T4", compute_capability="7.5", uuid="GPU-2"),
    )
    assert nvidia_smi.driver(answer, CARD_FIELDS) == "550.1"
    assert nvidia_smi.uses("0, T4, 15360, [N/A], [N/A]") == (
        GpuUse(index=0, name="T4", memory=15360 << 20),
    )
    assert nvidia_smi.uses(H100_USE) == (
        GpuUse(index=0, name=H100_CARD.name, memory=81559 << 20, memory_used=0, utilization=0),
    )


@given(st.text())
def test_any_answer_at_all(text):
    for card in nvidia_smi.cards(text, CARD_FIELDS):
        assert card.uuid
        assert card.name.isprintable()
    for use in nvidia_smi.uses(text):
        assert len(use.name) <= 80
    nvidia_smi.driver(text, CARD_FIELDS)
    nvidia_smi.module_version(text)


CELL = st.text(alphabet="0123456789 .%[]MiBGPU-/", max_size=12)
ROW = st.lists(CELL, min_size=len(USE_FIELDS), max_size=len(USE_FIELDS))


@given(st.lists(ROW, max_size=80))
def test_any_row_at_all(rows):
    answer = "\n".join(", ".join(row) for row in rows)
    uses = nvidia_smi.uses(answer)
    assert len(uses) <= 64
    assert all(use.utilization is None or 0 <= use.utilization <= 100 for use in uses)


# --- an engine elsewhere -----------------------------------------------------


class Remote(FakeEngine):
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="fake", version="1", rootless=False, platform="linux/amd64", local=False
        )


@pytest.fixture
def remote(tmp_path):
    """Make an engine elsewhere, whose machine has this nvidia-smi and so many cards."""
    engines: list[Remote] = []

    def make(script: str, cards: int = 1) -> Remote:
        program = tmp_path / "far" / "nvidia-smi"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        root = tmp_path / f"engine{len(engines)}"
        root.mkdir()
        engines.append(Remote(root, [BASE], nvidia_smi=program, cards=cards))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def test_a_container_looks_where_the_engine_is(remote, machine):
    machine.has("sys/module/nvidia/version", "1.1\n")
    engine = remote(says(H100))
    image = engine.image(BASE).id
    told: list[tuple[str, str]] = []
    found = find_gpus(
        machine.env,
        engine=engine,
        image=image,
        record=lambda kind, container: told.append((kind, engine.container(container).status)),
    )
    assert found == GpuHost(driver="580.159.04", origin=IN_CONTAINER, gpus=(H100_CARD,))
    assert told == [("kernel", "created")]
    assert engine.containers({}) == ()
    assert find_gpus({OVERRIDE: "525.1"}, engine=engine, image=image).driver == "525.1"
    assert find_gpus(machine.env, engine=engine) == GpuHost()


@pytest.mark.parametrize(("script", "cards"), [(says(H100), 0), ("exit 9", 1), (says("what?"), 1)])
def test_a_machine_elsewhere_without(remote, machine, script, cards):
    engine = remote(script, cards)
    assert find_gpus(machine.env, engine=engine, image=engine.image(BASE).id) == GpuHost()
    assert find_gpus(machine.env, engine=engine, image="sha256:0") == GpuHost()
    assert engine.containers({}) == ()


def test_a_probe_says_why_there_is_none(remote):
    engine = remote(says(H100), cards=0)
    with pytest.raises(GpuUnavailableError):
        probe_gpus(engine, engine.image(BASE).id)
    assert engine.containers({}) == ()


# --- how busy they are -------------------------------------------------------


def test_use_is_what_the_box_sees(remote):
    engine = remote(says("0, T4, 15360, 1024, 37\n1, T4, 15360, 0, [N/A]"))
    image = engine.image(BASE).id
    box = engine.create(ContainerSpec(image=image, command=SLEEP, gpus=GpuRequest()))
    assert gpu_use(engine, box) == ()
    engine.start(box)
    first, second = gpu_use(engine, box)
    assert first == GpuUse(
        index=0, name="T4", memory=15360 << 20, memory_used=1 << 30, utilization=37
    )
    assert (second.index, second.memory_used, second.utilization) == (1, 0, None)


def test_use_of_a_box_without_cards(remote, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    engine = remote("exit 9")
    image = engine.image(BASE).id
    for gpus in (None, GpuRequest()):
        box = engine.create(ContainerSpec(image=image, command=SLEEP, gpus=gpus))
        engine.start(box)
        assert gpu_use(engine, box) == ()
