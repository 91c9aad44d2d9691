"""Optional engines: found by their uses, not by being installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_devbox.capture import capture_live, capture_notebook
from tests.capture.conftest import names, write_notebook
from tests.capture.engines_stacks import Score, as_groups
from tests.capture.stacks import STACKS

TRUTH = Path(__file__).parent / "data" / "engine_truth.json"


def engines(snapshot):
    return names(snapshot, "engine")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["import pandas as pd\npd.read_csv('x.csv')"], set()),
        (["import pandas as pd\npd.read_excel('x.xlsx')"], {"openpyxl"}),
        (["from pandas import read_excel\nread_excel('x.xls')"], {"xlrd"}),
        (["import pandas as pd", "df.to_excel(f'{name}.xlsx')"], {"openpyxl"}),
        (["import pandas, openpyxl\ndf.to_excel('x.xlsx')"], set()),
        (["!pip install xlsxwriter", "import pandas\ndf.to_excel('x.xlsx')"], set()),
        (["df.to_excel('x.xlsx')"], set()),
        (["import polars as pl\npl.read_excel('x.xlsx')"], {"fastexcel"}),
        (["import pandas as pd\npd.read_csv('s3://b/x.csv')"], {"s3fs"}),
        (["import pandas as pd\npath = 'gs://b/x.csv'\npd.read_csv(path)"], {"gcsfs"}),
        (["# s3://x\nimport pandas"], set()),
        (["%matplotlib inline\nimport osmnx"], {"matplotlib"}),
        (["%matplotlib widget\nimport matplotlib"], {"ipympl"}),
        (["from tqdm.notebook import tqdm"], {"ipywidgets"}),
        (["from tqdm import tqdm"], set()),
        (["import matplotlib.pyplot as plt\nplt.plot([1])"], set()),
        (["import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras"], {"jax"}),
        (["import keras\nimport torch"], set()),
        (["import xarray as xr\nxr.open_dataset('a.nc', engine='h5netcdf')"], {"h5netcdf"}),
        (["!tensorboard --logdir x"], {"tensorboard"}),
    ],
)
def test_static(capture, cells, found):
    assert engines(capture(*cells)) == found


def test_in_a_local_module(tmp_path):
    (tmp_path / "helpers.py").write_text(
        "import pandas as pd\ndef f():\n    pd.read_excel('x.xlsx')"
    )
    path = write_notebook(tmp_path / "n.ipynb", ["x = 1", "import helpers"])
    [engine] = [
        r for r in capture_notebook(path, project=tmp_path).requirements if r.reason == "engine"
    ]
    assert (engine.name, engine.cells) == ("openpyxl", (2,))


def test_packages_come_with_some_uses(capture):
    snapshot = capture("import matplotlib.animation\nanim.save('x.mp4')", "import graphviz")
    assert {a.name for a in snapshot.apt} == {"ffmpeg", "graphviz"}


@pytest.fixture
def pandas(site, tmp_path, monkeypatch):
    """An environment with a pandas, its optional engines, and one that pandas depends on."""
    monkeypatch.chdir(tmp_path)
    site.add(
        "pandas", "2.2.0", {"pandas/__init__.py": ""}, requires=["tabulate>=0.9", "x; extra == 'y'"]
    )
    site.add("tabulate", "0.9.0", {"tabulate.py": ""})
    site.add("openpyxl", "3.1.0", {"openpyxl/__init__.py": ""})
    site.add("pyarrow", "17.0.0", {"pyarrow/__init__.py": ""})
    site.add("numexpr", "2.10.0", {"numexpr/__init__.py": ""})
    return site


def live(tmp_path, *cells, history=(), loaded=False):
    numbered = list(enumerate(cells, start=1))
    return capture_live(
        cells=numbered, history=history, notebook=None, project=tmp_path, loaded=loaded
    )


def test_with_an_environment_engines_must_be_installed(pandas, tmp_path):
    cell = "import pandas as pd\npd.read_excel('x.xlsx'); df.to_hdf('x.h5'); df.to_parquet('x')"
    found = {r.name: r.version for r in live(tmp_path, cell).requirements if r.reason == "engine"}
    assert found == {"openpyxl": "3.1.0", "pyarrow": "17.0.0"}


def test_a_dependency_is_no_engine(pandas, tmp_path):
    assert engines(live(tmp_path, "import pandas\ndf.to_markdown()")) == set()


def test_being_installed_or_loaded_is_no_reason(pandas, tmp_path):
    assert engines(live(tmp_path, "import pandas as pd\npd.read_csv('x.csv')")) == set()


def test_an_executed_call_must_have_loaded_its_engine(pandas, tmp_path):
    cell = "import pandas as pd\npd.read_excel('x.xlsx')"
    assert engines(live(tmp_path, cell, history=[cell], loaded=True)) == set()
    assert engines(live(tmp_path, cell, history=["1"], loaded=True)) == {"openpyxl"}


def test_a_loaded_engine_proves_a_call_that_the_code_hides(pandas, tmp_path, monkeypatch):
    import importlib
    import sys

    importlib.import_module("openpyxl")
    try:
        cell = "import pandas\ngetattr(pandas, 'read_' + 'excel')('x')"
        assert engines(live(tmp_path, cell, history=[cell], loaded=True)) == {"openpyxl"}
    finally:
        del sys.modules["openpyxl"]


@pytest.mark.skipif(not TRUTH.exists(), reason="no recorded truth: run engines_stacks.py")
def test_rules_against_the_recorded_truth(tmp_path):
    """What running the snippets in clean environments showed (engines_stacks.py), static mode."""
    score = Score()
    for name, stack in json.loads(TRUTH.read_text()).items():
        for number, row in enumerate(stack["rows"], start=1):
            path = write_notebook(tmp_path / "n.ipynb", [row["source"]])
            found = engines(capture_notebook(path, project=tmp_path))
            there = set(stack["base"])
            score.add(f"{name} {number}", as_groups(found, STACKS[name], there), set(row["needs"]))
    assert score.precision >= 0.95, score.extra
    assert score.recall >= 0.95, score.missed


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", ["networkx", "seaborn"])
def test_rules_against_clean_environments(name, tmp_path):
    """Run two stacks anew; `python -m tests.capture.engines_stacks` runs all."""
    from tests.capture.engines_stacks import measure

    by_static, by_live = Score(), Score()
    for label, row, found_static, found_live in measure(name, tmp_path):
        by_static.add(label, found_static, set(row["needs"]))
        by_live.add(label, found_live, set(row["needs"]))
    for score in (by_static, by_live):
        assert score.precision >= 0.9, score.extra
        assert score.recall >= 0.9, score.missed
