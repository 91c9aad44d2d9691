"""A kernel whose box asks for graphics cards: on a daemon with false ones, in both ways."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pynvml
import pytest
from fake_cards import CARDS, DRIVER, card_daemon, cards_missing
from jupyter_client.manager import KernelManager
from makers import direct, lock, locked, spec

from jupyter_devbox.engine.gpu import IN_CONTAINER, gpu_use, probe_gpus
from jupyter_devbox.errors import ConfigurationError, GpuUnavailableError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import compare, write
from jupyter_devbox.provisioner import shared as provisioner
from jupyter_devbox.render import render
from jupyter_devbox.run.runtime_dir import BASE_VARIABLE
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.limiting import limit_kernel
from jupyter_devbox.workflow.making import register_box_kernel
from jupyter_devbox.workflow.trusting import record_written

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    # The SDK leaves a socket that it could not connect to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

SMI = "import subprocess; print(subprocess.check_output(['nvidia-smi', '-L'], text=True))"
NVML = """
import pynvml
pynvml.nvmlInit()
print(pynvml.nvmlSystemGetDriverVersion(), pynvml.nvmlDeviceGetCount())
card = pynvml.nvmlDeviceGetHandleByIndex(1)
print(pynvml.nvmlDeviceGetName(card), pynvml.nvmlDeviceGetCudaComputeCapability(card))
print(pynvml.nvmlDeviceGetMemoryInfo(card).total >> 30)
"""
NODES = "import glob; print(*sorted(glob.glob('/dev/nvidia[0-9]')))"


@pytest.fixture(scope="module", params=["runtime", "cdi"])
def cards(request, shared, kernel_image, kernel_image_name, absent):
    if reason := cards_missing():
        absent(f"no false cards: {reason}")
    with card_daemon(shared / "tools/fake_gpu.py", request.param) as daemon:
        daemon.private.load(kernel_image_name)
        yield daemon


@pytest.fixture
def devbox(cards, kernel_image, new_devbox, tmp_path):
    """Kernelspecs, a runtime folder and a ledger for kernels in that daemon."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-t-") as runtime,
        pytest.MonkeyPatch.context() as patch,
    ):
        engine = cards.private.connect()
        mine = new_devbox(engine, kernel_image, tmp_path, Path(runtime))
        shutil.copy(pynvml.__file__, mine.project / "pynvml.py")
        patch.setenv("JUPYTER_PATH", str(mine.specs.parent))
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
        patch.setenv(BASE_VARIABLE, runtime)
        patch.setenv("DOCKER_HOST", cards.private.url)
        provisioner.connect.cache_clear()
        yield mine
        mine.clean()
        provisioner.connect.cache_clear()
        engine.close()
        gc.collect()  # what the SDK left, before other tests' warnings count again


@pytest.mark.parametrize("isolation", ["box", "kernel"])
def test_a_kernel_sees_the_cards(devbox, isolation):
    with devbox.kernel(name="cuda", target="cuda", gpus=[], isolation=isolation) as kernel:
        assert kernel.run(SMI).text.count("Fake GPU") == CARDS
        assert kernel.run(NVML).text.splitlines() == [f"{DRIVER} {CARDS}", "Fake GPU (8, 6)", "80"]
        assert kernel.run(NODES).text == "/dev/nvidia0 /dev/nvidia1\n"
        uses = gpu_use(devbox.engine, kernel.container)
        assert [(use.name, use.memory) for use in uses] == [("Fake GPU", 80 << 30)] * CARDS


def test_a_kernel_with_one_card_beside_one_with_none(devbox):
    with (
        devbox.kernel(name="one", target="cuda", gpus=["1"]) as one,
        devbox.kernel(name="cpu") as none,
    ):
        assert one.run(NODES).text == "/dev/nvidia1\n"
        assert none.run(NODES).text == "\n"
        assert gpu_use(devbox.engine, none.container) == ()
        assert one.container != none.container


def test_a_restart_gets_the_cards_that_were_registered_since(devbox):
    with devbox.kernel(name="moved", target="cuda", gpus=["0"]) as kernel:
        assert kernel.run(NODES).text == "/dev/nvidia0\n"
        before = kernel.container
        for gpus, seen in ((["1"], "/dev/nvidia1"), ([], "/dev/nvidia0 /dev/nvidia1")):
            devbox.kernelspec(name="moved", target="cuda", gpus=gpus)
            kernel.km.restart_kernel(now=True)
            kernel.kc.wait_for_ready(timeout=60)
            assert kernel.run(NODES).text == f"{seen}\n"
        assert kernel.container != before
    boxes = devbox.engine.containers({})
    assert [box.status for box in boxes] == ["running"], "the boxes of other cards are gone"


def test_cards_that_are_asked_for_in_the_panel_reach_the_box(devbox, tmp_path):
    """From the project's files by way of the kernelspec; nothing is built on the way."""
    context = Context(
        home=tmp_path,
        env={},
        data=tmp_path / "data" / "devbox",
        kernels=devbox.specs,
        connect=lambda: devbox.engine,
    )
    environment, pins = spec(direct("ipykernel==6.29.5")), lock(locked("ipykernel==6.29.5"))
    twin = (replace(environment, target="cuda"), pins)
    tree = render(environment, pins, ProjectOptions(), uv_version="0.8.0", twin=twin)
    changes = compare(devbox.project, tree)
    write(devbox.project, changes)
    record_written(context, devbox.project, changes)
    project, image = Project(root=devbox.project, reason=""), ImageInfo(id=devbox.image)
    name = register_box_kernel(context, project, image, "cuda").name
    folder = devbox.project / ".devcontainer"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manager = KernelManager(kernel_name=name)
    with devbox.running(manager, cwd=str(devbox.project)) as kernel:
        assert kernel.run(NODES).text == "/dev/nvidia0 /dev/nvidia1\n"
        for gpus, seen in (("1", "/dev/nvidia1"), ("0,1", "/dev/nvidia0 /dev/nvidia1")):
            limit_kernel(context, name, {"gpus": gpus, "memory": "1g"})
            kernel.km.restart_kernel(now=True)
            kernel.kc.wait_for_ready(timeout=60)
            assert kernel.run(NODES).text == f"{seen}\n"
        box = devbox.engine.container(kernel.container)
        assert (box.image, box.limits.memory) == (devbox.image, 2**30)
    changed = {path for path, was in before.items() if path.read_bytes() != was}
    assert changed == {folder / "devcontainer.json", folder / "cuda" / "devcontainer.json"}
    with pytest.raises(ConfigurationError):
        limit_kernel(context, name, {"gpus": "7;"})


def test_a_box_of_other_cards_stops_with_its_last_kernel(devbox):
    config = {"name": "beside", "target": "cuda"}
    with devbox.kernel(**config, gpus=["0"]) as stays, devbox.kernel(**config, gpus=["0"]) as moves:
        old = moves.container
        assert stays.container == old
        devbox.kernelspec(**config, gpus=["1"])
        moves.km.restart_kernel(now=True)
        moves.kc.wait_for_ready(timeout=60)
        assert (moves.container != old, moves.run(NODES).text) == (True, "/dev/nvidia1\n")
        assert stays.run(NODES).text == "/dev/nvidia0\n"
        stays.km.shutdown_kernel(now=True)
        for _ in range(300):
            if devbox.engine.container(old).status != "running":
                break
            time.sleep(0.1)
        assert devbox.engine.container(old).status != "running"
        assert devbox.engine.container(moves.container).status == "running"


def test_an_engine_is_asked_through_a_container(devbox):
    host = probe_gpus(devbox.engine, devbox.image)
    assert (host.driver, host.origin) == (DRIVER, IN_CONTAINER)
    assert [card.compute_capability for card in host.gpus] == ["8.6", "8.6"]
    assert devbox.engine.containers({}) == ()


@pytest.mark.parametrize("isolation", ["box", "kernel"])
def test_a_refused_start_leaves_nothing_and_says_why(devbox, cards, isolation):
    by_runtime = devbox.engine.gpu_support().way == "runtime"
    gpus = [] if by_runtime else ["7"]
    manager = devbox.manager(name="refused", target="cuda", gpus=gpus, isolation=isolation)
    with (
        cards.failing("nvidia-container-cli: initialization error: nvml error: driver not loaded"),
        pytest.raises(GpuUnavailableError) as caught,
    ):
        manager.start_kernel(cwd=str(devbox.project))
    manager.cleanup_resources()
    said = "driver is not loaded" if by_runtime else "no such GPU"
    assert said in caught.value.message
    assert "Next: " in str(caught.value)
    assert devbox.engine.containers({}) == ()


@pytest.mark.parametrize("cards", ["runtime"], indirect=True)  # only a hook fails and works again
def test_a_box_stays_when_the_card_is_gone_and_starts_when_it_is_back(devbox, cards):
    with devbox.kernel(name="cuda", target="cuda", gpus=[]) as kernel:
        kernel.run("open('/opt/venv/installed', 'w').close()")
        box = kernel.container
    devbox.engine.stop(box, 0)
    manager = devbox.manager(name="cuda", target="cuda", gpus=[])
    with cards.failing("nvidia-container-cli: mount error"), pytest.raises(GpuUnavailableError):
        manager.start_kernel(cwd=str(devbox.project))
    manager.cleanup_resources()
    with devbox.kernel(name="cuda", target="cuda", gpus=[]) as kernel:
        assert kernel.container == box
        assert kernel.run("print(open('/opt/venv/installed').read())").text == "\n"
