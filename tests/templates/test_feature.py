"""The Feature on two images: a kernel really answers, started as each kind of client does it."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def bases(docker, base_image, tmp_path_factory):
    """Image names by kind."""
    folder = tmp_path_factory.mktemp("bases")
    shutil.copy2(HERE / "Feature.Dockerfile", folder / "Dockerfile")
    certificates = os.environ.get("SSL_CERT_FILE", "")
    text = Path(certificates).read_bytes() if certificates else b""
    (folder / "ca.crt").write_bytes(text)
    mark, made = uuid.uuid4().hex[:8], {}
    for kind in ("with-python", "without-python"):
        made[kind] = f"devbox-feature-{kind}-{mark}:test"
        docker("build", "--quiet", "--target", kind, "--tag", made[kind], folder)
    yield made
    docker("image", "rm", "--force", *made.values())


@pytest.fixture
def build(engine_client, docker, published, bases, tmp_path):
    """`devcontainer build` of a configuration with the Feature."""
    image = f"devbox-feature-{uuid.uuid4().hex[:8]}:test"

    def make(kind, **options):
        value = {"image": bases[kind], "features": {f"{published}/jupyter-devbox:0": options}}
        folder = tmp_path / ".devcontainer"
        folder.mkdir()
        (folder / "devcontainer.json").write_text(json.dumps(value), encoding="utf-8")
        words = ("build", "--workspace-folder", tmp_path, "--image-name", image)
        return image, engine_client(*words)

    yield make
    docker("image", "rm", "--force", image, check=False)


CLIENT = """
import sys
from ipykernel import __version__
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=60)
said = []
client.execute_interactive(
    "import os, sys; print(6 * 7, sys.prefix, os.getuid())", timeout=60,
    output_hook=lambda message: said.append(message["content"].get("text", "")),
)
client.stop_channels()
manager.shutdown_kernel(now=True)
print(__version__, "".join(said))
"""

LAUNCHED = """
import json, os, subprocess, time
from jupyter_client import BlockingKernelClient
where = "/tmp/launched"
os.mkdir(where)
connection = {"transport": "ipc", "ip": where + "/s", "key": "k", "signature_scheme": "hmac-sha256"}
for number, name in enumerate(("shell", "iopub", "stdin", "control", "hb"), 1):
    connection[name + "_port"] = number
with open(where + "/c.json", "w") as file:
    json.dump(connection, file)
command = ["python3", "/usr/local/share/jupyter-devbox/launcher.py", "kernel", "-"]
command += [where + "/log", "/tmp", where + "/c.json", "python3", "-m", "ipykernel_launcher"]
launcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
pid = int(launcher.stdout.readline().split()[1])
for _ in range(600):  # without a process to look at, a client takes one that is late for dead
    if len([name for name in os.listdir(where) if name.startswith("s-")]) == 5:
        break
    time.sleep(0.1)
client = BlockingKernelClient()
client.load_connection_info(connection)
client.start_channels()
client.wait_for_ready(timeout=60)
said = []
client.execute_interactive(
    "import os; print(6 * 7, os.getpid())", timeout=60,
    output_hook=lambda message: said.append(message["content"].get("text", "")),
)
client.stop_channels()
launcher.stdin.close()  # the client is gone: so is its kernel
last = launcher.stdout.readline()
launcher.wait(20)
print("".join(said).split() == ["42", str(pid)], last.split()[0], os.path.exists(f"/proc/{pid}"))
"""


DEFAULTS = ({}, "jupyter-devbox")
CHOSEN = ({"ipykernelVersion": "6.29.5", "kernelName": "python3"}, "python3")


@pytest.mark.parametrize(
    ("kind", "chosen"), [("with-python", CHOSEN), ("without-python", DEFAULTS)]
)
def test_a_kernel_answers_under_any_user(build, docker, kind, chosen):
    options, kernel = chosen
    image, done = build(kind, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "success"
    somebody = ("--user", "12345:12345", "--env", "HOME=/tmp")
    run = ("run", "--rm", "--network", "none", *somebody, image, "python3", "-c")
    version, *answer = docker(*run, CLIENT, kernel).split()
    assert answer == ["42", "/opt/jupyter-devbox", "12345"]
    assert version == options.get("ipykernelVersion", version)
    # The launcher that a host would use: its kernel ends with its stream.
    assert docker(*run, LAUNCHED).split() == ["True", "exit", "False"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ipykernelVersion": "seven"}, "ipykernelVersion is neither"),
        ({"kernelName": "../x"}, "kernelName must be of letters"),
    ],
)
def test_an_option_out_of_range_ends_the_build_and_is_named(build, options, says):
    _, done = build("with-python", **options)
    assert done.returncode == 1
    assert says in done.stdout + done.stderr
