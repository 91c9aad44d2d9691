"""The command line as a user runs it: another process, a home of its own, no engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest


@dataclass(frozen=True)
class Said:
    """What a call said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def forker() -> Iterator[subprocess.Popen[str]]:
    program = Path(__file__).with_name("forker.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.communicate()


@pytest.fixture
def devbox(tmp_path: Path, project: Path, forker: subprocess.Popen[str]) -> Callable[..., Said]:
    """Run ``jupyter-devbox`` in the project; with `env`, from the very start of Python."""
    home = tmp_path / "home"
    home.mkdir()
    usual = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        "HOME": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "DOCKER_HOST": f"unix://{home}/no-engine.sock",
    }

    def call(*words: str, env: dict[str, str] | None = None, cwd: Path = project) -> Said:
        if env is not None:
            command = [sys.executable, "-W", "error", "-m", "jupyter_devbox", *words]
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, cwd=cwd,
                env={**usual, **env}, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            said = Said(done.returncode, done.stdout, done.stderr)
        else:
            out, err = tmp_path / "out", tmp_path / "err"
            request = {
                "argv": words,
                "env": usual,
                "cwd": str(cwd),
                "out": str(out),
                "err": str(err),
            }
            assert forker.stdin is not None
            assert forker.stdout is not None
            print(json.dumps(request), file=forker.stdin, flush=True)
            said = Said(int(forker.stdout.readline()), out.read_text(), err.read_text())
            out.unlink()
            err.unlink()
        assert "Traceback" not in said.err, said.err
        return said

    return call


@pytest.fixture
def notebook(project: Path) -> Path:
    """A notebook that imports a package, a module of its own, and something unknown."""
    cells = ["import json\nimport nbformat.v4", "import helpers, lab_utils_of_nobody", "1 +"]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    path = project / "train it's.ipynb"
    path.write_text(nbformat.writes(document))
    (project / "helpers.py").write_text("import json\n")
    return path
