"""Our own wheel: what makes the notebook's magics run in the box."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from jupyter_devbox import __version__
from jupyter_devbox.lock.own_wheel import own_wheel
from jupyter_devbox.lock.wheel_archive import pure_wheel


def test_the_same_bytes_each_time():
    assert own_wheel() == own_wheel()


def test_nothing_in_it_depends_on_this_machine():
    """zlib's output differs between its builds, times and owners between check-outs."""
    with zipfile.ZipFile(io.BytesIO(own_wheel().content)) as archive:
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == 0o644
            assert entry.create_system == 3


def test_it_holds_python_and_data_and_starts_no_provisioner():
    with zipfile.ZipFile(io.BytesIO(own_wheel().content)) as archive:
        names = archive.namelist()
        metadata = archive.read(f"jupyter_devbox-{__version__}.dist-info/METADATA").decode()
    assert "jupyter_devbox/magics/__init__.py" in names
    assert "jupyter_devbox/spec/schemas/devcontainer.json" in names
    assert not [name for name in names if name.endswith("entry_points.txt")]
    assert not [name for name in names if "__pycache__" in name or "/etc/" in name]
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: ipython"
    ]


IN_THE_BOX = """
import sys
sys.path[:0] = [{site!r}]
BLOCKED = {{"docker", "traitlets_never", "jsonschema", "nbformat", "nbclient", "jupyter_client",
           "jupyter_core", "uv", "packaging", "ipywidgets"}}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"no {{name}} in the box")

sys.meta_path.insert(0, Refuse())
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
for line in ("%load_ext jupyter_devbox", "%containerize --whatever 'x", "%devbox status",
             "import jupyter_devbox; print(jupyter_devbox.__file__)"):
    shell.run_cell(line).raise_error()
"""


@pytest.mark.parametrize("number", [0, 1], ids=["pip", "uv"])
def test_it_installs_and_its_magics_need_ipython_alone(tmp_path, number):
    from jupyter_devbox.engine.uv import uv_program

    wheel = own_wheel()
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.content)
    site = tmp_path / "site"
    if number == 0:
        pytest.importorskip("pip")
    installer = [
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"],
        [uv_program(), "pip", "install", "--quiet", "--python", sys.executable],
    ][number]
    command = [*installer, "--no-deps", "--no-index", "--target", str(site), str(path)]
    subprocess.run(command, check=True)
    done = subprocess.run(
        [sys.executable, "-I", "-c", IN_THE_BOX.format(site=str(site))],
        capture_output=True, text=True, check=False, env={"JUPYTER_DEVBOX_BOX": "1"},
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.strip().splitlines()
    assert len(said) == 3
    assert "already runs in its box" in said[0]
    assert said[2].startswith(str(site))


def test_a_wheel_of_any_files_installs(tmp_path):
    pip = pytest.importorskip("pip")
    assert pip
    wheel = pure_wheel("odd-names", "1.0+abc", {'odd/a,b "c".py': b"x = 1\n", "odd/é.py": b""})
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.content)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(tmp_path / "site"), str(path)], check=True)
    assert (tmp_path / "site" / "odd" / 'a,b "c".py').is_file()
