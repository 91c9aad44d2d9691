"""Which notebook a kernel belongs to, and capture inside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_devbox import capture
from jupyter_devbox.capture import find_notebook


def test_the_notebook_is_found(tmp_path, monkeypatch):
    path = tmp_path / "my book.ipynb"
    path.write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert find_notebook({"JPY_SESSION_NAME": str(path)}, {}) == path
    assert find_notebook({"JPY_SESSION_NAME": "my book.ipynb"}, {}) == path
    assert find_notebook({}, {"__vsc_ipynb_file__": str(path)}) == path
    assert find_notebook({}, {"__vsc_ipynb_file__": path.as_uri()}) == path


@pytest.mark.parametrize(
    "name", ["", "console-1", "gone.ipynb", "a\0.ipynb", "x" * 9000 + ".ipynb"]
)
def test_nothing_tells(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert find_notebook({"JPY_SESSION_NAME": name}, {"__vsc_ipynb_file__": 3}) is None


def test_importing_the_package_is_quick_and_light():
    code = (
        "import sys; import jupyter_devbox.capture; "
        "print([m for m in ('packaging', 'IPython', 'json', 'ast') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "packaging" not in done.stdout
    assert "IPython" not in done.stdout


def test_a_plain_notebook_needs_no_ipython(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from jupyter_devbox.capture import capture_notebook\n"
        f"folder = Path({str(tmp_path)!r})\ncapture_notebook(folder / 'n.ipynb', project=folder)\n"
        "print('IPython' in sys.modules)"
    )
    from tests.capture.conftest import write_notebook

    write_notebook(
        tmp_path / "n.ipynb", ["%matplotlib inline\n!pip install x-y\nimport numpy", "a?"]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_public_names():
    assert set(capture.__all__) == {
        "capture_environment",
        "capture_live",
        "capture_notebook",
        "find_notebook",
    }
    with pytest.raises(AttributeError, match="nothing"):
        getattr(capture, "nothing")  # noqa: B009
