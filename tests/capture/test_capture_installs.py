"""Install lines: what they name, and what they only seem to."""

from __future__ import annotations

import json
import os

import pytest

from jupyter_devbox.capture import capture_notebook
from tests.capture.conftest import by_name, names, write_notebook


@pytest.mark.parametrize(
    "line",
    [
        "%pip install seaborn",
        "!pip install seaborn",
        "!pip3 install -q -U seaborn",
        "!pip3.11 install seaborn",
        "! pip --quiet install seaborn",
        "!python -m pip install seaborn",
        "!python3.11 -u -m pip install seaborn",
        "!/usr/bin/python3 -m pip install seaborn",
        "!{sys.executable} -m pip install seaborn",
        "!uv pip install --system seaborn",
        "!uv add seaborn",
        "%uv pip install seaborn",
        "!sudo -H pip install seaborn",
        "!PIP_NO_CACHE=1 pip install seaborn",
        "!pip install seaborn > /dev/null 2>&1",
        "!pip install seaborn &> /dev/null",
        "!pip install --upgrade-strategy eager --timeout 60 seaborn",
        "!cd /tmp && pip install seaborn",
        "!yes | pip install seaborn",
        "!bash -c 'pip install seaborn'",
        "pip install seaborn",
        "%%bash\npip install seaborn",
        "%%sh\nset -e\npip install \\\n  seaborn",
        "%%script bash\npip install seaborn",
        "%%capture\n!pip install seaborn",
        "%%!\npip install seaborn",
        "out = !pip install seaborn",
        "%sx pip install seaborn",
        "if True:\n    %pip install seaborn",
        "import os\nos.system('pip install seaborn')",
        (
            "import subprocess, sys\n"
            "subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'seaborn'])"
        ),
        "import subprocess\nsubprocess.run('pip install seaborn', shell=True)",
        "get_ipython().system('pip install seaborn')",
        "get_ipython().run_line_magic('pip', 'install seaborn')",
        "get_ipython().run_cell_magic('bash', '', 'pip install seaborn')",
        "import pip\npip.main(['install', 'seaborn'])",
        "%conda install -y -c conda-forge seaborn",
        "!mamba install seaborn=0.13 --yes",
        "!conda install conda-forge::seaborn",
    ],
)
def test_seaborn_is_installed_by(capture, line):
    assert names(capture(line), "install") == {"seaborn"}


@pytest.mark.parametrize(
    "line",
    [
        "!pip uninstall -y seaborn",
        "!pip show seaborn",
        "!pip list",
        "!pip download seaborn",
        "!echo pip install seaborn",
        "# !pip install seaborn",
        "text = '''\n!pip install seaborn\n'''",
        "%%bash\ncat <<EOF\npip install seaborn\nEOF",
        "!pip install",
        "!pip install -h",
        "!pip install -c seaborn --target seaborn --log seaborn",
        "print('pip install seaborn')",
        "%%writefile setup.sh\npip install seaborn",
    ],
)
def test_nothing_is_installed_by(capture, line):
    assert names(capture(line), "install") == set()


def test_extras_specifiers_and_normal_names(capture):
    snapshot = capture("!pip install 'Scikit_Learn[alldeps, x]>=1.2,<2' umap.learn==0.5.*")
    first, second = snapshot.requirements
    assert (first.name, first.extras, first.specifier) == (
        "scikit-learn",
        ("alldeps", "x"),
        "<2,>=1.2",
    )
    assert (second.name, second.specifier) == ("umap-learn", "==0.5.*")


def test_a_later_line_wins_and_extras_add_up(capture):
    snapshot = capture("!pip install dask[array]==1", "!pip install dask[dataframe]==2")
    assert snapshot.requirements[0].specifier == "==2"
    assert snapshot.requirements[0].extras == ("array", "dataframe")


def test_a_marker_that_does_not_hold_here(capture):
    assert names(capture("!pip install \"seaborn; python_version < '3'\""), "install") == set()


def test_imported_and_installed_is_one_requirement(capture):
    snapshot = capture("!pip install -q 'scikit-learn>=1'", "import sklearn")
    [requirement] = snapshot.requirements
    assert (requirement.reason, requirement.specifier, requirement.cells) == (
        "import",
        ">=1",
        (1, 2),
    )


@pytest.mark.parametrize(
    ("installed", "module", "dist"),
    [
        ("opencv-python-headless", "cv2", "opencv-python-headless"),
        ("cupy-cuda12x", "cupy", "cupy-cuda12x"),
        ("tf-nightly", "tensorflow", "tf-nightly"),
        ("python-igraph", "igraph", "python-igraph"),
        ("faiss-gpu", "faiss", "faiss-gpu"),
        ("something-new", "something_new", "something-new"),
        ("psycopg2", "psycopg2", "psycopg2"),
    ],
)
def test_the_installed_alternative_is_taken(capture, installed, module, dist):
    assert names(capture(f"!pip install {installed}", f"import {module}")) == {dist}


def test_indexes_without_their_credentials(capture):
    snapshot = capture(
        "!pip install a-pkg --index-url https://user:s3cret@index.example.org/simple",
        "!pip install b-pkg --extra-index-url=https://tok3n@extra.example.org/x?key=s3cret",
        "!pip install c-pkg -i https://$TOKEN@third.example.org/simple",
        "!pip install d-pkg -i $INDEX -f https://user:s3cret@pages.example.org/x.html",
    )
    assert snapshot.indexes == (
        "https://index.example.org/simple",
        "https://extra.example.org/x",
        "https://third.example.org/simple",
        "https://pages.example.org/x.html",
    )
    assert [r.index for r in snapshot.requirements] == [
        "https://index.example.org/simple",
        "https://extra.example.org/x",
        "https://third.example.org/simple",
        "",
    ]
    assert "s3cret" not in repr(snapshot)
    assert "tok3n" not in repr(snapshot)


@pytest.mark.parametrize(
    "line",
    [
        "!pip config set global.extra-index-url {}",
        "%pip config --user set install.find-links '{} $OTHER'",
        "!pip install -r places.txt",
        "!uv pip install x --index {}",
    ],
)
def test_indexes_of_settings_and_files(tmp_path, line):
    url = "https://index.example.org/whl/cu124"
    place = url.replace("//", "//user:s3cret@")
    (tmp_path / "places.txt").write_text(f"--extra-index-url={place}\n-f $X\ntorch\n")
    notebook = write_notebook(tmp_path / "n.ipynb", [line.format(place)])
    snapshot = capture_notebook(notebook, project=tmp_path)
    assert snapshot.indexes == (url,)
    assert "s3cret" not in repr(snapshot)


def test_other_settings_of_pip_name_no_index(capture):
    snapshot = capture("!pip config list", "!pip config set global.timeout https://a.example.org")
    assert snapshot.indexes == ()
    assert snapshot.requirements == ()


@pytest.mark.parametrize(
    ("token", "name", "source", "url"),
    [
        (
            "git+https://user:s3cret@git.example.org/org/tool.git@v1#egg=tool-kit",
            "tool-kit",
            "vcs",
            "git+https://git.example.org/org/tool.git@v1",
        ),
        (
            "'tool[x] @ git+https://git.example.org/org/repo@abc#subdirectory=py'",
            "tool",
            "vcs",
            "git+https://git.example.org/org/repo@abc#subdirectory=py",
        ),
        (
            "git+ssh://git@git.example.org/org/tool.git",
            "tool",
            "vcs",
            "git+ssh://git@git.example.org/org/tool.git",
        ),
        (
            "-e git+https://git.example.org/org/tool.git#egg=tool",
            "tool",
            "vcs",
            "git+https://git.example.org/org/tool.git",
        ),
        (
            "https://u:s3cret@files.example.org/My_Tool-1.2-py3-none-any.whl?sig=s3cret",
            "my-tool",
            "file",
            "https://files.example.org/My_Tool-1.2-py3-none-any.whl",
        ),
        (
            "https://files.example.org/tool-1.2.tar.gz#sha256=" + "a" * 64,
            "tool",
            "file",
            "https://files.example.org/tool-1.2.tar.gz#sha256=" + "a" * 64,
        ),
    ],
)
def test_urls(capture, token, name, source, url):
    snapshot = capture(f"!pip install {token}")
    [requirement] = snapshot.requirements
    assert (requirement.name, requirement.source, requirement.url) == (name, source, url)
    assert "s3cret" not in repr(snapshot)


@pytest.mark.parametrize(
    "token",
    [
        "git+https://user:p@ss/s3cret@git.example.org/org/tool.git",
        "https://user:s3cret@files.example.org/archive/main.zip",
        "https://u:s3cret@files.example.org/$NAME/x-1.0.tar.gz",
        "git+https://user:s3cret@[broken/x.git",
        "-r https://user:s3cret@files.example.org/requirements.txt",
    ],
)
def test_urls_that_tell_no_name_are_warned_about_without_secrets(capture, token):
    snapshot = capture(f"!pip install {token}")
    assert snapshot.requirements == ()
    assert len(snapshot.warnings) == 1
    assert "s3cret" not in repr(snapshot)


@pytest.mark.parametrize(
    ("url", "module", "dist"),
    [
        ("git+https://git.example.org/tensorflow/docs", "tensorflow_docs", "tensorflow-docs"),
        ("git+https://git.example.org/openai/whisper.git", "whisper", "openai-whisper"),
        ("git+https://git.example.org/someone/thing.git", "thing", "thing"),
    ],
)
def test_a_repository_is_named_by_its_import(capture, url, module, dist):
    [requirement] = capture(f"!pip install {url}", f"import {module}").requirements
    assert (requirement.name, requirement.reason, requirement.source) == (dist, "import", "vcs")
    assert requirement.url == url


def test_wheels_and_local_projects(tmp_path):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "my_tool-1.2-py3-none-any.whl").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1"\nname = "My.Project"\n')
    cells = ["!pip install dist/my_tool-1.2-py3-none-any.whl", "!pip install -e .[dev]"]
    snapshot = capture_notebook(write_notebook(tmp_path / "n.ipynb", cells), project=tmp_path)
    first, second = snapshot.requirements
    assert (first.name, first.source) == ("my-project", "editable")
    assert first.extras == ("dev",)
    assert (second.name, second.source) == ("my-tool", "file")
    assert second.url == (tmp_path / "dist" / "my_tool-1.2-py3-none-any.whl").as_uri()


@pytest.mark.parametrize(
    "path", ["/etc", "../../x", "~/x", "./missing", "missing-1-py3-none-any.whl"]
)
def test_paths_that_lead_nowhere_or_out(capture, path):
    snapshot = capture(f"!pip install {path}")
    assert snapshot.requirements == ()
    assert [w.code for w in snapshot.warnings] == ["install-path"]


def test_requirements_files(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "requirements.txt").write_text(
        "# comment\nattrs>=22 \\\n    --hash=sha256:abc\n-r more/other.txt\n"
        "--index-url https://x.example.org\nrich ; python_version < '3'\nclick[x]==8.1 # why\n"
        "${VAR}\n-e git+https://git.example.org/a/b.git#egg=bee\n"
    )
    (tmp_path / "more" / "other.txt").write_text("\ufefftabulate\n-r other.txt\n")
    cells = ["!pip install -q -r requirements.txt", "!pip install -r /etc/passwd -r none.txt"]
    snapshot = capture_notebook(write_notebook(tmp_path / "n.ipynb", cells), project=tmp_path)
    assert names(snapshot, "install") == {"attrs", "bee", "click", "tabulate"}
    assert by_name(snapshot)["click"].extras == ("x",)
    assert {w.code for w in snapshot.warnings} == {"requirements-file", "install-variable"}


def test_requirements_file_of_a_folder_that_the_notebook_enters(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "requirements.txt").write_text("seaborn\n")
    for cells in (
        ["!cd sub && pip install -r requirements.txt"],
        ["%cd sub", "!pip install -r requirements.txt"],
    ):
        snapshot = capture_notebook(write_notebook(tmp_path / "n.ipynb", cells), project=tmp_path)
        assert names(snapshot, "install") == {"seaborn"}


@pytest.mark.parametrize(
    "line",
    [
        "!pip install $PKG",
        "!pip install {package}",
        '!pip install "$(curl evil)"',
        "!pip install `id`",
        "!pip install 'a b'",
        "!pip install 'a;rm -rf /'",
        "!pip install a--",
        "!pip install 1.0",
        "!pip install 'name\\nRUN x'",
        "%pip install <<<x 'é'",
    ],
)
def test_what_is_no_name_is_a_warning(capture, line):
    snapshot = capture(line)
    assert snapshot.requirements == ()
    assert len(snapshot.warnings) >= 1
    assert all("\n" not in w.message for w in snapshot.warnings)


def test_a_name_before_a_variable_counts_without_its_version(capture):
    [requirement] = capture("!pip install 'seaborn=={version}'").requirements
    assert (requirement.name, requirement.specifier) == ("seaborn", "")


def test_placeholder_names_of_old(capture):
    snapshot = capture("!pip install sklearn skimage PIL", "import sklearn")
    assert {r.name for r in snapshot.requirements} == {"pillow", "scikit-image", "scikit-learn"}


def test_conda_names(capture):
    snapshot = capture("%conda install pytorch python=3.11 opencv bogus-thing -c conda-forge")
    assert names(snapshot, "install") == {"torch", "opencv-python"}
    assert [w.code for w in snapshot.warnings] == ["conda-package"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_for_a_requirements_file_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "r.txt")
    path = tmp_path / "n.ipynb"
    cells = [{"cell_type": "code", "source": "%pip install -r r.txt"}]
    path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
    (warning,) = capture_notebook(path, project=tmp_path).warnings
    assert warning.code == "requirements-file"
