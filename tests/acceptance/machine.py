"""A user's machine for one test: a new HOME, a new Jupyter data folder, and the command line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300.0
TRACE = "Traceback (most recent call last)"
# What a developer's own shell may hold, and a test must not depend on.
_DROPPED = ("JUPYTER_", "IPYTHON", "UV_", "PIP_INDEX", "PIP_EXTRA", "JPY_", "DEVBOX_", "XDG_")
_KEPT = ("UV_CACHE_DIR", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; anything else there fails the test."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer

    @property
    def error(self) -> dict[str, Any]:
        """The error of `--json`."""
        return self.json["error"]

    def __str__(self) -> str:
        return f"{self.words} ended with {self.code}\n{self.out}\n{self.err}"


@dataclass
class Machine:
    """One user's machine.

    Parameters
    ----------
    root
        Holds HOME, Jupyter's data folder and the projects.
    python
        The interpreter that has jupyter_devbox.
    kernel
        The interpreter that notebooks name as ``python3``: the host's environment.
    prefix
        Put before every command, such as ``setpriv …``.
    adopts
        Whether the user gets, before each command, what the test wrote into the projects.
    """

    root: Path
    python: str
    kernel: str
    env: dict[str, str]
    prefix: tuple[str, ...] = ()
    uid: int = field(default_factory=os.getuid)
    adopts: bool = False

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def data(self) -> Path:
        return self.root / "jupyter"

    @property
    def ours(self) -> Path:
        return self.data / "devbox"

    def project(self, name: str, source: Path | None = None) -> Path:
        """Make a project's folder, with a copy of what `source` holds."""
        folder = self.root / "projects" / name
        folder.parent.mkdir(exist_ok=True)
        if source is None:
            folder.mkdir()
        else:
            beside = shutil.ignore_patterns("verify", "expect.json", "package", "__pycache__")
            shutil.copytree(source, folder, ignore=beside)
        self.own(folder.parent)
        return folder

    def own(self, *paths: Path) -> None:
        """Give files to the machine's user."""
        if self.uid == os.getuid():
            return
        for top in filter(Path.exists, paths):
            for path in (top, *top.rglob("*")):
                os.chown(path, self.uid, self.uid, follow_symlinks=False)

    def adopt(self) -> None:
        """Give the user what the test wrote into the projects, if that is wanted."""
        if self.adopts:
            self.own(self.root / "projects", self.home, self.data)

    def command(
        self,
        *argv: str | Path,
        cwd: Path,
        env: Mapping[str, str | None] | None = None,
        seconds: float = SECONDS,
    ) -> Done:
        """Run a program as the user."""
        words = tuple(str(word) for word in argv)
        self.adopt()
        done = subprocess.run(
            [*self.prefix, *words],
            cwd=cwd,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        return Done(words, done.returncode, done.stdout, done.stderr)

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Return the user's variables; a None removes one."""
        merged = {**self.env, **(changes or {})}
        return {name: value for name, value in merged.items() if value is not None}

    def devbox(
        self,
        *words: str | Path,
        cwd: Path,
        env: Mapping[str, str | None] | None = None,
        seconds: float = SECONDS,
    ) -> Done:
        """Run ``jupyter devbox …``; whatever happens, nobody sees a traceback."""
        done = self.command(
            self.python, "-m", "jupyter_devbox", *words, cwd=cwd, env=env, seconds=seconds
        )
        assert TRACE not in done.out + done.err, done
        return done

    def must(self, *words: str | Path, cwd: Path, **options: Any) -> Done:
        """Run ``jupyter devbox …``, which succeeds."""
        done = self.devbox(*words, cwd=cwd, **options)
        assert done.code == 0, done
        return done

    def start(self, *words: str | Path, cwd: Path) -> subprocess.Popen[str]:
        """Start ``jupyter devbox …`` in a process group of its own, to be interrupted."""
        self.adopt()
        return subprocess.Popen(
            [*self.prefix, self.python, "-m", "jupyter_devbox", *map(str, words)],
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def execute(self, notebook: Path, kernel: str, output: Path) -> Any:
        """Execute a notebook with `jupyter execute`, and return it with its outputs."""
        done = self.command(
            Path(self.python).with_name("jupyter-execute"),
            f"--kernel_name={kernel}",
            "--output",
            output.name,  # a template of str.format, beside the notebook
            notebook,
            cwd=notebook.parent,
        )
        assert done.code == 0, done
        return nbformat.read(output, as_version=4)

    def ledger(self, kind: str) -> set[str]:
        """Return the ids of what the user's ledger holds of a kind."""
        files = (self.ours / "ledger").glob(f"{kind}-*.json")
        return {json.loads(path.read_text(encoding="utf-8"))["id"] for path in files}

    def clean(self) -> Done:
        """Remove all that was made, as the user would."""
        words = ("prune", "--all", "--volumes", "--yes")
        return self.command(self.python, "-m", "jupyter_devbox", *words, cwd=self.root)


def new_machine(root: Path, kernel: str, runtime: Path, python: str = sys.executable) -> Machine:
    """Return a machine with the host's environment registered as the kernel ``python3``."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not name.startswith(_DROPPED)
    }
    machine = Machine(root=root, python=python, kernel=kernel, env=env)
    machine.home.mkdir()
    machine.env |= {
        "HOME": str(machine.home),
        "JUPYTER_DATA_DIR": str(machine.data),
        "JUPYTER_DEVBOX_RUNTIME_DIR": str(runtime),
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTER_PREFER_ENV_PATH": "0",  # the kernels of HOME before those beside this Python
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or _uv_cache(),
        "NO_COLOR": "1",
    }
    spec = machine.data / "kernels" / "python3"
    spec.mkdir(parents=True)
    document = {
        "argv": [kernel, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    (spec / "kernel.json").write_text(json.dumps(document), encoding="utf-8")
    return machine


def _uv_cache() -> str:
    from uv import find_uv_bin

    done = subprocess.run(
        [find_uv_bin(), "cache", "dir"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def tree_digest(*roots: Path) -> dict[str, str]:
    """Return path → kind, mode and content of all files, to see whether anything changed.

    Whose turn it was on a project is left out: the locks of ours stay, and say nothing.
    """
    found = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            if "turns" in path.relative_to(root).parts or path.name == "devbox":
                continue
            info = path.lstat()
            if path.is_symlink():
                content = str(path.readlink())
            elif path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                content = ""
            found[str(path)] = f"{info.st_mode:o} {info.st_uid} {content}"
    return found


def wait_for(condition: Any, seconds: float = 30.0) -> Any:
    """Wait until a condition gives something, and return that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> Done:
    """Press Ctrl-C, which reaches the whole foreground group; other signals reach one process."""
    send = os.killpg if number == signal.SIGINT else os.kill
    send(process.pid, number)
    out, err = process.communicate(timeout=30)
    return Done(tuple(map(str, process.args)), process.returncode, out, err)


def write_notebook(path: Path, *cells: str, **metadata: Any) -> Path:
    """Write a notebook of code cells, and return its path."""
    document = nbformat.v4.new_notebook(
        # Not random: of ten thousand of its ids two are the same once in a hundred times.
        cells=[nbformat.v4.new_code_cell(c, id=f"cell-{n}") for n, c in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}, **metadata},
    )
    path.write_text(nbformat.writes(document), encoding="utf-8")
    return path


def printed(cell: Any, name: str = "stdout") -> str:
    """Return what a cell printed."""
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == name)


def assert_shape(value: Any, shape: Any) -> None:
    """Compare JSON with a shape: types, lists of one shape, dicts that may have more keys.

    A tuple lists alternatives.
    """
    if isinstance(shape, tuple):
        errors = []
        for alternative in shape:
            try:
                return assert_shape(value, alternative)
            except AssertionError as error:
                errors.append(str(error))
        raise AssertionError(errors)
    if isinstance(shape, dict):
        assert isinstance(value, dict), value
        for key, inner in shape.items():
            assert key in value, f"{key} is missing in {sorted(value)}"
            assert_shape(value[key], inner)
    elif isinstance(shape, list):
        assert isinstance(value, list), value
        for item in value:
            assert_shape(item, shape[0])
    elif shape is None:
        assert value is None, value
    else:
        assert type(value) is shape, f"{value!r} is no {shape.__name__}"
    return None


def uv(*words: str | Path) -> None:
    from uv import find_uv_bin

    done = subprocess.run(
        [find_uv_bin(), *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid")
    return subprocess.run(
        ["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True
    ).stdout.strip()
