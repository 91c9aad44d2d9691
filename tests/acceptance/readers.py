"""Other programs that read what we write: each has to understand it, and to find nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from binder_service import beside_python
from machine import ROOT

CONFIG = ROOT / "tests" / "render" / "hadolint.yaml"
SCHEMA = ROOT / "jupyter_devbox" / "spec" / "schemas" / "devcontainer.json"


def read_by_others(projects: Sequence[Path], reference: str) -> None:
    """Let linter, schema checker and both dev container clients read the files of projects.

    Parameters
    ----------
    reference
        The reference client; the second implementation is a package of the test environment.
    """
    found = [sorted(p.glob(".devcontainer/**/devcontainer.json")) for p in projects]
    configurations = [path for paths in found for path in paths]
    recipes = [path for p in projects for path in p.glob(".devcontainer/Dockerfile")]
    assert all(found)
    assert len(recipes) == len(projects)
    _silent(beside_python("hadolint"), "--no-color", "--config", CONFIG, *recipes)
    checker = beside_python("check-jsonschema")
    words = ("--quiet", "--force-filetype", "json5", "--schemafile", SCHEMA)
    assert _silent(checker, *words, *configurations) == ""
    clients = (reference, beside_python("devcontainer"))
    for project, paths in zip(projects, found, strict=True):
        for path in paths:
            first, second = (_configuration(client, project, path) for client in clients)
            assert first == second


def _silent(*words: str | Path) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _configuration(client: str, project: Path, path: Path) -> dict[str, object]:
    """Return what a client makes of the keys that decide a box."""
    words = (client, "read-configuration", "--workspace-folder", project, "--config", path)
    found = json.loads(_silent(*words))["configuration"]
    return {key: found[key] for key in ("name", "build", "remoteUser", "init")}
