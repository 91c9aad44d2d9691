"""Packages that no index has, from files: in the box as on the host, compilers left behind."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.lock.wheel_archive import pure_wheel

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]
C = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "jdb_compiled", "", -1, methods};
PyMODINIT_FUNC PyInit_jdb_compiled(void) { return PyModule_Create(&module); }
"""
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "jdb-compiled"
version = "1.0"
[tool.setuptools]
ext-modules = [{ name = "jdb_compiled", sources = ["compiled.c"] }]
"""
ABOUT = "Metadata-Version: 2.2\nName: jdb-compiled\nVersion: 1.0\n"
LOOK = """
import shutil, jdb_given, jdb_inner, jdb_compiled
print(jdb_given.answer, jdb_inner.answer, jdb_compiled.answer(), shutil.which("gcc"))
"""


def archive(path: Path) -> None:
    with tarfile.open(path, "w:gz") as tar:
        files = {"PKG-INFO": ABOUT, "pyproject.toml": PROJECT, "compiled.c": C}
        for name, text in files.items():
            entry = tarfile.TarInfo(f"jdb_compiled-1.0/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


def test_wheels_and_a_source_archive(machine: Machine, engine: Engine, tmp_path: Path):
    links = tmp_path / "links"
    links.mkdir()
    tmp_path.chmod(0o755)
    given = pure_wheel("jdb-given", "1.0", {"jdb_given.py": b"answer = 6\n"}, ("jdb-inner",))
    inner = pure_wheel("jdb-inner", "2.0", {"jdb_inner.py": b"answer = 7\n"})
    (tmp_path / given.filename).write_bytes(given.content)
    (links / inner.filename).write_bytes(inner.content)
    archive(links / "jdb_compiled-1.0.tar.gz")
    project = machine.project("given")
    write_notebook(project / "n.ipynb", LOOK)

    words = ("--wheel", tmp_path / given.filename, "--find-links", links)
    provided = [f"--include={name}" for name in ("jdb-compiled", "jdb-inner")]
    done = machine.must("containerize", "n.ipynb", *words, *provided, cwd=project, seconds=600)
    assert "is ready" in done.out
    wheels = {path.name for path in (project / ".devcontainer" / "wheels").iterdir()}
    assert {given.filename, inner.filename, "jdb_compiled-1.0.tar.gz"} <= wheels
    machine.must("run", "n.ipynb", cwd=project)
    assert "6 7 42 None" in (project / "n.out.ipynb").read_text()

    # Later runs need neither the files nor the options.
    shutil.rmtree(links)
    (tmp_path / given.filename).unlink()
    again = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    assert again["files"] == []


def test_a_bad_wheel_changes_nothing(machine: Machine, tmp_path: Path):
    project = machine.project("bad")
    write_notebook(project / "n.ipynb", "1")
    bad = tmp_path / "demo-1.0-py3-none-any.whl"
    bad.write_text("no archive")
    done = machine.devbox("containerize", "n.ipynb", "--wheel", bad, "--json", cwd=project)
    assert (done.code, done.error["code"]) == (62, "wheel")
    other = pure_wheel("demo", "1.0", {"demo.py": b""})
    wrong = tmp_path / "demo-1.0-cp27-cp27m-win32.whl"
    wrong.write_bytes(other.content)
    done = machine.devbox("containerize", "n.ipynb", "--wheel", wrong, "--json", cwd=project)
    assert done.code == 30
    assert "does not fit" in done.error["message"]
    assert not (project / ".devcontainer").exists()
