"""The main job: one magic on the host, and the notebook goes on in a container."""

from __future__ import annotations

import pytest
from machine import printed, tree_digest
from notebook_outputs import outputs

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def test_the_live_cell_says_what_there_is_and_what_to_do(quickstart, engine: Engine):
    _, project, document = quickstart
    cell = document.cells[-1]
    assert cell.source == "%containerize"
    assert {(o.output_type, o.name) for o in cell.outputs} == {("stream", "stdout")}
    text = printed(cell)
    assert "quickstart.ipynb uses 4 packages and Python 3." in text
    assert "scikit-learn" in text
    assert "digits · CPU is ready" in text
    assert 'choose the kernel "digits · CPU"' in text
    assert (project / ".devcontainer" / "devcontainer.json").is_file()


def test_the_box_gives_what_the_host_gave(quickstart, engine: Engine):
    machine, project, on_host = quickstart
    (kernel,) = machine.must("kernel", "list", "--json", cwd=project).json["kernels"]
    in_box = machine.execute(project / "quickstart.ipynb", kernel["name"], project / "box.ipynb")
    assert outputs(in_box) == outputs(on_host)
    assert sum(map(len, outputs(in_box))) >= 4
    # Our own magics stand in the notebook too: they load, say one line, and fail nothing.
    (line,) = printed(in_box.cells[-1]).splitlines()
    assert "already runs in its box" in line
    assert {path.lstat().st_uid for path in project.rglob("*")} == {machine.uid}


def test_again_writes_and_builds_nothing(quickstart, engine: Engine):
    machine, project, _ = quickstart
    before = tree_digest(project / ".devcontainer"), machine.ledger("image")
    done = machine.must("containerize", "quickstart.ipynb", cwd=project)
    assert done.out.strip() == "digits · CPU is up to date. Nothing was written or built."
    assert (tree_digest(project / ".devcontainer"), machine.ledger("image")) == before


def test_the_lock_is_proven(quickstart, engine: Engine):
    machine, project, _ = quickstart
    done = machine.must("verify", "--json", cwd=project).json
    assert done["ok"] is True
    assert done["target"] == "cpu"
    assert done["versions"] == {}
    assert [n["ok"] for n in done["notebooks"]] == [True]
