"""A container gets kernels of the names that its notebooks remember."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from jupyter_devbox.run.notebook_kernels import install

OURS = "devbox-digits-3fa2c1-cpu"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "my project"
    folder.mkdir()
    return folder


def listed(project, *names):
    """Write a devcontainer.json, as people change it, that lists these notebooks."""
    ours = {"customizations": {"jupyter_devbox": {"notebooks": list(names)}}}
    folder = project / ".devcontainer"
    folder.mkdir(exist_ok=True)
    text = "\ufeff// Mine.\n" + json.dumps(ours)
    (folder / "devcontainer.json").write_text(text, encoding="utf-8")


def notebook(project, kernelspec, name="n.ipynb"):
    document = {"cells": [], "metadata": {"kernelspec": kernelspec}, "nbformat": 4}
    (project / name).write_text(json.dumps(document), encoding="utf-8")


def test_a_kernel_of_that_name_is_there_and_starts(project, tmp_path):
    notebook(project, {"name": OURS, "display_name": "digits · CPU", "language": "python"})
    notebook(project, {"name": "My-Env", "display_name": "mine"}, "second.ipynb")
    notebook(project, {"name": OURS}, "not listed.ipynb")
    listed(project, "n.ipynb", "second.ipynb", "gone.ipynb")
    kernels = tmp_path / "kernels"
    assert install(project, kernels) == (OURS, "my-env")
    found = KernelSpecManager(kernel_dirs=[str(kernels)], ensure_native_kernel=False)
    assert sorted(found.find_kernel_specs()) == [OURS, "my-env"]
    assert found.get_kernel_spec("My-Env").display_name == "mine"
    spec = found.get_kernel_spec(OURS)
    assert (spec.display_name, spec.language) == ("digits · CPU", "python")
    manager = KernelManager(kernel_name=OURS, kernel_spec_manager=found)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=20)
        assert manager.provisioner.process.args[0] == sys.executable
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_what_is_there_stays_and_a_second_time_changes_nothing(project, tmp_path):
    notebook(project, {"name": "Python3"})
    notebook(project, {"name": OURS}, "b.ipynb")
    listed(project, "n.ipynb", "b.ipynb")
    kernels = tmp_path / "kernels"
    (kernels / "python3").mkdir(parents=True)
    assert install(project, kernels) == (OURS,)
    before = (kernels / OURS / "kernel.json").stat()
    assert install(project, kernels) == ()
    assert (kernels / OURS / "kernel.json").stat() == before
    assert list((kernels / "python3").iterdir()) == []


@pytest.mark.parametrize(
    "kernelspec",
    [
        None, [], "x", {}, {"name": None}, {"name": ["x"]}, {"name": ""}, {"name": ".."},
        {"name": "../x"}, {"name": "/x"}, {"name": "a/b"}, {"name": "a\nb"}, {"name": "a" * 200},
        {"name": ".hidden"}, {"name": "ir", "language": "R"}, {"name": "x", "language": None},
    ],
)  # fmt: skip
def test_names_that_are_none_and_other_languages(project, tmp_path, kernelspec):
    notebook(project, kernelspec)
    listed(project, "n.ipynb")
    assert install(project, tmp_path / "kernels") == ()
    assert not (tmp_path / "kernels").exists()


keys = st.sampled_from(["metadata", "kernelspec", "name", "display_name", "language"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(values, st.binary(max_size=20))
def test_no_notebook_breaks_it_or_leads_elsewhere(tmp_path_factory, document, tail):
    place = tmp_path_factory.mktemp("kernels")
    (place / "n.ipynb").write_bytes(json.dumps(document).encode())
    (place / "broken.ipynb").write_bytes(b'{"metadata": ' + tail)
    listed(place, "n.ipynb", "broken.ipynb", "\0", "a" * 300)
    made = install(place, place / "kernels")
    folders = {path.parent for path in place.rglob("kernel.json")}
    assert folders == {place / "kernels" / name for name in made}


ROOT = str(Path(__file__).resolve().parents[2])


def program(project):
    """Run it as a client does, from this checkout; returns code and what it said."""
    module = "jupyter_devbox.run.notebook_kernels"
    code = (
        f"import runpy, sys; sys.path.insert(0, {ROOT!r}); "
        f"runpy.run_module({module!r}, None, '__main__')"
    )
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("text", [None, "{", '{"a": "\\x"', "[]", "{}", b"\xff\xfe"])
def test_it_never_fails_and_says_what_it_could_not_do(project, text):
    if text is not None:
        (project / ".devcontainer").mkdir()
        content = text if isinstance(text, bytes) else text.encode()
        (project / ".devcontainer" / "devcontainer.json").write_bytes(content)
    (project / "json.py").write_text("raise SystemExit('a module of the project')")
    code, said = program(project)
    assert code == 0
    assert (said == "") == (text == "{}"), said
    assert "Traceback" not in said
    assert "a module of the project" not in said


def test_a_folder_that_cannot_be_written(project, tmp_path):
    notebook(project, {"name": OURS})
    listed(project, "n.ipynb")
    (tmp_path / "kernels").write_text(
        "a file, where the folder should be: root may write everywhere"
    )
    with pytest.raises(OSError, match="kernels"):
        install(project, tmp_path / "kernels")


def test_it_needs_nothing_but_python(project):
    """An image has IPython and our own files, and neither packaging nor docker for sure."""
    code = (
        "import sys, jupyter_devbox.run.notebook_kernels as m; "
        "print(sorted({n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {ROOT!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['__main__', 'jupyter_devbox']"


def test_in_a_group_s_container_only_its_own_notebooks_are_at_home(project, tmp_path):
    for name in ("train", "plots", "new"):
        notebook(project, {"name": f"k-{name}"}, f"{name}.ipynb")
    groups = {"train": ["train.ipynb"], "plots": ["plots.ipynb"]}
    listed(project, "train.ipynb", "plots.ipynb", "new.ipynb")
    path = project / ".devcontainer" / "devcontainer.json"
    text = path.read_text(encoding="utf-8-sig").replace(
        '{"notebooks"', f'{{"groups": {json.dumps(groups)}, "notebooks"'
    )
    path.write_text(text)
    for lock in ("requirements.plots", "requirements.plots-cuda"):
        assert install(project, tmp_path / lock, lock) == ("k-plots",)
    assert len(install(project, tmp_path / "other", "requirements.gone")) == 3
