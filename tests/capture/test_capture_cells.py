"""Cells as people write them: magics, shell lines, broken code."""

from __future__ import annotations

import pytest

from tests.capture.conftest import names


def warnings(snapshot):
    return [(w.code, w.cell) for w in snapshot.warnings]


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy",
        "%matplotlib inline\nimport numpy as np",
        "%%time\nimport numpy",
        "%%capture out --no-stderr\nimport numpy",
        "%%timeit -n 3 import numpy\npass",
        "%timeit -n 10 -r2 import numpy",
        "%time import numpy",
        "# a comment\n\n%%time\nimport numpy",
        "%%python3\nimport numpy",
        "%%script python\nimport numpy",
        "%%some_unknown_magic arg\nimport numpy",
        "files = !ls\nimport numpy",
        "x = %env HOME\nimport numpy",
        "numpy?\nimport numpy",
        "import numpy\nnumpy.array??",
        "?numpy\nimport numpy",
        "!ls \\\n  -la\nimport numpy",
        "text = '''\n!pip install nothing\n'''\n%pwd\nimport numpy",
        "if True:\n    !ls\n    import numpy",
        "import numpy;",
        "import numpy\r\nx = 1\r\n",
        "def f():\n    from numpy import linalg",
        "class A:\n    import numpy",
        "try:\n    import numpy\nexcept ImportError:\n    pass",
        "with open('x') as f:\n    import numpy",
        "match 1:\n    case 1:\n        import numpy",
        "import importlib\nm = importlib.import_module('numpy.linalg')",
        "__import__('numpy')",
        "get_ipython().run_line_magic('load_ext', 'numpy')",
        "for i in range(3): import numpy",
        "async def f():\n    import numpy",
        "pattern = '\\d+'\nimport numpy",
    ],
)
def test_an_import_is_found_in(capture, cell):
    snapshot = capture(cell)
    assert names(snapshot) == {"numpy"}
    assert warnings(snapshot) == []


@pytest.mark.parametrize(
    "cell",
    [
        "%%html\n<script>import numpy</script>",
        "%%javascript\nimport numpy from 'numpy'",
        "%%js\nimport numpy",
        "%%latex\nimport numpy",
        "%%markdown\nimport numpy",
        "%%bash\npython -c 'import numpy'",
        "%%writefile train.py\nimport numpy",
        "%%R\nimport numpy",
        "%%sql\nimport numpy",
        "%%perl\nimport numpy",
        "%%script perl\nimport numpy",
        "# import numpy",
        "'import numpy'",
        "text = '''\nimport numpy\n'''",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy",
        "!echo import numpy",
    ],
)
def test_no_import_is_found_in(capture, cell):
    snapshot = capture(cell)
    assert names(snapshot) == set()
    assert warnings(snapshot) == []


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("import numpy\nprint 'Python 2'", {"numpy"}),
        ("import numpy as np, pandas\nx = = 1", {"numpy", "pandas"}),
        ("from sklearn.svm import (\n  SVC,\n  SVR)\nx = (", {"scikit-learn"}),
        (">>> import numpy\n>>> ...(", {"numpy"}),
        ("text = '''\nimport numpy\n'''\nx = (", set()),
        ("!pip install seaborn\nimport numpy\nx = = 1", {"numpy"}),
    ],
)
def test_a_broken_cell_costs_that_cell_only(capture, cell, found):
    snapshot = capture("import scipy", cell, "import networkx")
    assert names(snapshot) == found | {"scipy", "networkx"}
    assert ("broken-cell", 2) in warnings(snapshot) or cell.startswith(">>>")


def test_a_broken_cell_still_tells_its_installs(capture):
    assert names(capture("!pip install seaborn\nx = = 1"), "install") == {"seaborn"}


def test_cells_are_named(capture):
    snapshot = capture("import numpy", "x = 1", "from numpy import linalg\n!pip install numpy")
    assert snapshot.requirements[0].cells == (1, 3)


def test_dotted_names_are_kept(capture):
    snapshot = capture("from sklearn.svm import SVC\nimport sklearn.metrics as m")
    assert snapshot.requirements[0].imports == ("sklearn.metrics", "sklearn.svm")


@pytest.mark.parametrize(
    ("cell", "dist"),
    [
        ("from google.cloud import storage", "google-cloud-storage"),
        ("from google.cloud.storage import Client", "google-cloud-storage"),
        ("import google.cloud.bigquery as bq", "google-cloud-bigquery"),
        ("from google.cloud import bigquery_storage_v1", "google-cloud-bigquery-storage"),
        ("from google.cloud.aiplatform_v1beta1 import types", "google-cloud-aiplatform"),
        ("import vertexai", "google-cloud-aiplatform"),
        ("from vertexai.preview import rag", "google-cloud-aiplatform"),
        ("from google.protobuf import json_format", "protobuf"),
        ("from google.oauth2 import service_account", "google-auth"),
        ("import google.auth", "google-auth"),
        ("from google.api import httpbody_pb2", "googleapis-common-protos"),
        ("from google.api_core import exceptions", "google-api-core"),
        ("from google import genai", "google-genai"),
        ("import google.generativeai as genai", "google-generativeai"),
        ("from mpl_toolkits.mplot3d import Axes3D", "matplotlib"),
        ("from mpl_toolkits.basemap import Basemap", "basemap"),
        ("from ruamel.yaml import YAML", "ruamel-yaml"),
        ("import azure.storage.blob", "azure-storage-blob"),
    ],
)
def test_longest_dotted_prefix_wins(capture, cell, dist):
    assert names(capture(cell)) == {dist}


def test_colab_is_left_out_with_a_word(capture):
    snapshot = capture("from google.colab import drive\nimport google.colab.files")
    assert snapshot.requirements == ()
    assert snapshot.unresolved == ()
    assert warnings(snapshot) == [("colab", 1)]


def test_what_nobody_knows_is_unresolved_never_guessed(capture):
    snapshot = capture(
        "import syngen\nfrom hgraph import x", "import utils.plot", "from google.cloud import nope"
    )
    assert snapshot.requirements == ()
    assert [(u.name, u.cells) for u in snapshot.unresolved] == [
        ("google.cloud.nope", (3,)),
        ("hgraph", (1,)),
        ("syngen", (1,)),
        ("utils", (2,)),
    ]


def test_an_optional_import_is_a_warning_only(capture):
    snapshot = capture("try:\n    import hgraph\nexcept ModuleNotFoundError:\n    hgraph = None")
    assert snapshot.unresolved == ()
    assert warnings(snapshot) == [("optional-import", 1)]


def test_an_import_that_is_optional_once_and_needed_once_is_needed(capture):
    snapshot = capture("try:\n    import hgraph\nexcept ImportError: pass", "import hgraph")
    assert [u.name for u in snapshot.unresolved] == ["hgraph"]


def test_standard_library_of_any_python_is_nobodys(capture):
    snapshot = capture("import os, json, distutils.util, imp, asyncore, tomllib, __future__")
    assert snapshot.requirements == snapshot.unresolved == ()


def test_our_own_cells_are_nobodys(capture):
    snapshot = capture("%load_ext jupyter_devbox", "%containerize", "import jupyter_devbox")
    assert snapshot.requirements == snapshot.unresolved == snapshot.warnings == ()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tensorboard", {"tensorboard"}),
        ("autoreload", set()),
        ("rpy2.ipython", {"rpy2"}),
        ("google.cloud.bigquery", {"google-cloud-bigquery"}),
        ("memory_profiler", {"memory-profiler"}),
        ("dotenv", {"python-dotenv"}),
    ],
)
def test_load_ext(capture, name, found):
    snapshot = capture(f"%load_ext {name}", f"%reload_ext {name}")
    assert names(snapshot) == found
    assert snapshot.unresolved == ()
