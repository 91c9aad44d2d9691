"""What happens to kernels when their engine goes away: on a daemon of the test's own."""

from __future__ import annotations

import gc
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from private_engine import missing, private_engine

from jupyter_devbox.engine.docker_cli import find_docker_cli
from jupyter_devbox.errors import ImageMissingError
from jupyter_devbox.provisioner import shared
from jupyter_devbox.run.runtime_dir import BASE_VARIABLE
from jupyter_devbox.spec.container import ContainerSpec

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    # The SDK leaves a socket that it could not connect to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

SECONDS = 30


@pytest.fixture(scope="module")
def daemon(kernel_image, kernel_image_name, absent):
    if reason := missing():
        absent(f"no private engine: {reason}")
    with private_engine() as private:
        private.load(kernel_image_name)
        yield private


@pytest.fixture(scope="module")
def elsewhere(daemon, kernel_image, new_devbox, tmp_path_factory):
    """Kernelspecs, runtime folders and a ledger for kernels in that daemon."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-t-") as runtime,
        pytest.MonkeyPatch.context() as patch,
    ):
        engine = daemon.connect()
        root = tmp_path_factory.mktemp("elsewhere")
        mine = new_devbox(engine, kernel_image, root, Path(runtime))
        patch.setenv("JUPYTER_PATH", str(mine.specs.parent))
        patch.setenv("JUPYTER_DATA_DIR", str(root / "data"))
        patch.setenv(BASE_VARIABLE, runtime)
        patch.setenv("DOCKER_HOST", daemon.url)
        shared.connect.cache_clear()
        yield mine
        shared.connect.cache_clear()
        engine.close()
        gc.collect()  # what the SDK left, before other tests' warnings count again


@pytest.fixture
def three(elsewhere):
    """Two kernels that share the box, and one with a container of its own."""
    with (
        elsewhere.kernel() as first,
        elsewhere.kernel() as second,
        elsewhere.kernel(name="alone", isolation="kernel") as third,
    ):
        first.run("open('/opt/venv/installed', 'w').write('x')")
        yield first, second, third


def works_again(kernels):
    """Restart each kernel as Jupyter does, and run a cell: it says why it is new."""
    said = []
    for kernel in kernels:
        kernel.km.restart_kernel(now=True)
        kernel.kc.wait_for_ready(timeout=SECONDS)
        said.append(kernel.run("print(1)").text)
    return said


def containers(elsewhere):
    return {c.id: c.status for c in elsewhere.containers()}


def test_the_daemon_stops_and_starts_with_three_kernels_running(daemon, elsewhere, three):
    daemon.stop()
    for kernel in three:
        ended(kernel)
    box = three[0].container
    daemon.start()
    for text in works_again(three):
        assert "1\n" in text
        assert "This kernel is new, the variables are gone. Docker stopped" in text
    # The box is the same one, with what was installed; nothing else is left of the old kernels.
    assert {kernel.container for kernel in three[:2]} == {box}
    assert three[0].run("print(open('/opt/venv/installed').read())").text == "x\n"
    assert containers(elsewhere) == {box: "running", three[2].container: "running"}


def test_the_daemon_is_killed_with_three_kernels_running(daemon, elsewhere, three):
    """No kernel notices until it starts again."""
    daemon.kill()
    for kernel in three:
        assert kernel.run("print(1)").text == "1\n"
    box = three[0].container
    daemon.start()  # which ends what it finds running
    for kernel in three:
        assert kernel.process.wait(SECONDS) == -signal.SIGKILL
        assert kernel.provisioner.why().message == "Docker was restarted while the kernel ran"
    for text in works_again(three):
        assert "1\n" in text
    assert {kernel.container for kernel in three[:2]} == {box}


def ended(kernel):
    """Wait for a kernel's end, which must be laid to the engine."""
    assert kernel.process.wait(SECONDS) == -signal.SIGKILL
    assert not kernel.km.is_alive()
    why = kernel.provisioner.why()
    assert why.message.startswith("Docker stopped or was restarted while the kernel ran: ")
    assert why.hint.endswith("; then restart the kernel")


def test_a_start_while_the_daemon_is_away_says_so(daemon, elsewhere):
    daemon.stop()
    try:
        manager = elsewhere.manager()
        with pytest.raises(Exception, match="Docker isn't running") as caught:
            manager.start_kernel(cwd=str(elsewhere.project))
        assert "Next: " in str(caught.value)
        manager.cleanup_resources()
    finally:
        daemon.start()
    with elsewhere.kernel() as kernel:
        assert kernel.run("print(1)").text == "1\n"


def test_the_image_is_deleted_between_plan_and_start(daemon, elsewhere):
    """Said at once; nothing of that name is pulled from anywhere."""
    plain = elsewhere.engine.create(ContainerSpec(image=elsewhere.image, command=("true",)))
    commit = [find_docker_cli(), "--host", daemon.url, "commit", plain, "devbox-test-late:cpu"]
    image = subprocess.run(commit, check=True, capture_output=True, text=True).stdout.strip()
    elsewhere.engine.remove(plain)
    manager = elsewhere.manager(name="late", image=image)
    elsewhere.engine.remove_image(image)
    begun = time.monotonic()
    with pytest.raises(ImageMissingError, match="not on this machine any more") as caught:
        manager.start_kernel(cwd=str(elsewhere.project))
    assert time.monotonic() - begun < 5
    assert caught.value.hint.startswith("jupyter devbox build --project ")
    assert elsewhere.engine.image(image) is None
    manager.cleanup_resources()
